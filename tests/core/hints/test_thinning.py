# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Thinning keeps hints that cover image and range, and prefers exact ones."""

from __future__ import annotations

import numpy as np

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.hints.posterior import AT_ONCE
from grin_ros.core.hints.thinning import MOST_COMPARED, MOST_HINTS, comparable, thinned
from grin_ros.core.types import Hints


def test_few_hints_stay_as_they_are() -> None:
    hints = Hints.measured([[1.0, 2.0], [3.0, 4.0]], [1.0, 2.0])
    assert thinned(hints, 640) is hints


def test_a_dense_corner_does_not_crowd_out_the_rest_of_the_image() -> None:
    rng = np.random.default_rng(0)
    corner, elsewhere = rng.uniform(0, 60, (5000, 2)), rng.uniform((100, 100), (640, 480), (60, 2))
    hints = Hints.measured(np.concatenate([corner, elsewhere]), np.full(5060, 2.0))
    kept = thinned(hints, 640)
    assert len(kept) == MOST_HINTS
    assert (kept.pixels >= 100).all(axis=1).sum() == 60


def test_those_that_the_posterior_takes_first_are_spread() -> None:
    rng = np.random.default_rng(0)
    corner, elsewhere = rng.uniform(0, 26, (5000, 2)), rng.uniform((100, 100), (640, 480), (60, 2))
    hints = Hints.measured(np.concatenate([corner, elsewhere]), np.full(5060, 2.0))
    assert (thinned(hints, 640).pixels[:AT_ONCE] >= 100).all(axis=1).sum() == 60


def test_both_ranges_of_a_cell_are_kept() -> None:
    pixels = np.full((1000, 2), 10.0)
    ranges = np.where(np.arange(1000) < 990, 1.0, 5.0)  # a thin pole before a wall
    assert set(np.unique(thinned(Hints.measured(pixels, ranges), 640, 20).range_m)) == {1.0, 5.0}


def test_the_most_exact_hint_of_a_cell_comes_first() -> None:
    sigma = np.linspace(0.2, 0.01, 100)
    kept = thinned(Hints.measured(np.full((100, 2), 10.0), np.full(100, 2.0), sigma), 640, 1)
    assert kept.sigma_ln == np.float32(0.01)


def test_of_a_dense_cloud_the_same_hints_are_left_as_without_the_first_choice() -> None:
    rng = np.random.default_rng(0)
    count, camera = 50_000, Camera(640, 480, 525.0, 525.0, 319.5, 239.5)
    cloud = Hints.measured(rng.uniform((-200, 0), (640, 480), (count, 2)), rng.uniform(1, 9, count), rng.random(count))
    found = comparable(cloud, camera)
    assert len(found) == MOST_COMPARED and camera.contains(found.pixels).all()
    all_inside = cloud.chosen(camera.contains(cloud.pixels))
    np.testing.assert_array_equal(thinned(found, 640).pixels, thinned(all_inside, 640).pixels)
    few = cloud.chosen(np.arange(MOST_COMPARED))
    assert comparable(few, camera) is few


def test_an_image_row_by_row_gives_hints_of_all_rows() -> None:
    v, u = np.mgrid[0:480:3, 0:640:3].reshape(2, -1).astype(np.float32)
    rng = np.random.default_rng(0)
    ranges = np.exp(rng.uniform(0.0, 1.0, len(u)))  # more cells and steps of range than hints
    rows = Hints.measured(np.stack([u, v], 1), ranges)
    kept = thinned(rows, 640)
    for first in (kept.pixels[:AT_ONCE], kept.pixels):
        shares = np.histogram(first[:, 1], bins=4, range=(0, 480))[0] / len(first)
        assert shares.min() > 0.15 and shares.max() < 0.35, shares
    shuffled = rows.chosen(rng.permutation(len(rows)))
    assert set(map(tuple, thinned(shuffled, 640).pixels)) == set(map(tuple, kept.pixels))


def test_a_surface_is_not_measured_at_its_upper_edge() -> None:
    v, u = np.mgrid[0:480:2, 0:640:2].reshape(2, -1).astype(np.float32)
    kept = thinned(Hints.measured(np.stack([u, v], 1), np.full(len(u), 2.0)), 640)
    within = kept.pixels[:AT_ONCE, 1] % (640 / 24)  # the place in its cell
    assert 10.0 < within.mean() < 16.0
