# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The mounting of a camera from the floor in measured depth, for data sets that do not say how the camera was held."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.mounting import Mounting

TRIES, MOST_POINTS, REFITS = 400, 6000, 3
"""RANSAC: the planes that are tried, the points that they are compared with, and the fits to those that lie on one."""
HIGHEST_SHARE = 0.6
"""The planes go through points of this lower share of the image."""
NEAR_RANGE, NEAR_M = 0.015, 0.005
"""A point lies on the floor if it is nearer to it than this share of its range, and this distance."""
LEAST_ON, MOST_BELOW = 0.1, 0.02
"""A plane is the floor if at least the first share of the points lies on it, and at most the second below it."""
STEEPEST_RAD = math.radians(60.0)
"""The largest angle between the normal of the floor and the up direction of the image."""
LOWEST_M, HIGHEST_M = 0.3, 3.0
"""The heights of a camera that are believed."""


def mounting_of_floor(points: NDArray[np.floating], seed: int = 0) -> Mounting | None:
    """Return the height, roll and pitch of a camera that sees its floor; None if no plane can be the floor.

    points: (..., 3) metres in the optical frame, NaN where nothing was measured. The floor is the plane that most
    points lie on and hardly any below. A table-top counts as the floor where nothing below it is seen.
    """
    rng = np.random.default_rng(seed)
    known = points.reshape(-1, 3).astype(np.float64)
    known = known[np.isfinite(known).all(axis=1) & (known[:, 2] > 0.0)]
    if len(known) < 3:
        return None
    known = known[rng.permutation(len(known))[:MOST_POINTS]]
    near_m = NEAR_RANGE * np.linalg.norm(known, axis=1) + NEAR_M
    slope = known[:, 1] / known[:, 2]
    low = known[slope >= np.quantile(slope, 1.0 - HIGHEST_SHARE)]
    best, on = 0.0, np.zeros(len(known), np.bool_)
    for _ in range(TRIES):
        up, height_m = _plane(low[rng.choice(len(low), 3)])
        if -up[1] < math.cos(STEEPEST_RAD) or not LOWEST_M <= height_m <= HIGHEST_M:
            continue
        above_m = known @ up + height_m
        lies = np.abs(above_m) < near_m
        if lies.mean() > best and (above_m < -3.0 * near_m).mean() <= MOST_BELOW:
            best, on = lies.mean(), lies
    if best < LEAST_ON:
        return None
    for _ in range(REFITS):
        up, height_m = _plane(known[on])
        on = np.abs(known @ up + height_m) < near_m
    return Mounting.from_up(height_m, up)


def _plane(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the unit normal (3,) that points to the origin's side, and the origin's distance from the plane through
    points (N, 3). Far points, whose distances are less exact, count for less."""
    weight = 1.0 / np.linalg.norm(points, axis=1)
    towards = np.linalg.lstsq(points * weight[:, None], -weight, rcond=None)[0]
    length = float(np.linalg.norm(towards))
    return (towards / length, 1.0 / length) if length > 0.0 else (np.zeros(3), 0.0)
