# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A rendered robot in a room of its own: a camera at 0.5 m and a level 2D lidar at 0.2 m, with exact ranges."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting

LENS = Camera(320, 240, 200.0, 200.0, 159.5, 119.5, mounting=Mounting(0.5, 0.0, math.radians(8.0)))
LIDAR_HEIGHT_M = 0.2
LIDAR = Camera(320, 240, 112.0, 112.0, 159.5, 119.5)
"""The renderer looks through this level camera of 110 degrees for the lidar, which takes its middle row."""
SEEDS = range(9_001, 9_020)
"""Seeds of rooms that no training has used. The first one with a free path is taken."""
REACH_M, TURN_RAD = 0.8, 0.7
HZ = 3.0


@dataclass(frozen=True)
class RobotFrame:
    """One moment of a drive. range_m: (H, W), exact. place: x and y in metres and the heading in radians, to the left,
    of the robot in a level frame that stands still. scan_rad, scan_m: (N,) the lidar's rays, to the left of ahead, and
    their ranges, inf where nothing was hit. The lidar stands straight below the camera, at LIDAR_HEIGHT_M."""

    stamp_s: float
    image: NDArray[np.uint8]
    range_m: NDArray[np.float32]
    camera: Camera
    place: tuple[float, float, float]
    scan_rad: NDArray[np.float64]
    scan_m: NDArray[np.float64]


def robot_drive(frames: int) -> Iterator[RobotFrame]:
    """Render a drive. Raises ValueError where no room has a free path, RuntimeError where there is no OpenGL."""
    from grin_ros.worlds.assets.assets import Assets
    from grin_ros.worlds.cameras.capture import capture_range, pose
    from grin_ros.worlds.rendering.renderer import Renderer
    from grin_ros.worlds.scene import Placement
    from grin_ros.worlds.sequence import render_sequence

    renderer = Renderer(LENS.width, LENS.height)
    try:
        for seed in SEEDS:
            try:
                views = render_sequence(renderer, seed, Assets(), LENS, frames, reach_m=REACH_M, turn_rad=TURN_RAD)
            except ValueError:  # no free path in this room
                continue
            azimuth, cos = _rays()
            for number, view in enumerate(views):
                here = view.placement
                low = np.array([here.position[0], here.position[1], here.position[2] - here.height_m + LIDAR_HEIGHT_M])
                level = Placement(low, here.yaw_rad, 0.0, 0.0, LIDAR_HEIGHT_M)
                row_m = capture_range(renderer, LIDAR, pose(level))[LIDAR.height // 2].astype(np.float64)
                scan_m = np.nan_to_num(row_m, nan=np.inf) * cos
                place = (float(low[0]), float(low[1]), here.yaw_rad)
                scan_rad, scan_m = azimuth[::-1].copy(), scan_m[::-1].copy()
                yield RobotFrame(number / HZ, view.image, view.range_m, view.camera, place, scan_rad, scan_m)
            return
        raise ValueError(f"no room of the seeds {SEEDS.start} to {SEEDS.stop - 1} has a free path; take other seeds")
    finally:
        renderer.close()


def _rays() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the azimuth of the middle row's pixels, to the left of ahead, and the cosine of their elevation."""
    rays = LIDAR.rays()[LIDAR.height // 2].astype(np.float64)
    return -np.arctan2(rays[:, 0], rays[:, 2]), np.hypot(rays[:, 0], rays[:, 2])
