# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The rays of a camera in the world of a render, and a light for renders."""

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
