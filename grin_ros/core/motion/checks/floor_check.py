# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scale error of odometry, measured by the floor, where the mounting of the camera is known."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.mounting import Mounting

REACH = 5.0
"""The floor counts up to this many heights of the camera."""
WIDTH_LN = 0.06
"""Points on the floor agree with each other to this; it is less than a thing of a tenth of the camera's height."""
LEAST_POINTS = 60
"""The floor stands out with this number of points at least."""
LEAST_SHARE = 0.12
"""They must also be this share of all points below the horizon."""
LEAST_FRAMES = 5
"""They must come from so many frames."""
FRAMES = 50
"""The points of so many last frames are kept."""
MOST_BELOW = 1.0
"""Nothing lies below the floor, but points are inexact: at most so many may seem to, as a share of those on it."""
NOTABLE = 0.08
"""A scale error is reported as an error from this share on. The height and the pitch of a camera are known less well
than its intrinsics: on the rendered drives the floor told the scale to 4 %."""
_CANDIDATES_LN = np.arange(-0.3, 0.51, 0.02)
"""Scales that are believed, 0.74 to 1.65. What seems lower by more is the top of a table rather than the floor."""


class FloorCheck:
    """Compares the ranges of motion with the plane of the floor, which the mounting of the camera tells.

    Most points below the horizon lie on the floor or on things that stand on it. Those on the floor have one ratio to
    the plane in common, which is the scale of odometry; those on things have many smaller ones, and no thing lies below
    the floor.
    """

    def __init__(self) -> None:
        self._frames_ln: deque[NDArray[np.float64]] = deque(maxlen=FRAMES)

    def add(self, rays: NDArray[np.float64], range_m: NDArray[np.float64], mounting: Mounting) -> None:
        """Take the points of one frame: their unit rays (N, 3) and their ranges (N,) in metres."""
        down = -(rays @ mounting.up_optical())
        low = down > 1.0 / REACH
        self._frames_ln.append(np.log(range_m[low] * down[low] / mounting.height_m))

    @property
    def factor(self) -> float | None:
        """The ratio of the distances of odometry to the true ones; None if no floor stands out."""
        if len(self._frames_ln) < LEAST_FRAMES:
            return None
        ratios_ln = np.concatenate(self._frames_ln)
        frame = np.repeat(np.arange(len(self._frames_ln)), [len(one) for one in self._frames_ln])
        differs_ln = ratios_ln - _CANDIDATES_LN[:, None]
        alike = np.abs(differs_ln) < WIDTH_LN
        count, below = alike.sum(axis=1), (differs_ln >= WIDTH_LN).sum(axis=1)
        most = alike[np.where(below <= MOST_BELOW * count, count, 0).argmax()]
        if most.sum() < max(LEAST_POINTS, LEAST_SHARE * len(ratios_ln)):
            return None
        if len(np.unique(frame[most])) < LEAST_FRAMES:
            return None
        return math.exp(float(np.median(ratios_ln[most])))

    @property
    def error_ln(self) -> float:
        """ln(factor) where it is notable, else 0."""
        factor = self.factor
        return 0.0 if factor is None or abs(factor - 1.0) < NOTABLE else math.log(factor)

    @property
    def text(self) -> str:
        """The scale error in words, for /diagnostics; empty if there is none that stands out."""
        factor = self.factor
        if factor is None or not self.error_ln:
            return ""
        error = f"{abs(factor - 1.0):.0%} {'long' if factor > 1.0 else 'short'}"
        return (
            f"against the floor the distances of odometry are {error}: calibrate wheel radius or gait, or correct the "
            "height and pitch of the camera"
        )
