# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The measurements of a level 2D lidar at the camera on the recorded drive, with odometry."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.driving.room_drive import LENS, number, pose, seen, truth_m
from benchmarks.moving.lidar import level_hints
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.types import Hints, Placed

BAND_M = 0.05
"""True points at most this far above or below the camera stand in for those of the lidar."""


@cache
def _truth() -> dict[int, NDArray[np.float32]]:
    return truth_m()


def lidar_hints(stamp_ns: int, turned: Transform | None = None) -> Hints | None:
    """Return the hints of the frame with this stamp, with 1 % of noise. turned: an error of the pose of the lidar.

    The pose of the camera is known, so that answers are carried from frame to frame.
    """
    rays = seen(LENS.rays())
    points = (rays / rays[..., 2:] * _truth()[stamp_ns][..., None]).reshape(-1, 3).astype(np.float64)
    hints = level_hints(LENS, points, np.random.default_rng(stamp_ns % 2**32), band_m=BAND_M, turned=turned)
    return hints and replace(hints, placed=Placed(pose(number(stamp_ns))))
