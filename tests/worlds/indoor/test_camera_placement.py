# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of the placement of cameras in rooms and of the choice of views."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.indoor import camera_placement
from grin_ros.worlds.scene import Scene
from tests.worlds.rays import LIGHTING

LOW, HIGH = np.zeros(3), np.array([5.0, 4.0, 2.6])
TABLE = np.array([[[2.0, 1.5, 0.0], [3.2, 2.3, 0.75]]])
ROOM = Scene([], 0, [], LIGHTING, TABLE, np.array([[2.6, 1.9, 0.8]]), (LOW, HIGH))
LENSES = [
    Camera(160, 120, 120.0, 120.0, 79.5, 59.5),
    Camera(160, 120, 60.0, 60.0, 75.0, 62.0, "plumb_bob", (-0.2, 0.04, 0.0, 0.0, 0.0)),
    Camera(160, 120, 52.0, 52.0, 79.5, 59.5, "equidistant", (0.01, 0.0, 0.0, 0.0)),
]


def test_cameras_are_in_the_room_and_outside_solid_things() -> None:
    rng = np.random.default_rng(0)
    placed = [p for p in (camera_placement.place_in_room(rng, ROOM) for _ in range(4000)) if p is not None]
    position = np.array([p.position for p in placed])
    assert len(placed) > 2000 and np.all(position > LOW) and np.all(position < HIGH)
    assert not np.any(np.all((position > TABLE[0, 0]) & (position < TABLE[0, 1]), axis=1))
    height = np.array([p.height_m for p in placed])
    np.testing.assert_array_equal(height, position[:, 2])
    assert height.min() < 0.2 and np.mean(height < 0.5) > 0.1 and np.mean(height > 1) > 0.4
    pitch = np.array([p.pitch_rad for p in placed])
    assert 0.08 < np.median(pitch) < 0.4 and np.abs(pitch).max() < 1.31


@pytest.mark.parametrize("lens", LENSES, ids=lambda lens: lens.distortion_model)
def test_views_of_one_plane_are_recognised_through_any_lens(lens: Camera) -> None:
    rays = lens.rays().astype(np.float64)
    toward = rays @ np.array([0.1, 0.5, 0.2])  # a floor, and a ceiling beyond its horizon
    with np.errstate(divide="ignore", invalid="ignore"):
        floor = np.where(toward > 0, 1 / toward, np.nan).astype(np.float32)
    assert camera_placement.shows_one_plane(floor, lens)
    cluttered = floor.copy()
    cluttered[30:90, 40:120] *= 0.6
    assert not camera_placement.shows_one_plane(cluttered, lens)
    bare, kept = (camera_placement.keep_in_room(range_m, lens) for range_m in (floor, cluttered))
    assert 0 < bare < kept <= 1


def test_open_views_are_refused_and_pixels_outside_the_lens_do_not_count() -> None:
    rng = np.random.default_rng(0)
    range_m = rng.uniform(1, 3, (120, 160)).astype(np.float32)
    circle = range_m.copy()
    circle[:, :60] = np.nan
    assert camera_placement.keep_in_room(circle, LENSES[2]) == pytest.approx(
        camera_placement.keep_in_room(range_m, LENSES[2]), rel=0.1
    )
    range_m[:, :60] = np.inf
    assert camera_placement.keep_in_room(range_m, LENSES[0]) == 0


def test_kept_views_have_the_wanted_median_ranges() -> None:
    rng = np.random.default_rng(0)
    proposed = np.exp(rng.normal(np.log(camera_placement.PROPOSED_MEDIAN_M), camera_placement.PROPOSED_SIGMA_LN, 20000))
    kept = proposed[rng.random(20000) < [camera_placement.keep_probability(m) for m in proposed]]
    low, median, high = np.percentile(kept, [10, 50, 90])
    assert 0.95 < low < 1.2 and 2.0 < median < 2.25 and 3.6 < high < 4.6
