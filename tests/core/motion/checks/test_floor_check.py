# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The floor tells the scale of odometry, and what only seems to be a floor does not."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.motion.checks.floor_check import FloorCheck


def test_the_top_of_a_table_is_not_taken_for_the_floor() -> None:
    check = FloorCheck()
    down = np.linspace(0.3, 0.9, 40)
    rays = np.stack([np.zeros(40), down, np.sqrt(1.0 - down**2)], axis=-1)
    range_m = 1.2 * 1.2 / down  # odometry is 20 % long
    range_m[:22] *= 0.55  # more points lie on the table
    for _ in range(10):
        check.add(rays, range_m, Mounting(1.2))
    assert check.factor == pytest.approx(1.2, rel=0.01)
