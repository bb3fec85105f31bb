# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A world of boxes on a floor with exact depth by ray casting, and estimates of it with noise of known sigma."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.types import DepthEstimate

FLOOR_ENDS_M = 60.0
Box = tuple[tuple[float, float, float], tuple[float, float, float]]
"""The lowest and the highest corner, in metres."""


@dataclass(frozen=True)
class Pose:
    """The pose of the camera on the ground; height and tilt are in the camera's mounting."""

    x_m: float = 0.0
    y_m: float = 0.0
    yaw_rad: float = 0.0

    def to_world(self, camera: Camera) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the rotation (3, 3) of the optical frame and the camera's centre (3,)."""
        assert camera.mounting is not None
        sin, cos = math.sin(self.yaw_rad), math.cos(self.yaw_rad)
        turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
        return turn @ camera.mounting.rotation(), np.array([self.x_m, self.y_m, camera.mounting.height_m])


@dataclass(frozen=True)
class World:
    """A world of named boxes on the floor z = 0, under an open sky."""

    boxes: Mapping[str, Box] = field(default_factory=dict)

    def without(self, name: str) -> World:
        """Return the world without this box."""
        return World({key: box for key, box in self.boxes.items() if key != name})

    def depth_m(self, camera: Camera, pose: Pose) -> NDArray[np.float32]:
        """Return exact depth along z (H, W); +inf where there is nothing."""
        rotation, centre = pose.to_world(camera)
        rays = camera.rays().astype(np.float64) @ rotation.T
        ranges = [floor_range(centre, rays, FLOOR_ENDS_M)]
        ranges += [box_range(centre, rays, np.array(low), np.array(high)) for low, high in self.boxes.values()]
        return np.asarray(np.min(ranges, axis=0) * camera.rays()[..., 2], np.float32)


def exact(depth_m: NDArray[np.float32], relative_sigma: float = 0.01) -> DepthEstimate:
    """Return the true depth as an estimate with this relative sigma."""
    known_m = np.where(np.isfinite(depth_m), depth_m, np.float32(np.nan))
    return DepthEstimate(depth_m, np.float32(relative_sigma) * known_m)


def noisy(depth_m: NDArray[np.float32], relative_sigma: float, rng: np.random.Generator) -> DepthEstimate:
    """Return an estimate whose ln(depth) has errors of this sigma, similar to those of a network.

    Three quarters of the variance are one scale error of the whole frame, one quarter varies smoothly over the image.
    Edges are ramps of a few pixels.
    """
    height, width = depth_m.shape
    smooth = cv2.resize(rng.standard_normal((4, 5)).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    log_error = relative_sigma * (math.sqrt(0.75) * rng.standard_normal() + 0.5 * smooth)
    known = np.isfinite(depth_m)
    blurred = cv2.blur(np.where(known, depth_m, FLOOR_ENDS_M).astype(np.float32), (3, 3))
    estimate = np.where(known, blurred * np.exp(log_error), np.inf).astype(np.float32)
    return DepthEstimate(estimate, np.where(known, relative_sigma * estimate, np.nan).astype(np.float32))


def box_range(
    origin: NDArray[np.float64], rays: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the range to a box from outside, inf where the ray misses it (slab test)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = (low - origin) / rays, (high - origin) / rays
        near, far = np.minimum(a, b).max(axis=-1), np.maximum(a, b).min(axis=-1)
        return np.where((near <= far) & (far > 0), near, np.inf)


def floor_range(origin: NDArray[np.float64], rays: NDArray[np.float64], ends_m: float) -> NDArray[np.float64]:
    """Return the range to the floor z = 0, inf beyond ``ends_m``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ground = np.where(rays[..., 2] < 0, -origin[2] / rays[..., 2], np.inf)
    return np.where(ground > ends_m, np.inf, ground)
