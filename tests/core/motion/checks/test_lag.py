# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Odometry that lags behind the images is found out by turns."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.motion.checks.lag import LagCheck, turned
from tests.core.motion.room import turned as rotation

PERIOD_S = 0.1
RAYS = np.random.default_rng(0).normal(size=(60, 3)) * (1.0, 0.6, 0.2) + (0.0, 0.0, 2.0)
RAYS /= np.linalg.norm(RAYS, axis=1, keepdims=True)


def yaw_deg(time_s: float) -> float:
    """Return the yaw of a robot that turns there and back."""
    return float(40.0 * np.sin(0.9 * time_s))


def checked(lag_s: float, turns: bool = True) -> LagCheck:
    """Return the check after 12 s of images, with odometry that is late by lag_s."""
    check, before = LagCheck(), RAYS
    for index in range(120):
        time_s = index * PERIOD_S
        yaw, told = (yaw_deg(at) if turns else 0.0 for at in (time_s, time_s - lag_s))
        now = RAYS @ rotation((0.0, 1.0, 0.0), yaw)
        check.add(round(time_s * 1e9), before, now, Transform(rotation((0.0, 1.0, 0.0), told), np.zeros(3)))
        before = now
    return check


@pytest.mark.parametrize("lag_s", [0.2, -0.12])
def test_a_lag_is_measured_and_named_with_its_remedy(lag_s: float) -> None:
    check = checked(lag_s)
    assert check.lag_s == pytest.approx(lag_s, abs=0.03)
    assert ("later" if lag_s > 0.0 else "earlier") in check.text
    assert "synchronise the clocks" in check.text


def test_odometry_in_time_is_not_accused() -> None:
    assert checked(0.0).text == ""


def test_poses_at_stamps_of_their_own_are_compared_too() -> None:
    """Odometry at 4 Hz whose newest pose is known 0.15 s later is no odometry that lags; one that lags is found out."""
    for lag_s in (0.0, 0.2):
        check, before = LagCheck(), RAYS
        for index in range(120):
            time_s = index * PERIOD_S
            told_s = np.floor((time_s - 0.15) * 4.0) / 4.0
            now = RAYS @ rotation((0.0, 1.0, 0.0), yaw_deg(time_s))
            told = Transform(rotation((0.0, 1.0, 0.0), yaw_deg(told_s - lag_s)), np.zeros(3))
            check.add(round(time_s * 1e9), before, now, told, round(told_s * 1e9))
            before = now
        assert check.lag_s == pytest.approx(lag_s, abs=0.03)


def test_odometry_that_falls_silent_is_not_compared() -> None:
    check = checked(0.2)
    for index in range(120, 400):  # the robot turns on, and the newest pose stays the same
        now = RAYS @ rotation((0.0, 1.0, 0.0), yaw_deg(index * PERIOD_S))
        check.add(round(index * PERIOD_S * 1e9), now, now, Transform(np.eye(3), np.zeros(3)), round(12e9))
    assert check.lag_s == pytest.approx(0.2, abs=0.03)


def test_nothing_is_said_of_a_robot_that_does_not_turn() -> None:
    check = checked(0.2, turns=False)
    assert check.lag_s is None
    assert check.text == ""


def test_a_rotation_is_measured_although_some_corners_move() -> None:
    rays = np.random.default_rng(1).normal(size=(80, 3)) * (0.5, 0.4, 0.1) + (0.0, 0.0, 1.0)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    vector = np.array([0.01, -0.03, 0.005])
    now = rays + np.cross(vector, rays)
    now[:16] += (0.05, 0.0, 0.0)
    assert turned(rays, now) == pytest.approx(vector, abs=1e-3)
