# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The measurements of a level 2D lidar on a rendered drive, at the height of the camera or below it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.hints.gates import Measured, gated
from grin_ros.core.types import Hints, Placed
from grin_ros.lab.datasets.drives import DriveFrame

BAND_M, NOISE, REACH_M = 0.02, 0.01, 20.0
"""True points at most BAND_M above or below the plane of the lidar stand in for those of its rays."""


def scanned(frame: DriveFrame, below_m: float, pose: Transform | None, rng: np.random.Generator) -> Hints | None:
    """Return the hints of a lidar `below_m` metres below the camera, with 1 % of noise.

    pose: of the camera, as odometry tells it; None without odometry.
    """
    mounting = frame.camera.mounting
    assert mounting is not None
    points = (frame.camera.rays() * frame.range_m[..., None]).reshape(-1, 3).astype(np.float64)
    points = points[np.isfinite(points).all(axis=1)]
    level = points[np.abs(points @ mounting.up_optical() + below_m) < BAND_M]
    level *= 1.0 + NOISE * rng.standard_normal((len(level), 1))
    hints = gated(frame.camera, Measured(level, NOISE, 0.0, "scan"), REACH_M, 1.0).hints
    return replace(hints, placed=Placed(pose)) if hints is not None and pose is not None else hints
