# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The measurements of a level 2D lidar, at the height of the camera or below it, from exact depth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.hints.gates import Measured, gated
from grin_ros.core.types import Hints, Placed
from grin_ros.lab.datasets.drives import DriveFrame

BAND_M, NOISE, REACH_M = 0.02, 0.01, 20.0


def level_hints(
    camera: Camera,
    points: NDArray[np.float64],
    rng: np.random.Generator,
    below_m: float = 0.0,
    band_m: float = BAND_M,
    turned: Transform | None = None,
) -> Hints | None:
    """Return the hints of a lidar `below_m` metres below the camera, with 1 % of noise.

    points: (N, 3) true points in the optical frame, NaN where nothing is. Those at most `band_m` above or below the
    plane of the lidar stand in for those of its rays. turned: an error of the pose of the lidar.
    """
    assert camera.mounting is not None
    points = points[np.isfinite(points).all(axis=1)]
    level = points[np.abs(points @ camera.mounting.up_optical() + below_m) < band_m]
    level *= 1.0 + NOISE * rng.standard_normal((len(level), 1))
    return gated(camera, Measured(turned(level) if turned else level, NOISE, 0.0, "scan"), REACH_M).hints


def scanned(frame: DriveFrame, below_m: float, pose: Transform | None, rng: np.random.Generator) -> Hints | None:
    """Return the hints of a lidar `below_m` metres below the camera of a rendered drive.

    pose: of the camera, as odometry tells it; None without odometry.
    """
    points = (frame.camera.rays() * frame.range_m[..., None]).reshape(-1, 3).astype(np.float64)
    hints = level_hints(frame.camera, points, rng, below_m)
    return replace(hints, placed=Placed(pose)) if hints is not None and pose is not None else hints
