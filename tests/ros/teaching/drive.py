# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A robot that turns to and fro in a square room whose walls are painted by azimuth: camera and level lidar."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting

CAMERA = Camera(160, 120, 100.0, 100.0, 79.5, 59.5, mounting=Mounting(0.5, 0.0, 0.0))
HALF_M = 3.0
_PAINT = np.random.default_rng(5).integers(20, 236, (48, 720)).astype(np.float64)


@dataclass(frozen=True)
class Moment:
    stamp_s: float
    image: NDArray[np.uint8]
    camera: Camera
    place: tuple[float, float, float]
    scan_rad: NDArray[np.float64]
    scan_m: NDArray[np.float64]


def yaw(time_s: float) -> float:
    """Return a heading that turns back and forth, never twice at the same pace."""
    return 0.6 * math.sin(1.7 * time_s) + 0.3 * math.sin(0.9 * time_s + 1.0)


def wall_m(azimuth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance to the wall; one corner of the room is cut off, so that no turn looks like another."""
    distance = HALF_M / np.maximum(np.abs(np.cos(azimuth)), np.abs(np.sin(azimuth)))
    return np.where(np.cos(azimuth - 0.6) > 0.92, 0.6 * distance, distance)


def moments(seconds: float = 12.0, hz: float = 10.0) -> Iterator[Moment]:
    rays = CAMERA.rays().astype(np.float64)
    across = -np.arctan2(rays[..., 0], rays[..., 2])
    scan_rad = np.linspace(-math.radians(120), math.radians(120), 241)
    for number in range(round(seconds * hz)):
        time_s = number / hz
        heading = yaw(time_s)
        azimuth = np.mod(across + heading, 2.0 * math.pi)
        height = np.clip((rays[..., 1] / rays[..., 2] + 0.6) / 1.2 * 47, 0, 47).astype(np.intp)
        column = (azimuth / (2.0 * math.pi) * 719).astype(np.intp)
        image = np.repeat(_PAINT[height, column][..., None], 3, -1).astype(np.uint8)
        yield Moment(time_s, image, CAMERA, (0.0, 0.0, heading), scan_rad, wall_m(scan_rad + heading))
