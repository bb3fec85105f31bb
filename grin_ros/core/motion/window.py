# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The window of earlier views: the poses of the camera there, and the rays of the corners that are still followed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.motion.config import POSITION_NOISE_M
from grin_ros.core.motion.pictures import Picture
from grin_ros.core.motion.triangulation import Views

Array = NDArray[np.float64]

VIEWS = 40
"""The largest number of earlier views that are kept."""
FITTED_VIEWS = 7
"""So many of them triangulate."""


class Pose(NamedTuple):
    """A pose in the fixed frame. fixed_from_optical: the transform. travelled_m: the length of the path up to it."""

    fixed_from_optical: Transform
    travelled_m: float


class Window:
    """At most VIEWS earlier views. All arrays have the corners of the last image as their columns."""

    def __init__(self) -> None:
        self._poses: list[Pose] = []
        self._rays: Array = np.zeros((0, 0, 3))
        self._pictures: list[Picture] = []

    def __len__(self) -> int:
        return len(self._poses)

    def follow(self, kept: NDArray[np.intp], added: int) -> None:
        """Keep these corners only, and make room for those that were added."""
        rays = self._rays[:, kept]
        seen = np.atleast_1d(np.isfinite(rays[..., 0]).any(axis=1))
        if not seen.all():  # no corner is left that a view shares with the present one
            left = np.flatnonzero(seen)
            self._poses, self._pictures = [self._poses[i] for i in left], [self._pictures[i] for i in left]
            rays = rays[seen]
        room = np.full((len(rays), added, 3), np.nan)
        self._rays = np.concatenate([rays, room], axis=1)

    def add(self, pose: Pose, rays: Array, picture: Picture) -> None:
        """Add a view with the unit rays (N, 3) of the corners and its image; the oldest one gives way."""
        first = 1 if len(self._poses) == VIEWS else 0
        self._poses = [*self._poses[first:], pose]
        self._pictures = [*self._pictures[first:], picture]
        self._rays = np.concatenate([self._rays[first:], rays[None]])

    def clear(self) -> None:
        """Forget all views."""
        self._poses, self._rays, self._pictures = [], self._rays[:0], []

    def parallax_rad(self, pose: Pose, rays: Array) -> float:
        """Return the median angle of the corners (N, 3) against the last view, without the rotation; inf if the two
        share few corners."""
        before = self._rays[-1]
        turn = self._poses[-1].fixed_from_optical.rotation.T @ pose.fixed_from_optical.rotation
        angles = np.linalg.norm(rays @ turn.T - before, axis=1)
        shared = np.isfinite(angles)
        return float(np.median(angles[shared])) if shared.sum() * 3 >= len(rays) else np.inf

    def baselines_m(self, pose: Pose) -> Array:
        """Return the distance (V,) of the camera from each view, in metres."""
        here = pose.fixed_from_optical.translation_m
        places = np.array([one.fixed_from_optical.translation_m for one in self._poses]).reshape(-1, 3)
        return np.asarray(np.sqrt(((places - here) ** 2).sum(axis=1)))

    def relative(self, pose: Pose, distance: float, rotation_rad: float) -> tuple[Views, list[Picture]]:
        """Return at most FITTED_VIEWS views as seen from `pose`, more of the late ones than of the early ones, and
        their images.

        distance, rotation_rad: the noise of the poses as in `MotionConfig`, the second in radians.
        """
        last = len(self._poses) - 1
        shares = np.linspace(0.0, 1.0, min(FITTED_VIEWS, last + 1)) ** 1.3
        chosen = np.unique(np.rint(last * (1.0 - shares)).astype(np.intp))
        poses = [self._poses[index].fixed_from_optical for index in chosen]
        rotation = np.stack([one.rotation.T @ pose.fixed_from_optical.rotation for one in poses])
        translation = np.stack(
            [one.rotation.T @ (pose.fixed_from_optical.translation_m - one.translation_m) for one in poses]
        )
        length = np.linalg.norm(translation, axis=1)
        sigma = np.full((len(chosen), 6), rotation_rad)
        sigma[:, 3:] = np.hypot(distance * length, POSITION_NOISE_M)[:, None] + 1e-5
        rays = self._rays[chosen]
        views = Views(rotation, translation, rays, np.isfinite(rays[..., 0]), sigma)
        return views, [self._pictures[index] for index in chosen]
