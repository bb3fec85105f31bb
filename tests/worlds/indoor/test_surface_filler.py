# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests that small things stay on their surfaces, and of printed textures."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.worlds.indoor.goods import books
from grin_ros.worlds.indoor.surface_filler import RECIPES, SurfaceFiller
from grin_ros.worlds.shapes.bodies import Top
from grin_ros.worlds.surfaces.palette import Palette
from grin_ros.worlds.surfaces.prints import PRINTS

TOP = Top(0.3, -0.2, 0.6, 0.35, 0.75)
SLACK_M = 0.02


def _filler(seed: int) -> SurfaceFiller:
    rng = np.random.default_rng(seed)
    return SurfaceFiller(rng, Palette(rng, {}), lambda: None)


@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_things_stand_on_their_surface(recipe: str) -> None:
    things = _filler(7).scatter(TOP, recipe, 30.0)
    assert things is not None
    low, high = things.bounds()
    assert TOP.x - TOP.half_x - SLACK_M < low[0] and high[0] < TOP.x + TOP.half_x + SLACK_M
    assert TOP.y - TOP.half_y - SLACK_M < low[1] and high[1] < TOP.y + TOP.half_y + SLACK_M
    assert TOP.z <= low[2] < TOP.z + 0.01 and high[2] < TOP.z + TOP.clearance_m


@pytest.mark.parametrize("recipe", ["shelf", "stock"])
def test_things_on_a_shelf_fill_its_length_below_the_next_board(recipe: str) -> None:
    board = Top(0, 0, 0.5, 0.14, 1.0, 0.3)
    things = _filler(3).line_up(board, recipe, 0.95)
    assert things is not None
    low, high = things.bounds()
    assert low[0] > -0.5 - SLACK_M and high[0] < 0.5 + SLACK_M and high[0] - low[0] > 0.6
    assert high[2] < 1.0 + 0.3


def test_books_fill_the_given_length() -> None:
    low, high = books(Palette(np.random.default_rng(0), {}), 0.8, 0.28).mesh.bounds()
    assert 0.7 < high[0] - low[0] <= 0.8 and high[2] <= 0.28


@pytest.mark.parametrize("kind", sorted(PRINTS))
def test_prints_are_textures_and_the_same_seed_gives_the_same_one(kind: str) -> None:
    for seed in range(8):
        image = PRINTS[kind](np.random.default_rng(seed))
        assert image.shape == (256, 256, 3) and image.dtype == np.uint8
        assert image.std() > 1
        np.testing.assert_array_equal(image, PRINTS[kind](np.random.default_rng(seed)))
