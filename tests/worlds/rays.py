# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Expected ranges for renders: the rays of the project's own camera, and a box on a floor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.cameras.capture import pose
from grin_ros.worlds.rendering.light import Lighting
from grin_ros.worlds.scene import Placement

LIGHTING = Lighting(
    sun_direction=np.array([0.0, 0.3, -0.95]),
    sun=np.ones(3),
    lamps=((np.array([2.0, 2.0, 2.0]), np.ones(3)),),
    ambient_up=np.ones(3),
    ambient_down=np.ones(3),
    room=(np.zeros(3), np.full(3, 4.0)),
)


def world_rays(camera: Camera, placement: Placement) -> NDArray[np.float64]:
    """Return the unit rays (h, w, 3) of a camera in the world frame."""
    turned: NDArray[np.float64] = camera.rays().astype(np.float64) @ pose(placement)[:3, :3]
    return turned


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
