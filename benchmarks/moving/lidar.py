# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The measurements of a level 2D lidar, at the height of the camera or below it, from exact depth."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.rays import points_from_range
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.hints.sensors.gates import Measured, gated
from grin_ros.core.types import Hints, Placed
from grin_ros.lab.datasets.drives import DriveFrame

BAND_M, NOISE, REACH_M = 0.02, 0.01, 20.0
STEP_RAD = math.radians(0.5)
"""The angle between two rays."""


def level_points(
    camera: Camera, range_m: NDArray[np.float32], below_m: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return what the rays of a level lidar `below_m` metres below the camera hit, and the numbers of these rays.

    range_m: (H, W) true ranges, NaN or inf where nothing is. For each step of bearing, the point that is nearest to the
    plane of the lidar, and at most BAND_M above or below it, stands in for a ray. Ray 0 looks ahead; those to its right
    have numbers above 0.
    """
    assert camera.mounting is not None
    up = camera.mounting.up_optical()
    points = points_from_range(range_m, camera.rays()).reshape(-1, 3).astype(np.float64)
    points = points[np.isfinite(points).all(axis=1)]
    away_m = np.abs(points @ up + below_m)
    points, away_m = points[away_m < BAND_M], away_m[away_m < BAND_M]
    right = np.cross([0.0, 0.0, 1.0], up)
    ray = np.rint(np.arctan2(points @ right, points @ np.cross(up, right)) / STEP_RAD).astype(np.intp)
    nearest = np.lexsort((away_m, ray))
    rays, first = np.unique(ray[nearest], return_index=True)
    return points[nearest[first]], rays


def level_hints(
    camera: Camera, range_m: NDArray[np.float32], rng: np.random.Generator, below_m: float = 0.0
) -> Hints | None:
    """Return the hints of `level_points`, with 1 % of noise."""
    hit, _ = level_points(camera, range_m, below_m)
    hit = hit * (1.0 + NOISE * rng.standard_normal((len(hit), 1)))
    return gated(camera, Measured(hit, NOISE, 0.0, "scan"), REACH_M).hints


def scanned(frame: DriveFrame, below_m: float, pose: Transform | None, rng: np.random.Generator) -> Hints | None:
    """Return the hints of a lidar `below_m` metres below the camera of a rendered drive.

    pose: of the camera, as odometry tells it; None without odometry.
    """
    hints = level_hints(frame.camera, frame.range_m, rng, below_m)
    return replace(hints, placed=Placed(pose)) if hints is not None and pose is not None else hints
