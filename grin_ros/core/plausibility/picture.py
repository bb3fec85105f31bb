# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures that show nothing: black, without contrast, noise, test patterns, and those that never change.

The limits lie between such pictures and 555 photographs, also darkened to a tenth and with noise of 60 grey levels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.plausibility.doubt import Doubt, doubt

MIN_WIDTH, MIN_HEIGHT = 64, 48
"""A smaller picture has too few pixels to be judged."""
SAMPLE_WIDTH, SAMPLE_HEIGHT = 160, 120
"""At least so many pixels of a larger picture are looked at, evenly spread."""
SMALL_BLOCK, LARGE_BLOCK = 8, 16
"""The edge lengths of the blocks whose means are compared, in looked-at pixels."""
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
"""The weights of red, green and blue in a grey level."""
BLACK_LEVEL = 6.0
"""A picture is nearly black if 98 % of its blocks are below this grey level. Photographs at a tenth of their
brightness reach 8; pictures of 10 bits in 16 reach 4."""
MIN_CONTRAST = 4.0
"""A picture has no contrast if its darkest and brightest blocks, without 2 % at each end, are nearer than this."""
MIN_STRUCTURE = 0.02
"""The least share of the variance that large blocks keep: 1/256 of white noise, and more than 0.1 of photographs."""
MIN_ACROSS, MAX_DOWN = 10.0, 0.05
"""Rows are the same if columns differ by this many grey levels, and pixels of a column by this share of that."""
MIN_BARS, BAR_STEP, BAR_COLOUR = 5, 20.0, 60.0
"""Colour bars have so many steps of this size between columns, and colours whose channels differ by this much."""


def picture_doubt(image: NDArray[np.uint8]) -> Doubt | None:
    """Return why an (H, W, 3) uint8 RGB picture shows nothing; None if it shows something or is too small to tell."""
    height, width = image.shape[:2]
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        return None
    step = max(1, min(height // SAMPLE_HEIGHT, width // SAMPLE_WIDTH))
    colours = np.ascontiguousarray(image[::step, ::step])
    grey = colours.astype(np.float32) @ LUMINANCE
    low, high = np.percentile(_block_means(grey, SMALL_BLOCK), (2.0, 98.0))
    if high < BLACK_LEVEL:
        return doubt("nearly black", level=np.floor(high) + 1.0)
    if high - low < MIN_CONTRAST:
        return doubt("no contrast", range=np.floor(high - low) + 1.0)
    if _block_means(grey, LARGE_BLOCK).var() < MIN_STRUCTURE * grey.var():
        return doubt("noise")
    upper = slice(0, grey.shape[0] // 2)
    if _rows_are_the_same(grey) or (_rows_are_the_same(grey[upper]) and _has_bars(colours[upper])):
        return doubt("test pattern")
    return None


class FrozenWatch:
    """Notices pictures that are the same to the bit although time goes on. One for each camera."""

    ROW_STEP = 8
    """Every n-th row is compared: noise of the sensor changes each of them."""
    MIN_COUNT = 5
    MIN_TIME_NS = 500_000_000
    """So many pictures over so long a time must be the same; some drivers send one picture twice."""

    def __init__(self) -> None:
        self._rows: NDArray[np.uint8] | None = None
        self._first_ns = self._last_ns = self._count = 0

    def __call__(self, image: NDArray[np.uint8], stamp_ns: int) -> Doubt | None:
        """Return the doubt if this picture and those before it are the same; None if not. image: (H, W, 3) uint8."""
        rows = image[:: self.ROW_STEP]
        if self._rows is None or not np.array_equal(rows, self._rows):
            self._rows, self._first_ns, self._last_ns, self._count = rows.copy(), stamp_ns, stamp_ns, 1
        elif stamp_ns == self._last_ns:
            return None  # the same picture again, or a camera without a clock: nothing claims to be new
        else:
            self._last_ns = stamp_ns
            self._count += 1
        if self._count < self.MIN_COUNT or abs(self._last_ns - self._first_ns) < self.MIN_TIME_NS:
            return None
        return doubt("frozen", count=self._count)

    def forget(self) -> None:
        """Forget earlier pictures."""
        self._rows = None


def _block_means(grey: NDArray[np.float32], edge: int) -> NDArray[np.float32]:
    """Return the means of the whole edge x edge blocks of (H, W)."""
    rows, columns = grey.shape[0] // edge, grey.shape[1] // edge
    blocks = grey[: rows * edge, : columns * edge].reshape(rows, edge, columns, edge)
    return np.asarray(blocks.mean(axis=3).mean(axis=1), np.float32)


def _rows_are_the_same(grey: NDArray[np.float32]) -> bool:
    across = grey.mean(axis=0).std()
    return bool(across > MIN_ACROSS and grey.std(axis=0).mean() < MAX_DOWN * across)


def _has_bars(colours: NDArray[np.uint8]) -> bool:
    columns = colours.mean(axis=0)
    steps = np.abs(np.diff(columns, axis=0)).max(axis=1) > BAR_STEP
    return bool(steps.sum() >= MIN_BARS and np.ptp(columns, axis=1).mean() > BAR_COLOUR)
