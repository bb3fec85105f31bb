# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Dense hints after decoding: each pixel is corrected once more, by the hint that is nearest to it.

A cell of the query grid is 10 pixels wide in an image of 640, and pixels within it differ. This helps from some 250
hints on.
"""

from __future__ import annotations

import cv2
import numpy as np

from grin_ros.core.hints.covariance import Array
from grin_ros.core.types import Hints

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
ODDS_LN = 7.0
"""The logarithm of the odds that a hint is right if it misses nothing. They are larger than those of cells, because
right hints beside the edge of a thing miss the depth of their pixels by much. One that misses by 3.7 deviations is
believed by half."""


def at_pixels(hints: Hints, depth_m: Array, sigma_m: Array, ray_z: Array, cols: int) -> tuple[Array, Array]:
    """Return depth_m and sigma_m (H, W), each pixel corrected by its nearest hint as by the only one of a Gaussian
    process. What is not finite stays as it is. Of several hints on one pixel, the strongest counts.

    hints: all that a frame has, in the image, but for those with an error that all of them share. ray_z: (H, W) z of
    the unit rays. cols: the columns of the query grid.
    """
    height, width = depth_m.shape
    v, u = hints.nearest(width, height)
    with np.errstate(divide="ignore", invalid="ignore"):  # depth may be NaN or infinite
        ln_depth = np.log(depth_m)
        sigma_ln = np.maximum(sigma_m / depth_m, np.float32(LEAST_LN))
        at_ln, at_sigma_ln = ln_depth[v, u], sigma_ln[v, u]
        miss_ln = np.log(hints.range_m * ray_z[v, u]) - at_ln
        variance = at_sigma_ln**2 + hints.sigma_ln**2 + np.float32(SENSOR_LN**2)
        wrong = np.exp(np.minimum(0.5 * miss_ln**2 / variance - np.float32(ODDS_LN), np.float32(30.0)))
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
