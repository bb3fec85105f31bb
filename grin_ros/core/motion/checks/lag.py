# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The lag of odometry behind the images, from how fast both see the camera turn."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.motion.checks.turning import Turning, offset_between

Array = NDArray[np.float64]

KEPT_S = 20.0
"""The turns of so many last seconds are compared."""
EVERY_S = 1.0
"""The lag is estimated so often."""
MOST_LAG_S = 0.5
"""Lags up to this are looked for. Odometry whose newest pose is older is silent, and images without odometry are not
compared."""
SHORTEST_S = 2.0
"""A lag is looked for in turns that were seen for at least so long."""
NOTABLE_S = 0.08
"""Odometry is called late, or early, from this lag on."""
FEWEST = 20
"""A rotation is measured with at least this number of corners."""
PASSES = 4


class _Turn(NamedTuple):
    """before_s, after_s: the stamps of two images or poses. vector (3,): the rotation between the two, in rad."""

    before_s: float
    after_s: float
    vector: Array


class LagCheck:
    """Compares the turns of the last images with those of odometry."""

    def __init__(self) -> None:
        self._images: deque[_Turn] = deque()
        self._odometry: deque[_Turn] = deque()
        self._image_s: float | None = None  # of the last image
        self._pose: tuple[float, Transform] | None = None  # the last one that was measured
        self._checked_s = -np.inf
        self.lag_s: float | None = None
        """How much later odometry shows a turn than the images do; None if it is not known."""

    def add(self, stamp_ns: int, before: Array, now: Array, pose: Transform | None, pose_ns: int | None = None) -> None:
        """Take the next image: the unit rays (N, 3) of the corners that the last image shows too, there and here, and
        a pose of the camera.

        pose: the newest one that was measured, or lies between measured ones; None if there is none. One that was
        continued shows every turn too late. pose_ns: its stamp, if it is not that of the image.
        """
        stamp_s, pose_s = stamp_ns / 1e9, (stamp_ns if pose_ns is None else pose_ns) / 1e9
        if pose is None or stamp_s - pose_s > MOST_LAG_S:
            self._image_s = self._pose = None
            return
        last_s, self._image_s = self._image_s, stamp_s
        seen = np.isfinite(before[:, 0]) & np.isfinite(now[:, 0])
        if last_s is not None and last_s < stamp_s and seen.sum() >= FEWEST:
            self._images.append(_Turn(last_s, stamp_s, turned(before[seen], now[seen])))
        if self._pose is None or self._pose[0] < pose_s:
            last, self._pose = self._pose, (pose_s, pose)
            if last is not None:
                by_odometry, _ = cv2.Rodrigues(pose.rotation.T @ last[1].rotation)
                self._odometry.append(_Turn(last[0], pose_s, np.asarray(by_odometry[:, 0], np.float64)))
        for turns in (self._images, self._odometry):
            while turns and stamp_s - turns[0].after_s > KEPT_S:
                turns.popleft()
        if self._odometry and stamp_s - self._checked_s >= EVERY_S:
            self._checked_s = stamp_s
            self.lag_s = self._lag_s()

    def _lag_s(self) -> float | None:
        """Return the lag of the turns about the axis about which odometry turns most."""
        _, _, axes = np.linalg.svd(np.array([one.vector for one in self._odometry]), full_matrices=False)
        images, odometry = Turning(), Turning()
        for turning, turns in ((images, self._images), (odometry, self._odometry)):
            for one in turns:
                turning.add(one.before_s, one.after_s, float(one.vector @ axes[0]))
        found = offset_between(images, odometry, MOST_LAG_S, SHORTEST_S)
        return None if found.mirrored else found.seconds

    @property
    def text(self) -> str:
        """The lag in words, for /diagnostics; empty if there is none that stands out."""
        if self.lag_s is None or abs(self.lag_s) < NOTABLE_S:
            return ""
        return (
            f"odometry shows turns {abs(self.lag_s) * 1e3:.0f} ms {'later' if self.lag_s > 0.0 else 'earlier'} than "
            "the images do: stamp both when they are measured and not when they arrive, and synchronise the clocks "
            "(chrony, PTP)"
        )


def turned(before: Array, now: Array) -> Array:
    """Return the rotation vector (3,) in rad that takes unit rays (N, 3) of one image to those of the next best.

    The angle is small. Rays that move otherwise, because they are near or move themselves, lose weight.
    """
    weight, vector = np.ones(len(before)), np.zeros(3)
    difference = now - before
    for _ in range(PASSES):
        weighted = weight[:, None] * before
        system = weight.sum() * np.eye(3) - weighted.T @ before
        products = weighted.T @ now  # its skew part is the sum of the cross products
        right = (products - products.T)[(1, 2, 0), (2, 0, 1)]
        vector = np.linalg.solve(system + 1e-9 * np.eye(3), right)
        x, y, z = vector
        missed = difference - before @ np.array([[0.0, z, -y], [-z, 0.0, x], [y, -x, 0.0]])  # vector x before
        missed = np.sqrt(np.einsum("ni,ni->n", missed, missed))
        middle = len(missed) // 2
        usual = max(float(np.partition(missed, middle)[middle]), 1e-6)
        weight = 1.0 / (1.0 + (missed / usual) ** 2)
    return np.asarray(vector)
