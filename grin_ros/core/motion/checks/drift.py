# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Whether corners keep their places: they leave them at once if the poses jump, and within a second if wheels slip."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ids = NDArray[np.int64]

JUMP_LN = 0.3
"""If the inverse ranges of half of the corners change by more than this against their last points, the poses jumped."""
BEFORE_S = 1.0
"""Ranges are also compared with the points of so long before, because wheels that slip change little from image to
image."""
EVERY_S = 0.1
"""Images that follow each other faster than this are left out in part, to save time."""
EARLY = 0.99
"""Stamps of a camera vary a little, so these times may be shorter by this factor."""
LONGEST_S = 1.5
"""Points of longer before tell nothing any more, if odometry has also gone far since."""
LONGEST_M = 0.5
"""Odometry has gone far if it has gone farther than this."""
FEWEST = 12
"""Fewer corners that both images have tell nothing."""
EXACT_LN = 0.035
"""An image is compared with later ones if its poses make all ranges uncertain by less than this together, which they do
not after the first centimetres of driving."""
LEAST_IMAGES = 3
"""A change counts against at least so many images that agree with each other. Fewer may be wrong themselves."""
NOTABLE_LN = 0.06
"""A smaller change of the median range is noise. With exact poses, rendered drives have up to 0.05."""
SLIPS_LN = 0.2
"""The poses are not believed if ranges change by at least this. Where the camera is a few centimetres from where tf
says, ranges change by up to so much after a turn."""
SLIPS_SIGMAS = 4.0
"""The change must also be at least so many sigmas of the noise of both images."""
SLIPS_M = 0.05
"""Odometry must also have gone so far meanwhile. A robot that only turns does not slip: its ranges change by errors of
rotation."""


class Places(NamedTuple):
    """Corners at one image, as seen from the camera at `here` (3,) in the fixed frame.

    ids (N,): each corner has its own. points (N, 3): in the fixed frame. shared_ln: one sigma by which the noise of the
    poses makes all ranges too long or too short together. doubt_ln: the same by a contradiction of corners and poses.
    """

    stamp_ns: int
    here: Array
    ids: Ids
    points: Array
    shared_ln: float
    doubt_ln: float


class Change(NamedTuple):
    """The change of ranges within about a second.

    ln: the median of ln(range now / range that the earlier points predict). noise_ln: so much may come from noise or is
    doubted anyway. moved_m: how far odometry went meanwhile. images: how many earlier images agree with each other.
    """

    ln: float = 0.0
    noise_ln: float = 0.0
    moved_m: float = 0.0
    images: int = 0

    @property
    def doubt_ln(self) -> float:
        """One sigma of ln(range) by which the change makes all ranges uncertain together."""
        return abs(self.ln) if abs(self.ln) > NOTABLE_LN else 0.0

    @property
    def problem(self) -> str:
        """The reason why the poses are not believed, as sentences; empty if they are."""
        small = abs(self.ln) < max(SLIPS_LN, self.noise_ln)
        if small or self.moved_m < SLIPS_M or self.images < LEAST_IMAGES:
            return ""
        words = f"{abs(math.expm1(self.ln)):.0%} {'longer' if self.ln > 0.0 else 'shorter'}"
        return (
            f"The scale of odometry changed: the ranges that it gives became {words} than they were about a second "
            "before. Wheels that slip do this, and wheels that turn while the robot is stuck. Motion began again. If "
            "this repeats, raise motion.distance_noise."
        )


class Drift:
    """Compares the places of corners with those at earlier images."""

    def __init__(self) -> None:
        self._last: Places | None = None
        self._earlier: deque[Places] = deque()

    def jumped(self, ids: Ids, inverse: Array, here: Array) -> bool:
        """Return whether corners have quite other inverse ranges (N,) than their last points predict from `here`."""
        if self._last is None:
            return False
        then, now = _common(self._last.ids, ids)
        if len(then) < FEWEST:
            return False
        predicted_m = _lengths(self._last.points[then] - here)
        return float(np.median(np.abs(np.log(np.maximum(predicted_m * inverse[now], 1e-3))))) > JUMP_LN

    def add(self, places: Places) -> Change:
        """Take the places at the next image, and return how they changed.

        Images whose ranges changed are not compared with later ones, so that a slow change adds up, and what was before
        wheels slipped tells when they no longer do.
        """
        while self._earlier and _outdated(self._earlier[0], places):
            self._earlier.popleft()
        change = self._change(places)
        self._last = None if change.problem else places
        if change.doubt_ln and change.images < LEAST_IMAGES:
            self._earlier.clear()
        elif change.doubt_ln or (self._earlier and _seconds(self._earlier[-1], places) < EVERY_S * EARLY):
            return change
        if max(places.shared_ln, places.doubt_ln) < EXACT_LN and len(places.ids) >= FEWEST:
            self._earlier.append(places)
            while len(self._earlier) > 1 and _seconds(self._earlier[1], places) >= BEFORE_S * EARLY:
                self._earlier.popleft()
        return change

    def _change(self, places: Places) -> Change:
        """Return the change against the earliest image that has enough corners in common."""
        for earlier in self._earlier:
            then, now = _common(earlier.ids, places.ids)
            if len(then) >= FEWEST:
                range_m = _lengths(places.points[now] - places.here)
                predicted_m = np.maximum(_lengths(earlier.points[then] - places.here), 1e-3)
                noise_ln = max(SLIPS_SIGMAS * math.hypot(earlier.shared_ln, places.shared_ln), places.doubt_ln)
                change_ln = float(np.median(np.log(range_m / predicted_m)))
                return Change(change_ln, noise_ln, _metres(earlier, places), len(self._earlier))
        return Change()


def _outdated(earlier: Places, later: Places) -> bool:
    return _seconds(earlier, later) > LONGEST_S and _metres(earlier, later) > LONGEST_M


def _lengths(vectors: Array) -> Array:
    return np.asarray(np.linalg.norm(vectors, axis=1))


def _metres(earlier: Places, later: Places) -> float:
    return float(np.linalg.norm(later.here - earlier.here))


def _seconds(earlier: Places, later: Places) -> float:
    return (later.stamp_ns - earlier.stamp_ns) / 1e9


def _common(first: Ids, second: Ids) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the indices of the corners that both have."""
    _, in_first, in_second = np.intersect1d(first, second, assume_unique=True, return_indices=True)
    return in_first, in_second
