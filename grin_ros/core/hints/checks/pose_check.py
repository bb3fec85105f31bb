# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Notices while the robot drives that the pose of a sensor is wrong by many degrees.

Hints that are held back cannot show that: their neighbours are wrong in the same way. But the network sees shapes. With
the right pose the hints differ from its answer, but for one factor, less than with any other. In every new view the
hints of a sensor are turned in some directions, and how much they differ then is compared with how much they differ as
they are. One view proves nothing; the mean over many does.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.rays import grid_cells
from grin_ros.core.hints.sources import MAPPED, TRACKED
from grin_ros.core.types import HintReport, Hints

STEP_DEG = 8.0
_STEPS_DEG = (-2 * STEP_DEG, -STEP_DEG, 0.0, STEP_DEG, 2 * STEP_DEG)
MOST_POINTS = 300
"""At most so many hints of a source are turned."""
FEWEST, LEAST_SHARE = 20, 0.4
"""A direction counts if at least so many hints, and this share, lie in the image then."""
MOST_LN = 1.0
"""Larger differences count as this one, so that outliers decide nothing."""
NEW_VIEW_LN = 0.15
"""A view is new if the network's answer differs from that of the last view by more than this, on average but for one
factor. Views of one place say the same."""
EVERY = 5
"""Every so many frames with hints the view may be compared. That takes some milliseconds."""
ENOUGH_VIEWS, MOST_VIEWS = 30, 60
BETTER = 0.9
"""A pose is doubted if the hints differ from the network by less than this share of what they differ as they are. It
was chosen on the development frames: with the right pose no other direction is better by more than 2 %."""


@dataclass(frozen=True)
class Turned:
    """A direction in which the hints of a source fit the image better.

    up_deg, right_deg: how far their points must move in the image. upside_down: they must be turned about the optical
    axis. share: how much they differ from the network then, as a share of how much they differ as they are.
    """

    source: str
    up_deg: float
    right_deg: float
    upside_down: bool
    share: float

    @property
    def text(self) -> str:
        """Return the direction in words, such as 'lie 8 degrees higher and 16 degrees to the left'."""
        if self.upside_down:
            return "are turned by 180 degrees about the optical axis"
        parts = []
        if self.up_deg:
            parts.append(f"{abs(self.up_deg):g} degrees {'higher' if self.up_deg > 0 else 'lower'}")
        if self.right_deg:
            parts.append(f"{abs(self.right_deg):g} degrees to the {'right' if self.right_deg > 0 else 'left'}")
        return f"lie {' and '.join(parts)}"


_DIRECTIONS = [(0.0, 0.0, False), *((u, r, False) for u, r in itertools.product(_STEPS_DEG, _STEPS_DEG) if u or r)]
_DIRECTIONS.append((0.0, 0.0, True))


def _rotation(up_deg: float, right_deg: float, upside_down: bool) -> NDArray[np.float64]:
    """Return the matrix (3, 3) that turns points of the optical frame (x to the right, y down) in a direction."""
    axes = (math.radians(up_deg), 0.0, 0.0), (0.0, math.radians(right_deg), 0.0)
    up, right = (cv2.Rodrigues(np.array(axis))[0] for axis in axes)
    return np.asarray(up @ right * ([[-1.0], [-1.0], [1.0]] if upside_down else 1.0), np.float64)


_ROTATIONS = np.stack([_rotation(*direction) for direction in _DIRECTIONS])


class PoseCheck:
    """Compares the hints of each source with the network in new views. Not thread safe."""

    def __init__(self) -> None:
        self._frames = 0
        self._last: NDArray[np.float32] | None = None
        self._views: dict[str, deque[NDArray[np.float64]]] = {}
        self.turned: Turned | None = None
        """The direction in which the hints of a source fit better; None if no pose is doubted."""

    def forget(self) -> None:
        """Forget all views."""
        self._frames = 0
        self._last = None
        self._views.clear()
        self.turned = None

    def __call__(self, camera: Camera, hints: Hints | None, report: HintReport | None) -> None:
        """Compare the hints of a frame with what the network alone said of it, if the view is new."""
        if hints is None or report is None or report.alone_ln is None:
            return
        self._frames += 1
        if self._frames % EVERY != 1 or not self._is_new(report.alone_ln):
            return
        self._last = report.alone_ln
        for name in set(hints.sources) - {TRACKED, MAPPED}:  # those of motion have the pixels of their corners
            own = hints.chosen(hints.of(name))
            misfits = _misfits(camera, own, report.alone_ln)
            if misfits[0] > 0.0:
                better_ln = np.nan_to_num(np.log(np.maximum(misfits, 1e-6) / misfits[0]))
                self._views.setdefault(name, deque(maxlen=MOST_VIEWS)).append(better_ln)
        self.turned = self._turned()

    @property
    def text(self) -> str:
        """Return one line about the poses of the sensors, for /diagnostics; empty before the first view."""
        if not self._views:
            return ""
        if (found := self.turned) is not None:
            return f"hints.{found.source} fits the image better by {1.0 - found.share:.0%} if its points {found.text}"
        count = min(map(len, self._views.values()))
        if count < ENOUGH_VIEWS:
            return f"not known yet, {count} of {ENOUGH_VIEWS} different views have been seen"
        return f"no other direction fits the image clearly better in {count} views"

    def _turned(self) -> Turned | None:
        for name, views in self._views.items():
            if len(views) >= ENOUGH_VIEWS:
                mean_ln = np.mean(views, axis=0)
                best = int(np.argmin(mean_ln))
                if (share := math.exp(mean_ln[best])) < BETTER:
                    return Turned(name, *_DIRECTIONS[best], share)
        return None

    def _is_new(self, alone_ln: NDArray[np.float32]) -> bool:
        if self._last is None or self._last.shape != alone_ln.shape:
            return True
        change_ln = alone_ln - self._last
        return bool(np.abs(change_ln - np.median(change_ln)).mean() > NEW_VIEW_LN)


def _misfits(camera: Camera, hints: Hints, alone_ln: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how much the hints, turned in every direction, differ from the network; NaN where too few are seen."""
    if len(hints) > MOST_POINTS:
        hints = hints.chosen(np.random.default_rng(0).permutation(len(hints))[:MOST_POINTS])
    points = camera.unproject(hints.pixels.astype(np.float64)) * hints.range_m[:, None]
    turned = points @ _ROTATIONS.transpose(0, 2, 1)
    pixels = camera.project(turned.reshape(-1, 3)).reshape(len(_ROTATIONS), -1, 2)
    rows, cols = alone_ln.shape
    found = np.full(len(_ROTATIONS), np.nan)
    for index, at in enumerate(pixels):
        seen = camera.contains(at)
        if seen.sum() >= max(FEWEST, LEAST_SHARE * len(hints)):
            cells = grid_cells(at[seen], camera.width, camera.height, cols, rows)
            differs_ln = np.log(hints.range_m[seen]) - alone_ln[cells]
            found[index] = np.minimum(np.abs(differs_ln - np.median(differs_ln)), MOST_LN).mean()
    return found
