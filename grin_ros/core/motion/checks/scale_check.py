# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scale error of odometry, measured by the ranges of other sensors at the corners of motion."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from grin_ros.core.types import Hints

NEAR = 1.0 / 40.0
"""A corner is compared with the nearest other hint within this share of the image's width."""
ALIKE_LN = 0.5
"""Pairs that differ by more are of two surfaces."""
LEAST_PAIRS = 4
"""A frame counts with this many pairs."""
LEAST_FRAMES = 5
"""So many frames give a scale."""
FRAMES = 50
"""The scales of so many last frames are kept."""
NOTABLE = 0.03
"""A scale error is reported as an error from this share on."""


class ScaleCheck:
    """Compares the ranges of motion with those of other sensors over the last frames."""

    def __init__(self) -> None:
        self._frames_ln: deque[float] = deque(maxlen=FRAMES)

    def add(self, motion: Hints, others: Hints, width: int) -> None:
        """Take the hints of one frame of an image `width` pixels wide."""
        squared = ((motion.pixels[:, None] - others.pixels[None]) ** 2).sum(axis=-1)
        nearest = squared.argmin(axis=1)
        pairs_ln = np.log(motion.range_m / others.range_m[nearest])
        paired = (squared.min(axis=1) <= (NEAR * width) ** 2) & (np.abs(pairs_ln) <= ALIKE_LN)
        if paired.sum() >= LEAST_PAIRS:
            self._frames_ln.append(float(np.median(pairs_ln[paired])))

    @property
    def factor(self) -> float | None:
        """The ratio of the distances of odometry to the true ones; None if it is not known."""
        known = len(self._frames_ln) >= LEAST_FRAMES
        return math.exp(float(np.median(self._frames_ln))) if known else None

    @property
    def text(self) -> str:
        """The scale error in words, for /diagnostics; empty if it is not known."""
        factor = self.factor
        if factor is None:
            return ""
        error = f"{abs(factor - 1.0):.1%} {'long' if factor > 1.0 else 'short'}"
        if abs(factor - 1.0) < NOTABLE:
            return f"other sensors confirm the scale of odometry to {abs(factor - 1.0):.1%}"
        return f"against other sensors the distances of odometry are {error}: calibrate wheel radius or gait"
