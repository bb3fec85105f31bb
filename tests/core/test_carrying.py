# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Answers are carried into the next view where they agree with it, and only there."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.carrying import Carrying
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.types import Frame, Placed

CAMERA = Camera(80, 60, 60.0, 60.0, 39.5, 29.5)
ROWS, COLS = 12, 16
SIGMA_LN = 0.1
Array = NDArray[np.float32]


def grid_rays() -> NDArray[np.float64]:
    """Return the unit rays (ROWS * COLS, 3) of the query grid."""
    u, v = np.meshgrid((np.arange(COLS) + 0.5) * 5.0 - 0.5, (np.arange(ROWS) + 0.5) * 5.0 - 0.5)
    return CAMERA.unproject(np.stack([u.ravel(), v.ravel()], axis=-1))


def wall(depth_m: float) -> Array:
    """Return ln(range) of a wall across the view."""
    return np.log(depth_m / grid_rays()[:, 2]).astype(np.float32)


def carried(
    carrying: Carrying, ln_range: Array, stamp_s: float, ahead_m: float = 0.0, since: int = 0
) -> tuple[Array, Array]:
    """Hand on the answer of a camera that has moved ahead."""
    frame = Frame(np.zeros((60, 80, 3), np.uint8), CAMERA, round(stamp_s * 1e9))
    placed = Placed(Transform(np.eye(3), np.array([0.0, 0.0, ahead_m])), since)
    return carrying(frame, placed, grid_rays(), ln_range, np.full(ROWS * COLS, SIGMA_LN**2, np.float32))


def test_flicker_of_a_standing_camera_becomes_small_and_sigma_does_not() -> None:
    carrying = Carrying(ROWS, COLS)
    answers = [carried(carrying, wall(2.0 + 0.1 * (-1) ** index), 0.1 * index) for index in range(12)]
    changes = np.abs(np.diff([ln_range.mean() for ln_range, _ in answers]))
    assert changes[-4:].max() < 0.4 * 0.1
    assert answers[-1][0].mean() == pytest.approx(wall(2.0).mean(), abs=0.03)
    assert np.sqrt(answers[-1][1]) == pytest.approx(np.full(ROWS * COLS, SIGMA_LN), rel=1e-3)


def test_a_wall_comes_nearer_as_the_camera_moves() -> None:
    carrying = Carrying(ROWS, COLS)
    for index in range(6):
        ln_range, _ = carried(carrying, wall(2.0 - 0.05 * index), 0.1 * index, ahead_m=0.05 * index)
    assert ln_range == pytest.approx(wall(1.75), abs=0.005)


def test_what_moves_stands_by_itself() -> None:
    carrying = Carrying(ROWS, COLS)
    carried(carrying, wall(3.0), 0.0)
    present = wall(3.0)
    present[:40] = wall(1.6)[:40]  # a person has come
    ln_range, _ = carried(carrying, present, 0.1)
    assert (ln_range[:40] == present[:40]).all()


@pytest.mark.parametrize(("stamp_s", "since", "ahead_m"), [(3.0, 0, 0.0), (-1.0, 0, 0.0), (0.1, 1, 0.0), (0.1, 0, 1.0)])
def test_nothing_is_carried_over_jumps_of_time_or_pose(stamp_s: float, since: int, ahead_m: float) -> None:
    carrying = Carrying(ROWS, COLS)
    carried(carrying, wall(2.1), 1.0)
    ln_range, _ = carried(carrying, wall(2.0), 1.0 + stamp_s, ahead_m, since)
    assert (ln_range == wall(2.0)).all()


def test_forgetting_starts_again() -> None:
    carrying = Carrying(ROWS, COLS)
    carried(carrying, wall(2.1), 0.0)
    carrying.forget()
    assert (carried(carrying, wall(2.0), 0.1)[0] == wall(2.0)).all()
