# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The offset between the stamps of a camera and of a range sensor, from how fast both see the robot turn.

Clocks that disagree spoil labels silently: a robot that turns by 60 degrees a second with 300 ms between the stamps has
every label 18 degrees beside its pixel. Turning is the one motion that a camera, a 2D lidar and a point cloud all show.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

STEP_S = 0.02
MOST_OFFSET_S = 1.0
"""Offsets up to this much are looked for."""
LEAST_TURN_RAD_S = 0.05
"""The robot must turn with at least this standard deviation of its rate, or nothing can be said."""
LEAST_CORRELATION, LEAST_LEAD = 0.5, 0.02
"""The two rates must correlate by at least this at the best offset, and better than at 0 by this, to be believed."""
UNEXPLAINED = 0.5
"""A robot that turns slowly shows nearly the same at every offset. Then an offset is believed if it leaves at most this
share of what the offset 0 leaves unexplained (1 minus the correlation)."""
FEWEST, SHORTEST_S = 20, 3.0
BINS, MOST_SHIFT = 360, 30
"""The bins of azimuth of a profile, and the largest shift between two profiles that is tried, in bins."""
_WIDTH, _HEIGHT = 160, 120


@dataclass
class Turning:
    """The turning of a sensor: rates in rad/s, each with the time that lies in the middle of its two messages."""

    times_s: list[float] = field(default_factory=list)
    rates_rad_s: list[float] = field(default_factory=list)

    def add(self, first_s: float, second_s: float, angle_rad: float) -> None:
        """Take the angle between two messages. Messages at one time, or far apart, say nothing."""
        if 1e-3 < second_s - first_s < 1.0:
            self.times_s.append(0.5 * (first_s + second_s))
            self.rates_rad_s.append(angle_rad / (second_s - first_s))


@dataclass(frozen=True)
class Offset:
    """seconds: how much later the stamps of the sensor are than those of the camera for the same moment; None if the
    recording does not tell, and reason says why. correlation: of the two rates at that offset. mirrored: the sensor
    turns the other way round, as one that is mounted upside down does."""

    seconds: float | None
    correlation: float
    reason: str = ""
    mirrored: bool = False


class ImageTurning:
    """The turning of a camera about its vertical axis, from the shift between images."""

    def __init__(self, focal_share: float) -> None:
        """focal_share: the focal length as a share of the width of the image."""
        self.turning = Turning()
        self._focal_px = focal_share * _WIDTH
        self._last: tuple[float, NDArray[np.float32]] | None = None
        self._window = cv2.createHanningWindow((_WIDTH, _HEIGHT), cv2.CV_32F)

    def add(self, stamp_s: float, image: NDArray[np.uint8]) -> None:
        """Take the next image (H, W, 3) or (H, W)."""
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image
        small = cv2.resize(grey, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32)
        if self._last is not None:
            (shift_px, _), response = cv2.phaseCorrelate(self._last[1], small, self._window)
            if response > 0.03:
                # What moves to the right in the image was ahead and is now to the right: the camera turned left.
                self.turning.add(self._last[0], stamp_s, math.atan(shift_px / self._focal_px))
        self._last = stamp_s, small


class RangeTurning:
    """The turning of a lidar about its vertical axis, from the shift between profiles of range over azimuth."""

    def __init__(self) -> None:
        self.turning = Turning()
        self._last: tuple[float, NDArray[np.float64]] | None = None

    def add(self, stamp_s: float, points: NDArray[np.float64]) -> None:
        """Take the next measured points (N, 3), in a frame whose z axis is up."""
        profile = _profile(points)
        if self._last is not None:
            angle_rad = _shift_rad(self._last[1], profile)
            if angle_rad is not None:
                self.turning.add(self._last[0], stamp_s, angle_rad)
        self._last = stamp_s, profile


def offset_between(
    camera: Turning, sensor: Turning, most_s: float = MOST_OFFSET_S, shortest_s: float = SHORTEST_S
) -> Offset:
    """Return the offset of the stamps of a sensor against those of the camera, up to most_s.

    Both must have been recorded together for shortest_s and twice most_s more.
    """
    if min(len(camera.times_s), len(sensor.times_s)) < FEWEST:
        return Offset(None, 0.0, "there are too few messages that follow each other")
    begin = max(camera.times_s[0], sensor.times_s[0]) + most_s
    end = min(camera.times_s[-1], sensor.times_s[-1]) - most_s
    if end - begin < shortest_s:
        return Offset(None, 0.0, f"both were recorded together for less than {shortest_s + 2 * most_s:g} s")
    grid_s = np.arange(begin, end, STEP_S)
    of_camera = _smooth(np.interp(grid_s, *_sorted(camera)))
    if of_camera.std() < LEAST_TURN_RAD_S:
        return Offset(None, 0.0, "the robot hardly turns; record one with a few turns to check the stamps")
    offsets = np.arange(-most_s, most_s + STEP_S / 2, STEP_S)
    found = np.array([_correlation(of_camera, np.interp(grid_s + o, *_sorted(sensor))) for o in offsets])
    strength, still = np.abs(found), int(np.argmin(np.abs(offsets)))
    best = int(np.argmax(strength))
    if strength[best] < LEAST_CORRELATION:
        return Offset(None, float(strength[best]), "camera and sensor do not show the same turns clearly enough")
    explains = 1.0 - strength[best] <= UNEXPLAINED * (1.0 - strength[still])
    if strength[best] - strength[still] < LEAST_LEAD and not explains:
        best = still
    return Offset(round(float(offsets[best]), 3) + 0.0, float(strength[best]), mirrored=bool(found[best] < 0.0))


def _sorted(turning: Turning) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    times, rates = np.array(turning.times_s), np.array(turning.rates_rad_s)
    order = np.argsort(times, kind="stable")
    return times[order], rates[order]


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.convolve(values, np.ones(5) / 5.0, "same")


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    a, b = a - a.mean(), _smooth(b) - _smooth(b).mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 1e-9 else 0.0


def _profile(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ln of the nearest range for each bin of azimuth (BINS,); NaN where nothing was measured."""
    flat_m = np.hypot(points[:, 0], points[:, 1])
    known = np.isfinite(flat_m) & (flat_m > 0.1)
    azimuth = np.arctan2(points[known, 1], points[known, 0])
    at = np.floor((azimuth + np.pi) / (2.0 * np.pi) * BINS).astype(np.intp) % BINS
    nearest = np.full(BINS, np.inf)
    np.minimum.at(nearest, at, flat_m[known])
    return np.where(np.isfinite(nearest), np.log(np.maximum(nearest, 0.1)), np.nan)


def _shift_rad(before: NDArray[np.float64], after: NDArray[np.float64]) -> float | None:
    """Return the angle by which the sensor turned to the left between two profiles; None if they do not tell."""
    shifts = np.arange(-MOST_SHIFT, MOST_SHIFT + 1)
    costs = np.full(len(shifts), np.inf)
    for index, shift in enumerate(shifts):
        difference = np.abs(np.roll(after, shift) - before)
        if np.isfinite(difference).sum() >= BINS // 12:
            costs[index] = np.nanmean(np.minimum(difference, 0.5))
    best = int(np.argmin(costs))
    if not np.isfinite(costs[best]) or best in (0, len(shifts) - 1):
        return None
    left, middle, right = costs[best - 1 : best + 2]
    bend = left - 2.0 * middle + right
    part = 0.5 * (left - right) / bend if np.isfinite(bend) and bend > 1e-9 else 0.0
    # Turned left by an angle, the sensor sees everything at a smaller azimuth, and rolling it back is a positive shift.
    return float((shifts[best] + part) * 2.0 * np.pi / BINS)
