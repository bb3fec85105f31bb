# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of the path of a rendered sequence."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.worlds.scene import Placement
from grin_ros.worlds.sequence import closed_path, with_mounting

START = Placement(np.array([0.0, 0.0, 0.9]), 0.0, 0.1, 0.0, 0.9)
LENS = Camera(80, 60, 70.0, 68.0, 41.0, 28.0, mounting=Mounting(0.2, 0.05, -0.1))


def test_a_path_is_smooth_and_closed_and_keeps_the_mounting() -> None:
    path = closed_path(START, 40, 0.3, 0.1)
    steps_m = [np.linalg.norm(b.position - a.position) for a, b in zip(path, path[1:] + path[:1], strict=True)]
    assert max(steps_m) < 1.5 * 0.3 * 2.0 * math.pi / 40
    assert {(p.pitch_rad, p.roll_rad, p.height_m) for p in path} == {(0.1, 0.0, 0.9)}


def test_a_mounted_placement_has_the_height_roll_and_pitch_of_the_lens() -> None:
    low = with_mounting(replace(START, pitch_rad=1.0, roll_rad=0.3), LENS)
    assert (low.position[2], low.pitch_rad, low.roll_rad, low.height_m) == pytest.approx((0.2, -0.1, 0.05, 0.2))
