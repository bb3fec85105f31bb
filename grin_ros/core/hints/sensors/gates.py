# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The gates that measured points pass before anything believes them as hints. Each rejection is counted by reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.types import Hints

NO_RETURN, TOO_NEAR, TOO_FAR = "no return", "too near", "too far"
OUTSIDE, HIDDEN, TOO_OLD = "outside the image", "hidden", "too old"
ALL_EQUAL, AT_EDGE = "all equal", "at an edge"
"""Reasons of rejection that all sources share. A source may add reasons of its own."""
FEWEST_EQUAL = 10
"""So many ranges of one sensor that are all the same, to the last bit, are no measurements; it repeats itself."""

WINDOW = 7
"""A point is hidden if a much nearer one lies within a window of this many cells: the sensor looks
past the near thing, the camera does not. This is the usual remedy for points that shine through."""
COMPARED_WIDTH = 320
"""The width, in cells, of the image on which points are compared."""
HIDDEN_RATIO = 1.2
"""A point is hidden behind another one if it is farther by more than this factor. A floor that is seen at a flat angle
changes by less over the window, up to a few metres."""

REACH = 16
"""A point is hidden too if nearer ones lie above and below it, within so many cells: between the rings of a lidar, a
surface hides what is behind it. Nearer points of a floor lie below only."""
BETWEEN_RATIO = 1.1
"""A point between two nearer ones is hidden if it is farther than the farther one of them by more than this factor."""


@dataclass(frozen=True)
class Measured:
    """Points that a sensor measured, in the optical frame of the camera at the time of its image.

    points: (N, 3) metres. sigma_ln, age_s: (N,) or one number for all. source: the name of the sensor.
    """

    points: NDArray[np.float64]
    sigma_ln: NDArray[np.float64] | float
    age_s: NDArray[np.float64] | float
    source: str


@dataclass(frozen=True)
class Gated:
    """The hints that passed, None if there are none, and how many points were rejected, by reason."""

    hints: Hints | None
    rejected: Mapping[str, int]


def all_equal(ranges_m: NDArray[np.floating]) -> bool:
    """Return whether ranges or depths (N,) of one sensor are all the same and many, as of one that stands still."""
    return len(ranges_m) >= FEWEST_EQUAL and bool(ranges_m.min() == ranges_m.max())


def gated(camera: Camera, measured: Measured, max_range_m: float) -> Gated:
    """Return the hints of points that the camera can see, and the counts of the others by reason.

    A point must lie within max_range_m of the camera, must be in the image, and must not lie behind a much nearer
    point.
    """
    points = measured.points
    ranges_m = np.sqrt(np.einsum("ij,ij->i", points, points))
    sigma_ln = np.broadcast_to(np.asarray(measured.sigma_ln, np.float64), ranges_m.shape)
    age_s: NDArray[np.float64] = np.abs(np.broadcast_to(np.asarray(measured.age_s, np.float64), ranges_m.shape))
    left = np.isfinite(ranges_m) & (ranges_m > 0.0)
    rejected = {NO_RETURN: int((~left).sum())}

    def reject(reason: str, those: NDArray[np.bool_] | np.bool_) -> None:
        nonlocal left
        rejected[reason] = int((left & those).sum())
        left = left & ~those

    reject(TOO_FAR, ranges_m > max_range_m)
    pixels = np.full((len(points), 2), np.nan)
    pixels[left] = camera.project(points[left])
    reject(OUTSIDE, ~camera.contains(pixels))
    behind = np.zeros(len(points), np.bool_)
    behind[left] = hidden(pixels[left], ranges_m[left], camera.width)
    reject(HIDDEN, behind)
    counts = {reason: count for reason, count in rejected.items() if count}
    if not left.any():
        return Gated(None, counts)
    hints = Hints(
        pixels=pixels[left].astype(np.float32),
        range_m=ranges_m[left].astype(np.float32),
        sigma_ln=sigma_ln[left].astype(np.float32),
        age_s=age_s[left].astype(np.float32),
        source=np.zeros(int(left.sum()), np.intp),
        sources=(measured.source,),
    )
    return Gated(hints, counts)


def hidden(pixels: NDArray[np.float64], ranges_m: NDArray[np.float64], width: int) -> NDArray[np.bool_]:
    """Return True (N,) for the points of an image that lie behind a much nearer point of their neighbourhood, or
    between two nearer ones above and below. What is behind a thing that the sensor itself does not see is not found.
    """
    if not len(pixels):
        return np.zeros(0, np.bool_)
    shrink = COMPARED_WIDTH / width
    cells = np.rint((pixels - pixels.min(axis=0)) * shrink).astype(np.intp)
    u, v = cells.T
    nearest = np.full((int(v.max()) + 1, int(u.max()) + 1), np.inf, np.float32)
    np.minimum.at(nearest, (v, u), ranges_m.astype(np.float32))
    around = np.asarray(cv2.erode(nearest, np.ones((WINDOW, WINDOW), np.uint8)), np.float32)
    strip = np.ones((REACH + 1, 3), np.uint8)
    strip[0] = 0  # the row of the point itself; nearer points beside it do not enclose it
    below = np.asarray(cv2.erode(nearest, strip, anchor=(1, 0)), np.float32)
    above = np.asarray(cv2.erode(nearest, strip[::-1].copy(), anchor=(1, REACH)), np.float32)
    enclosed = ranges_m / BETWEEN_RATIO > np.maximum(above, below)[v, u]
    return np.asarray((ranges_m > HIDDEN_RATIO * around[v, u]) | enclosed, np.bool_)
