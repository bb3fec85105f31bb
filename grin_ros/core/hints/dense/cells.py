# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Dense hints on the query grid: what all of them still differ from the answer is averaged in each cell.

The Gaussian process takes some hundred hints. Here all of them count: the mean of what they still differ from its
answer is one more measurement of their cell, and a weaker one of the cells around it. The noise of many hints so
averages out, and depth follows the sensor where it measures. How far the hints of a cell still miss it tells how far
the pixels of that cell differ, for example at the edge of a thing.
"""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np

from grin_ros.core.geometry.rays import grid_cells
from grin_ros.core.hints.covariance import Array
from grin_ros.core.hints.lookup import sampled
from grin_ros.core.types import Frame, Hints

PIXEL_LN = 0.03
"""One sigma of how far a pixel differs from its cell, which is 10 pixels wide in an image of 640. A hint says that much
less of its cell than of its pixel."""
NEIGHBOUR_LN = 0.03
"""One sigma of how far the errors of two cells side by side differ, where both have the same range. Between cells that
touch at a corner, the variance is twice as large."""
EDGE = 4.0
"""The squared difference of ln(range) of two cells times this is a further variance between them."""
ALIKE = 0.5
"""This share of a hint's variance is common to all hints of a cell: depth cameras err alike at neighbouring pixels."""
ODDS_LN = 3.0
"""The logarithm of the odds that a hint is right if it misses nothing. One that misses by two and a half deviations is
believed by half."""


def in_cells(frame: Frame, hints: Hints, ln_range: Array, variance: Array) -> tuple[Array, Array]:
    """Return what the hints add to an answer on the query grid, and the variance that remains for a pixel.

    hints: all that a frame has, in the image, but for those with an error that all of them share. ln_range, variance
    (rows, columns): the answer. It may know some of the hints already, which then differ from it by little.
    """
    rows, cols = ln_range.shape
    width, height = frame.camera.width, frame.camera.height
    miss_ln = np.log(hints.range_m) - sampled(ln_range, hints.pixels, width, height)
    noise = hints.sigma_ln**2 + np.float32(PIXEL_LN**2)
    missed = miss_ln**2 / (sampled(variance, hints.pixels, width, height) + noise)
    believed = np.asarray(1.0 / (1.0 + np.exp(np.minimum(0.5 * missed - ODDS_LN, 30.0))), np.float32)
    v, u = grid_cells(hints.pixels, width, height, cols, rows)
    cell = v * cols + u

    def summed(values: Array) -> Array:
        return np.asarray(np.bincount(cell, values, rows * cols), np.float32).reshape(rows, cols)

    says = np.asarray(believed / noise, np.float32)
    count, told = summed(believed), summed(says)
    mean_ln = summed(says * miss_ln) / np.maximum(told, np.float32(1e-9))
    told /= 1.0 + ALIKE * np.maximum(count - 1.0, 0.0)
    precision, moved = told + 1.0 / variance, told * mean_ln
    around_ln, around_mean_ln, around_told = np.pad(ln_range, 1, mode="edge"), np.pad(mean_ln, 1), np.pad(told, 1)
    for down, right in product(range(3), repeat=2):
        steps = abs(down - 1) + abs(right - 1)
        if steps:
            other = np.s_[down : down + rows, right : right + cols]
            between = steps * NEIGHBOUR_LN**2 + EDGE * (around_ln[other] - ln_range) ** 2
            knows = around_told[other] / (1.0 + around_told[other] * between)
            precision += knows
            moved += knows * around_mean_ln[other]
    further_ln = np.asarray(moved / precision, np.float32)
    left_ln = np.log(hints.range_m) - sampled(ln_range + further_ln, hints.pixels, width, height)
    differ = cv2.blur(summed(believed * (left_ln**2 - hints.sigma_ln**2)), (3, 3))
    of_pixels = np.maximum(differ, 0.0) / (1.0 + cv2.blur(count, (3, 3)))
    return further_ln, np.asarray(1.0 / precision + of_pixels, np.float32)
