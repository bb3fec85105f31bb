# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How hints lie is known by their places in space, wherever a 2D lidar is mounted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.hints.arrangement import CORNERS, LEVEL, SPREAD, arrangement
from grin_ros.core.hints.sources import MAPPED, TRACKED
from grin_ros.core.types import Hints

CAMERA = Camera(320, 240, 220.0, 220.0, 159.5, 119.5, "plumb_bob", (-0.2, 0.04, 0.0, 0.0, 0.0))
RAYS = 60


def seen(points: NDArray[np.float64], source: str = "scan", sigma_ln: float = 0.01) -> Hints:
    """Return the hints of those points of the optical frame that lie in the image."""
    pixels = CAMERA.project(points)
    inside = CAMERA.contains(pixels)
    return Hints.measured(pixels[inside], np.linalg.norm(points[inside], axis=1), sigma_ln, source)


def scanned(below_m: float, roll_deg: float = 0.0, pitch_deg: float = 0.0, seed: int = 0) -> NDArray[np.float64]:
    """Return the points (RAYS, 3) of a 2D lidar below the camera among things at 1 to 5 m. The camera is turned."""
    rng = np.random.default_rng(seed)
    ahead_m = np.repeat(rng.uniform(1.0, 5.0, RAYS // 6), 6)
    points = np.stack([np.linspace(-0.6, 0.6, RAYS) * ahead_m, np.full(RAYS, below_m), ahead_m], axis=1)
    turned = Transform.from_rpy((0.0, 0.0, 0.0), (math.radians(pitch_deg), 0.0, math.radians(roll_deg)))
    return np.asarray(turned(points))


@given(
    below_m=st.floats(-0.3, 0.5),
    roll_deg=st.floats(-20.0, 20.0),
    pitch_deg=st.floats(-8.0, 8.0),
    seed=st.integers(0, 99),
)
def test_a_2d_lidar_lies_level_at_any_height_and_under_a_tilted_camera(
    below_m: float, roll_deg: float, pitch_deg: float, seed: int
) -> None:
    assert arrangement(seen(scanned(below_m, roll_deg, pitch_deg, seed)), CAMERA) == LEVEL


@pytest.mark.parametrize("seed", range(10))
def test_noise_and_outliers_do_not_hide_that_a_lidar_lies_level(seed: int) -> None:
    hints, rng = seen(scanned(0.3, seed=seed), sigma_ln=0.03), np.random.default_rng(seed)
    ranges_m = hints.range_m * np.exp(rng.normal(0.0, 0.03, len(hints)))
    ranges_m[rng.choice(len(hints), len(hints) // 10, replace=False)] = 0.4
    assert arrangement(Hints.measured(hints.pixels, ranges_m, 0.03), CAMERA) == LEVEL


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("surface", ["wall", "floor", "room"])
def test_hints_that_fill_an_area_are_spread_even_if_they_lie_on_one_plane(surface: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rays = CAMERA.unproject(rng.uniform((0, 150 if surface == "floor" else 0), (319, 239), (RAYS, 2)))
    down = 0.5 / np.maximum(rays[:, 1], 1e-6)
    wall = 3.0 / rays[:, 2]
    ranges_m = {"wall": wall, "floor": down, "room": np.minimum(down, wall)}[surface]
    assert arrangement(seen(rays * ranges_m[:, None]), CAMERA) == SPREAD


def test_a_scan_from_top_to_bottom_is_not_level() -> None:
    assert arrangement(seen(scanned(0.2)[:, [1, 0, 2]]), CAMERA) == SPREAD


def test_a_few_hints_in_one_row_are_neither() -> None:
    row = Hints.measured([(u, 120) for u in range(5)], np.ones(5))
    assert arrangement(row, CAMERA) is None
    assert arrangement(Hints.measured([(20, 20), (90, 200)], np.ones(2)), CAMERA) == SPREAD


@pytest.mark.parametrize(("others", "expected"), [((), CORNERS), (("scan",) * 2, CORNERS), (("scan",) * 9, SPREAD)])
def test_hints_lie_at_corners_if_at_least_half_are_those_of_motion(others: tuple[str, ...], expected: str) -> None:
    at = np.random.default_rng(0).uniform((0, 0), (319, 239), (2 + len(others), 2))
    parts = [Hints.measured([one], [2.0], 0.1, name) for one, name in zip(at, (TRACKED, MAPPED, *others), strict=True)]
    joined = Hints.joined(parts)
    assert joined is not None
    assert arrangement(joined, CAMERA) == expected


@pytest.mark.parametrize(("rays", "expected"), [(RAYS, LEVEL), (5, CORNERS)])
def test_a_lidar_beside_motion_lies_level_unless_it_has_hardly_a_point(rays: int, expected: str) -> None:
    at = np.random.default_rng(0).uniform((0, 0), (319, 239), (200, 2))
    joined = Hints.joined([Hints.measured(at, np.full(200, 2.0), 0.1, "motion"), seen(scanned(0.3)[:rays])])
    assert joined is not None
    assert arrangement(joined, CAMERA) == expected
