# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The view and the reach of a sensor that gives images of depth, from all that it has measured so far.

A hole in such an image has many reasons. One of them, that nothing is within reach, is evidence (unreached.py). An
image that is aligned with that of a wider camera is empty at its margins, where the sensor does not look, and stereo
cameras never measure a strip at one side. So a hole counts only between rows and columns in which the sensor has
measured something.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.evenly import evenly

SHARE_OF_LINE = 0.1
"""A row or column belongs to the view of the sensor once this share of its pixels has held depth at one time."""
HOLE_PX = 9
"""A hole is at least so wide in both directions. Narrow ones are what one eye of a stereo camera does not see beside a
near thing."""
WIDE_COLUMNS = 64
"""In images with fewer columns, every hole counts."""
LEAST_VALID, FEWEST_VALID = 0.05, 10
"""An image with a smaller share of pixels with depth, or fewer of them, tells no reach."""
QUANTILE = 0.98
"""The quantile of depth that counts as the reach of one image. The reach of the sensor is the largest of them."""
MOST_SILENT = 300
"""The largest number of silent pixels that are returned, spread over all."""


@dataclass
class Reach:
    """The view and the reach of one sensor. rows, columns: which (H,) and (W,) have held depth. reach_m: depth."""

    rows: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    columns: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    reach_m: float = 0.0

    def silent(self, depth_m: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Learn from an image of depth (H, W), and return its pixels (K, 2), row and column, at which the sensor looks
        and nothing was within `reach_m`. valid: which pixels hold depth. An image of another size begins anew.
        """
        if depth_m.shape != (len(self.rows), len(self.columns)):
            self.rows, self.columns = (np.zeros(count, np.bool_) for count in depth_m.shape)
            self.reach_m = 0.0
        height, width = depth_m.shape
        in_rows, in_columns = np.count_nonzero(valid, axis=1), np.count_nonzero(valid, axis=0)
        self.rows |= in_rows >= SHARE_OF_LINE * width
        self.columns |= in_columns >= SHARE_OF_LINE * height
        if in_rows.sum() < max(FEWEST_VALID, LEAST_VALID * valid.size):
            return np.empty((0, 2), np.intp)
        looks = _between(self.rows), _between(self.columns)
        holes = np.zeros(depth_m.shape, np.uint8)
        holes[looks] = ~valid[looks]
        if width >= WIDE_COLUMNS:
            square = np.ones((HOLE_PX, HOLE_PX), np.uint8)
            holes = np.asarray(cv2.erode(holes, square, borderType=cv2.BORDER_CONSTANT, borderValue=0), np.uint8)
        pixels = np.argwhere(holes)
        if len(pixels):  # most images have none, and the quantile takes milliseconds
            self.reach_m = max(self.reach_m, float(np.quantile(depth_m[valid], QUANTILE)))
        return pixels[evenly(len(pixels), MOST_SILENT)]


def _between(lines: NDArray[np.bool_]) -> slice:
    """Return the lines from the first to the last one that is True."""
    (seen,) = np.nonzero(lines)
    return slice(seen[0], seen[-1] + 1) if len(seen) else slice(0)
