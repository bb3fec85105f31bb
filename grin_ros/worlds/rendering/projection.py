# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Projections from the world to the pixels of pinhole cameras, to shadow maps, and to mirror images."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera

NEAR_M, FAR_M = 0.03, 60.0  # the near and far plane in rooms
_CLEAR_M = 0.001  # a mirror image starts this far before the glass, so that the glass itself is not in it


def clip_from_optical(camera: Camera, near_m: float = NEAR_M, far_m: float = FAR_M) -> NDArray[np.float64]:
    """Return the matrix (4, 4) from the optical frame (x right, y down, z forward) to clip space.

    The rows of the image run downwards, and integer pixel coordinates are pixel centres. The camera is taken as a
    pinhole: its distortion is ignored.
    """
    matrix = np.zeros((4, 4))
    matrix[0, 0] = 2 * camera.fx / camera.width
    matrix[0, 2] = 2 * (camera.cx + 0.5) / camera.width - 1
    matrix[1, 1] = 2 * camera.fy / camera.height
    matrix[1, 2] = 2 * (camera.cy + 0.5) / camera.height - 1
    matrix[2, 2] = (far_m + near_m) / (far_m - near_m)
    matrix[2, 3] = -2 * far_m * near_m / (far_m - near_m)
    matrix[3, 2] = 1.0
    return matrix


def look(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the right, down and forward unit vectors of a view along a direction (3,), as the rows of (3, 3)."""
    forward = direction / np.linalg.norm(direction)
    right = np.cross(forward, [0.0, 0, 1] if abs(forward[2]) < 0.95 else [0.0, 1, 0])
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward])


def parallel(
    direction: NDArray[np.float64], centre: NDArray[np.float64], radius_m: float, deep_m: float
) -> NDArray[np.float64]:
    """Return the matrix (4, 4) from the world to the clip space of parallel light.

    It covers ``radius_m`` around the centre (3,), and ``deep_m`` before and behind it.
    """
    view = np.eye(4)
    view[:3, :3] = look(direction)
    view[:3, 3] = -view[:3, :3] @ centre
    matrix: NDArray[np.float64] = np.diag([1 / radius_m, 1 / radius_m, 1 / deep_m, 1.0]) @ view
    return matrix


def reflection(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix (4, 4) that mirrors points in a plane (4,): its unit normal and minus its distance."""
    matrix = np.eye(4)
    matrix[:3] -= 2 * np.outer(plane[:3], plane)
    return matrix


def _all() -> NDArray[np.float64]:
    return np.array([0.0, 0.0, 0.0, 1.0])


@dataclass(frozen=True)
class View:
    """A pinhole camera at a pose.

    Attributes:
        camera: The camera; its distortion is ignored.
        lens: The matrix from the optical frame to clip space, (4, 4).
        optical_from_world: The matrix from the world to the optical frame, (4, 4).
        before: A plane (4,). Only points on the side that its normal points to are drawn.
    """

    camera: Camera
    lens: NDArray[np.float64]
    optical_from_world: NDArray[np.float64]
    before: NDArray[np.float64] = field(default_factory=_all)

    @property
    def eye(self) -> NDArray[np.float64]:
        """The position of the camera in the world, (3,)."""
        return np.asarray(-self.optical_from_world[:3, :3].T @ self.optical_from_world[:3, 3])

    @property
    def clip_from_world(self) -> NDArray[np.float64]:
        """The matrix from the world to clip space, (4, 4)."""
        return np.asarray(self.lens @ self.optical_from_world)

    @property
    def slopes(self) -> tuple[float, ...]:
        """The scale of the lens in x and y, and the position of its axis in x and y, all in clip space."""
        return tuple(float(v) for v in (self.lens[0, 0], self.lens[1, 1], self.lens[0, 2], self.lens[1, 2]))

    def mirrored(self, plane: NDArray[np.float64]) -> View:
        """Return the view whose pixels show what this view sees in a mirror on a plane (4,)."""
        turned_over = self.optical_from_world @ reflection(plane)
        return View(self.camera, self.lens, turned_over, plane - np.array([0.0, 0.0, 0.0, _CLEAR_M]))

    def points(self, range_m: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the world points (h, w, 3) at the ranges (h, w) along the rays of the pixels."""
        k = self.camera
        x, y = (np.arange(k.width) - k.cx) / k.fx, (np.arange(k.height) - k.cy) / k.fy
        rays = np.stack(np.broadcast_arrays(x, y[:, None], 1.0), axis=-1)
        rays = rays * (range_m / np.linalg.norm(rays, axis=-1))[..., None]
        return np.asarray(rays @ self.optical_from_world[:3, :3] + self.eye)

    def sees(self, centre: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return a mask (n,) of the balls around ``centre`` (n, 3) that may be in view."""
        k = self.camera
        optical = centre @ self.optical_from_world[:3, :3].T + self.optical_from_world[:3, 3]
        keep = (optical[:, 2] > -radius) & (centre @ self.before[:3] + self.before[3] > -radius)
        for normal in (
            (k.fx, 0.0, k.cx + 0.5),
            (-k.fx, 0.0, k.width - 0.5 - k.cx),
            (0.0, k.fy, k.cy + 0.5),
            (0.0, -k.fy, k.height - 0.5 - k.cy),
        ):
            plane = np.array(normal)
            keep &= optical @ (plane / np.linalg.norm(plane)) > -radius
        return np.asarray(keep)
