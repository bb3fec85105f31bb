# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Corners that are followed from image to image: Shi-Tomasi corners, pyramidal Lucas-Kanade forward and backward.

Shi and Tomasi, "Good Features to Track" (CVPR 1994); Bouguet, "Pyramidal Implementation of the Lucas Kanade Feature
Tracker" (2000).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.motion.pictures import best_per_cell, free_cells

WINDOW_PX = 11
LEVELS = 3
"""The number of halvings of the image. With the window they bound the motion that is followed, to about 60 px."""
BACK_PX = 0.6
"""A corner that is tracked back to the image before must end within this distance of where it came from."""
QUALITY = 0.001
"""A corner counts if its smaller eigenvalue is at least this share of the 99th percentile of the image."""
LEAST_EIGENVALUE = 1e-5
"""An absolute limit for images without texture (of grey values from 0 to 1)."""
BORDER_PX = 6
FEW = 20
"""New corners are looked for once this fraction (1 / FEW) of them is missing."""
CROWD = 2
"""More corners than this in one cell of the image are given up, so that others find room."""

Pixels = NDArray[np.float32]


class Corners:
    """The corners of one camera's images. `pixels` (N, 2) float32 are those of the last image."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._before: NDArray[np.uint8] | None = None
        self.pixels: Pixels = np.zeros((0, 2), np.float32)

    def follow(self, grey: NDArray[np.uint8]) -> NDArray[np.intp]:
        """Follow the corners into the image (H, W) and return which of those before are left, in their order.

        After that `add` may find new ones in the image.
        """
        before, self._before = self._before, grey
        if before is None or not len(self.pixels):
            self.pixels = self.pixels[:0]
            return np.zeros(0, np.intp)
        forward, found, _ = cv2.calcOpticalFlowPyrLK(before, grey, self.pixels, self.pixels.copy(), **_SEARCH)
        back, returned, _ = cv2.calcOpticalFlowPyrLK(grey, before, forward, self.pixels.copy(), **_BACK)
        height, width = grey.shape
        last = np.array([width - 1 - BORDER_PX, height - 1 - BORDER_PX])
        left = (found[:, 0] == 1) & (returned[:, 0] == 1)
        left &= ((back - self.pixels) ** 2).sum(axis=1) <= BACK_PX**2
        left &= ((forward >= BORDER_PX) & (forward <= last)).all(axis=1)
        kept = np.flatnonzero(left)
        pixels = np.asarray(forward[kept], np.float32)
        uncrowded = self._uncrowded(pixels, grey.shape)
        kept, self.pixels = kept[uncrowded], pixels[uncrowded]
        return kept

    def add(self, grey: NDArray[np.uint8]) -> int:
        """Find new corners in the cells of the image (H, W) that hold none, the best of each cell; return how many."""
        height, width = grey.shape
        cell = self._cell(grey.shape)
        empty = free_cells(grey.shape, cell, self.pixels)
        room = self._most - len(self.pixels)
        if room * FEW < self._most or not empty.any():
            return 0
        half = cv2.resize(grey, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        strength = np.asarray(cv2.cornerMinEigenVal(half, 5), np.float32)
        border = BORDER_PX // 2 + 1
        strength[:border], strength[-border:], strength[:, :border], strength[:, -border:] = 0.0, 0.0, 0.0, 0.0
        least = max(LEAST_EIGENVALUE, QUALITY * float(np.percentile(strength[::4, ::4], 99.0)))
        new = best_per_cell(strength, cell // 2, empty, least, room) * 2.0 + 0.5
        self.pixels = np.concatenate([self.pixels, new.astype(np.float32)])
        return len(new)

    def _cell(self, shape: tuple[int, ...]) -> int:
        """Return the side of a cell in pixels: even, as the corners are found in an image of half the size."""
        return max(8, int(np.sqrt(shape[0] * shape[1] / self._most)) // 2 * 2)

    def _uncrowded(self, pixels: Pixels, shape: tuple[int, ...]) -> NDArray[np.intp]:
        """Return the indices of the corners without those beyond CROWD in a cell. The oldest ones come first."""
        cell = (pixels // self._cell(shape)).astype(np.int64)
        key = cell[:, 1] * shape[1] + cell[:, 0]
        order = np.argsort(key, kind="stable")
        ordered = key[order]
        crowded = np.zeros(len(key), np.bool_)
        crowded[order[CROWD:]] = ordered[CROWD:] == ordered[:-CROWD]
        return np.flatnonzero(~crowded)

    def clear(self) -> None:
        """Forget all corners and the last image."""
        self._before, self.pixels = None, self.pixels[:0]


_SEARCH: dict[str, Any] = {
    "winSize": (WINDOW_PX, WINDOW_PX),
    "maxLevel": LEVELS,
    "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 8, 0.03),
    "minEigThreshold": 1e-4,
}
_BACK = _SEARCH | {"maxLevel": 0, "flags": cv2.OPTFLOW_USE_INITIAL_FLOW}
"""The way back begins where it should end, so it needs no pyramid."""
