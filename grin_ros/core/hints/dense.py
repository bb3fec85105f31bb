# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Dense hints: a depth camera or a lidar with many beams measures each cell of the query grid several times.

The Gaussian process takes some hundred hints. Here all of them count: what they still differ from its answer is
averaged in each cell of the query grid. The mean is one more measurement of that cell, and a weaker one of the cells
around it. The noise of many hints so averages out, and depth follows the sensor where it measures. How far the hints of
a cell still miss it tells how far the pixels of that cell differ, for example at the edge of a thing.

A cell is 10 pixels wide in an image of 640. So after decoding, each pixel is corrected once more, by the hint that is
nearest to it. That helps from some 250 hints on.
"""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np

from grin_ros.core.hints.covariance import Array
from grin_ros.core.hints.posterior import sampled
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
REACH = 1.0
"""The correlation of the errors of two pixels has fallen to 1 / e at this distance, in cells of the query grid."""
SURFACE_LN = 0.05
"""If the depths of two pixels differ by much more than this, in ln(depth), they lie on different surfaces. The error of
one then says nothing of that of the other."""
SENSOR_LN = 0.02
"""One sigma that is added to that of a hint, because sensors err by more than they say, and their pixels are not quite
where they should be."""
LEAST_LN = 0.01
"""One sigma of ln(depth) of a pixel is at least this."""
PIXEL_ODDS_LN = 7.0
"""ODDS_LN for pixels. Beside the edge of a thing, right hints miss depth by much. One that misses by 3.7 deviations is
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
    u, v = ((hints.pixels + 0.5) * (cols / width, rows / height)).astype(np.intp).T
    cell = np.clip(v, 0, rows - 1) * cols + np.clip(u, 0, cols - 1)

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


def at_pixels(hints: Hints, depth_m: Array, sigma_m: Array, ray_z: Array, cols: int) -> tuple[Array, Array]:
    """Return depth_m and sigma_m (H, W), each pixel corrected by its nearest hint as by the only one of a Gaussian
    process. What is not finite stays as it is. Of several hints on one pixel, the strongest counts.

    hints: as for `in_cells`. ray_z: (H, W) z of the unit rays. cols: the columns of the query grid.
    """
    height, width = depth_m.shape
    v, u = hints.nearest(width, height)
    with np.errstate(divide="ignore", invalid="ignore"):  # depth may be NaN or infinite
        ln_depth = np.log(depth_m)
        sigma_ln = np.maximum(sigma_m / depth_m, np.float32(LEAST_LN))
        at_ln, at_sigma_ln = ln_depth[v, u], sigma_ln[v, u]
        miss_ln = np.log(hints.range_m * ray_z[v, u]) - at_ln
        variance = at_sigma_ln**2 + hints.sigma_ln**2 + np.float32(SENSOR_LN**2)
        wrong = np.exp(np.minimum(0.5 * miss_ln**2 / variance - np.float32(PIXEL_ODDS_LN), np.float32(30.0)))
        gain = at_sigma_ln / (variance * (1.0 + wrong))
    known = np.flatnonzero(np.isfinite(gain * miss_ln))
    if not len(known):
        return depth_m, sigma_m
    known = known[np.argsort(gain[known])]  # of several hints on one pixel the last counts
    v, u = v[known], u[known]
    elsewhere = np.ones(depth_m.shape, np.uint8)
    elsewhere[v, u] = 0
    found = cv2.distanceTransformWithLabels(elsewhere, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)
    apart_px, label = np.asarray(found[0], np.float32), np.asarray(found[1], np.int32)
    by_label = np.zeros(len(known) + 1, np.float32)

    def of_nearest(values: Array) -> Array:
        """Return the values (M,) of the hints at the pixels to which they are nearest."""
        by_label[label[v, u]] = values[known]
        return np.take(by_label, label)

    with np.errstate(invalid="ignore"):
        surface = (ln_depth - of_nearest(at_ln)) * np.float32(1.0 / SURFACE_LN)
        alike = np.exp(apart_px * np.float32(-cols / width / REACH) - 0.5 * surface**2)
        better_m = depth_m * np.exp(alike * sigma_ln * of_nearest(gain * miss_ln))
        left = 1.0 - alike**2 * of_nearest(gain * at_sigma_ln)
        better_sigma_m = better_m * sigma_ln * np.sqrt(np.maximum(left, np.float32(0.0)))
    finite = np.isfinite(better_m) & np.isfinite(better_sigma_m)
    better = np.where(finite, better_m, depth_m), np.where(finite, better_sigma_m, sigma_m)
    return np.asarray(better[0], np.float32), np.asarray(better[1], np.float32)
