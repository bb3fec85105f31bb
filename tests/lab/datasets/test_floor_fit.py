# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The mounting of a camera from the floor in measured depth."""

from __future__ import annotations

import logging
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.ground import ground_ln
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.lab.datasets.floor_fit import mounting_of_floor
from grin_ros.lab.datasets.measured import EvalDataset
from tests.lab.evaluation.measured import sample, write_dataset

CAMERA = Camera(80, 60, 60.0, 60.0, 39.5, 29.5)


def points(mounting: Mounting, wall_m: float = 4.0, table_m: float = 0.0) -> NDArray[np.float64]:
    """Return the points (4800, 3) of a floor, a wall, and a table-top at this height over the left half of it."""
    rays = CAMERA.rays().reshape(-1, 3).astype(np.float64)
    floor_m = np.exp(ground_ln(mounting, rays).astype(np.float64))
    left = np.arange(len(rays)) % CAMERA.width < CAMERA.width // 2
    top_m = np.where(left & (floor_m < 2.5), floor_m * (1.0 - table_m / mounting.height_m), np.inf)
    return rays * np.minimum(np.minimum(floor_m, top_m if table_m else np.inf), wall_m)[:, None]


@settings(max_examples=20)
@given(st.floats(0.4, 2.0), st.floats(-0.2, 0.2), st.floats(0.3, 0.7), st.integers(0, 100))
def test_height_roll_and_pitch_are_found_in_spite_of_noise_and_holes(
    height_m: float, roll: float, pitch: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    seen = points(Mounting(height_m, roll, pitch)) * (1.0 + 0.005 * rng.standard_normal((4800, 1)))
    seen[rng.random(4800) < 0.3] = np.nan
    found = mounting_of_floor(seen)
    assert found is not None
    assert found.height_m == pytest.approx(height_m, rel=0.03)
    assert found.roll_rad == pytest.approx(roll, abs=math.radians(1.5))
    assert found.pitch_rad == pytest.approx(pitch, abs=math.radians(1.5))


def test_a_table_above_the_floor_is_not_the_floor() -> None:
    found = mounting_of_floor(points(Mounting(1.2, 0.0, 0.5), table_m=0.7))
    assert found is not None
    assert found.height_m == pytest.approx(1.2, rel=0.02)


def test_a_wall_has_no_floor_and_neither_have_too_few_points() -> None:
    wall = CAMERA.rays().reshape(-1, 3) / CAMERA.rays().reshape(-1, 3)[:, 2:] * 2.0
    assert mounting_of_floor(wall) is None
    assert mounting_of_floor(np.full((10, 3), np.nan)) is None


def test_samples_that_show_their_floor_are_chosen_and_get_its_mounting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wall, floor = sample("wall", depth_m=2.0), sample("floor", depth_m=2.0)
    rays = floor.frame.camera.rays().reshape(-1, 3)
    depth_m = np.exp(ground_ln(Mounting(1.0, 0.0, 0.4), rays)) * rays[:, 2]
    floor.depth_m[:] = np.minimum(depth_m, 5.0).reshape(floor.depth_m.shape)
    data = EvalDataset.open(write_dataset(tmp_path / "data", [wall, floor]))
    with caplog.at_level(logging.INFO):
        mounted = data.mounted()
    assert "1 of 2 samples show their floor" in caplog.text
    (got,) = mounted
    assert got.name == "floor"
    assert got.frame.camera.mounting is not None
    assert got.frame.camera.mounting.height_m == pytest.approx(1.0, rel=0.02)
    assert data[1].frame.camera.mounting is None
    with pytest.raises(ValueError, match="no sample shows its floor"):
        EvalDataset.open(write_dataset(tmp_path / "walls", [wall])).mounted()
