# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The map: points that were triangulated before, in the fixed frame, which later views see again."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.motion.config import MIN_RANGE_M, POSITION_NOISE_M, MotionConfig
from grin_ros.core.types import DepthEstimate

Array = NDArray[np.float64]
Looks = NDArray[np.float32]

MOST_POINTS = 2000
"""The largest number of points that the map holds."""
LONGEST_AGE_S, LONGEST_TRAVEL_M = 60.0, 20.0
"""The age of a point, and the distance travelled since, at which it is taken out of the map."""
CELLS = 24
"""The image is divided into cells of a CELLS-th of its width. Points behind the nearest one of their neighbourhood are
hidden."""
BEHIND = 1.2
"""A point is hidden by what is nearer by more than this factor."""
COARSE_PX, PATCH = 160, 5
"""Points are compared by PATCH x PATCH pixels of the image reduced to COARSE_PX columns, where small errors of the pose
do not matter."""
LEAST_LIKENESS = 0.7
"""A point is shown again if the correlation with how it looked is at least this."""
FAINT = 5.0
"""Surroundings whose grey values vary less than this (root of the sum of squares) resemble nothing."""
STEP_PX = 8
"""Every STEP_PX-th row and column of an estimate hides what is behind it."""
LEAST_Z = 0.1
"""Points count whose direction has at least this z component."""


@dataclass(frozen=True)
class Seen:
    """Points in one view: pixels (M, 2), range_m (M,), sigma_ln (M,), age_s (M,)."""

    pixels: Array
    range_m: Array
    sigma_ln: Array
    age_s: Array


def appearance(image: NDArray[np.uint8], places: Array) -> Looks:
    """Return the surroundings of places (N, 2), in widths of the image, in an image of COARSE_PX columns.

    The result has a mean of 0 and a length of 1, so that the product of two is their correlation.
    """
    reach = np.arange(PATCH) - PATCH // 2
    centre = places * COARSE_PX - 0.5
    u = (centre[:, :1] + np.tile(reach, PATCH)).astype(np.float32)
    v = (centre[:, 1:] + np.repeat(reach, PATCH)).astype(np.float32)
    if not len(u):
        return np.zeros((0, PATCH * PATCH), np.float32)
    found = cv2.remap(image.astype(np.float32), u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    found -= found.mean(axis=1, keepdims=True)
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), FAINT), np.float32)


class PointMap:
    """At most MOST_POINTS points in the fixed frame; the oldest ones give way."""

    def __init__(self, config: MotionConfig) -> None:
        self._config = config
        self.clear()

    def clear(self) -> None:
        """Forget all points."""
        self._points: Array = np.zeros((0, 3))
        self._sigma_m: Array = np.zeros(0)
        self._ids: NDArray[np.int64] = np.zeros(0, np.int64)
        self._stamp_ns: NDArray[np.int64] = np.zeros(0, np.int64)
        self._travelled_m: Array = np.zeros(0)
        self._looks: Looks = np.zeros((0, PATCH * PATCH), np.float32)

    def __len__(self) -> int:
        return len(self._ids)

    def put(
        self,
        ids: NDArray[np.int64],
        points: Array,
        sigma_m: Array,
        looks: Looks,
        stamp_ns: int,
        travelled_m: float,
    ) -> None:
        """Put points (N, 3) of the fixed frame with one standard deviation (N,) in metres into the map.

        ids: the corner that each point belongs to; it replaces an earlier point of the same corner. looks: of
        `appearance`.
        """
        known = ~np.isin(self._ids, ids)
        known &= stamp_ns - self._stamp_ns <= LONGEST_AGE_S * 1e9
        known &= travelled_m - self._travelled_m <= LONGEST_TRAVEL_M
        left = np.flatnonzero(known)[max(0, int(known.sum()) + len(ids) - MOST_POINTS) :]
        chosen = slice(max(0, len(ids) - MOST_POINTS), None)
        ids = ids[chosen]
        self._ids = np.concatenate([self._ids[left], ids])
        self._points = np.concatenate([self._points[left], points[chosen]])
        self._sigma_m = np.concatenate([self._sigma_m[left], sigma_m[chosen]])
        self._looks = np.concatenate([self._looks[left], looks[chosen]])
        self._stamp_ns = np.concatenate([self._stamp_ns[left], np.full(len(ids), stamp_ns)])
        self._travelled_m = np.concatenate([self._travelled_m[left], np.full(len(ids), travelled_m)])

    def seen(
        self,
        camera: Camera,
        pose: Transform,
        stamp_ns: int,
        travelled_m: float,
        pixels_tracked: Array,
        range_tracked_m: Array,
        ids: NDArray[np.int64],
        surface: Surface | None,
        image: NDArray[np.uint8],
    ) -> Seen:
        """Return what the view at `pose` sees of the map.

        pixels_tracked, range_tracked_m: what corners that are followed tell of this view, and ids: these corners. Where
        they tell something, the map adds nothing. surface: what hides points behind it. image: the view with
        COARSE_PX columns; points that look otherwise there are left out. A point's sigma grows with the distance
        travelled since, by the noise of the poses.
        """
        config = self._config
        candidates = (stamp_ns - self._stamp_ns <= LONGEST_AGE_S * 1e9) & ~np.isin(self._ids, ids)
        candidates &= travelled_m - self._travelled_m <= LONGEST_TRAVEL_M
        index = np.flatnonzero(candidates)
        points = (self._points[index] - pose.translation_m) @ pose.rotation
        range_m = np.linalg.norm(points, axis=1)
        near = (points[:, 2] > LEAST_Z * range_m) & (range_m > MIN_RANGE_M) & (range_m < config.max_range_m)
        if surface is not None:
            near &= ~surface.hides(self._points[index])
        pixels = camera.project(points)
        near &= camera.contains(pixels)
        index, pixels, range_m = index[near], pixels[near], range_m[near]
        visible = _visible(pixels, range_m, pixels_tracked, range_tracked_m, camera)
        visible &= (appearance(image, (pixels + 0.5) / camera.width) * self._looks[index]).sum(axis=1) >= LEAST_LIKENESS
        index, pixels, range_m = index[visible], pixels[visible], range_m[visible]
        drift_m = config.distance_noise * (travelled_m - self._travelled_m[index])
        sigma_m = np.hypot(np.hypot(self._sigma_m[index], drift_m), POSITION_NOISE_M)
        return Seen(pixels, range_m, sigma_m / range_m, (stamp_ns - self._stamp_ns[index]) / 1e9)


class Surface:
    """A depth map in the fixed frame, coarse: it hides what lies well behind it."""

    def __init__(self, estimate: DepthEstimate, camera: Camera, pose: Transform) -> None:
        self._camera, self._pose = camera, pose
        rays = camera.rays()[::STEP_PX, ::STEP_PX]
        with np.errstate(invalid="ignore", divide="ignore"):
            range_m = estimate.depth_m[::STEP_PX, ::STEP_PX] / rays[..., 2]
        # The farthest of the neighbourhood: edges of estimates are a few pixels off.
        unknown = np.where(np.isfinite(range_m), range_m, np.float32(1e9)).astype(np.float32)
        self._range_m = np.asarray(cv2.dilate(unknown, np.ones((3, 3), np.uint8)))

    def hides(self, points: Array) -> NDArray[np.bool_]:
        """Return which points (N, 3) of the fixed frame lie behind it."""
        local = (points - self._pose.translation_m) @ self._pose.rotation
        range_m = np.linalg.norm(local, axis=1)
        pixels = self._camera.project(local)
        rows, cols = self._range_m.shape
        inside = (local[:, 2] > LEAST_Z * range_m) & self._camera.contains(pixels)
        u, v = np.rint(np.where(inside[:, None], pixels, 0.0) / STEP_PX).astype(np.intp).T
        return np.asarray(inside & (range_m > BEHIND * self._range_m[np.minimum(v, rows - 1), np.minimum(u, cols - 1)]))


def _visible(
    pixels: Array, range_m: Array, pixels_tracked: Array, range_tracked_m: Array, camera: Camera
) -> NDArray[np.bool_]:
    """Return which points (N,) lie in cells of the image without tracked corners, and are not behind the nearest point
    of their own or a neighbouring cell."""
    scale = CELLS / camera.width
    cell, taken = (np.floor(np.maximum(one, 0.0) * scale).astype(np.intp) for one in (pixels, pixels_tracked))
    size = (CELLS + 1, int(camera.height * scale) + 2)
    nearest = np.full(size, np.inf, np.float32)
    np.minimum.at(nearest, (cell[:, 0], cell[:, 1]), range_m.astype(np.float32))
    np.minimum.at(nearest, (taken[:, 0], taken[:, 1]), range_tracked_m.astype(np.float32))
    around = np.asarray(cv2.erode(nearest, np.ones((3, 3), np.uint8)))
    free = np.ones(size, np.bool_)
    free[taken[:, 0], taken[:, 1]] = False
    u, v = cell[:, 0], cell[:, 1]
    return np.asarray(free[u, v] & (range_m <= BEHIND * around[u, v]))
