# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rays meet the ground at the right range, and a mounting is made from its up direction."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grin_ros.core.geometry.ground import REACH, ground_ln
from grin_ros.core.geometry.mounting import Mounting


@given(st.floats(0.1, 5.0), st.floats(-0.5, 0.5), st.floats(-0.5, 1.2), st.integers(0, 1000))
def test_points_at_that_range_lie_on_the_ground(height_m: float, roll: float, pitch: float, seed: int) -> None:
    mounting = Mounting(height_m, roll, pitch)
    rays = np.random.default_rng(seed).standard_normal((64, 3))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    range_m = np.exp(ground_ln(mounting, rays).astype(np.float64))
    up = mounting.up_optical()
    meets = np.isfinite(range_m)
    np.testing.assert_allclose((range_m[meets, None] * rays[meets]) @ up, -height_m, rtol=1e-5)
    np.testing.assert_array_equal(meets, -(rays @ up) > 1.0 / REACH)


@given(st.floats(-3.1, 3.1), st.floats(-1.5, 1.5))
def test_a_mounting_is_made_from_its_up_direction(roll: float, pitch: float) -> None:
    mounting = Mounting(0.7, roll, pitch)
    again = Mounting.from_up(0.7, 3.0 * mounting.up_optical())
    np.testing.assert_allclose(again.up_optical(), mounting.up_optical(), atol=1e-9)
