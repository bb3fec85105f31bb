# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of all indoor worlds: their scenes can be rendered, and cameras find places in them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from grin_ros.worlds.assets.assets import Assets, find_assets
from grin_ros.worlds.assets.models import FURNITURE
from grin_ros.worlds.indoor.corridor import HallScene, ground_under
from grin_ros.worlds.indoor.furnisher import MAX_SCENE_TRIANGLES
from grin_ros.worlds.registry import named
from grin_ros.worlds.scene import Scene, World
from tests.worlds.scenes import check_equal, check_meshes

WORLDS = named(["room", "overview", "vista", "subject", "corridor", "warehouse", "tabletop"])
ONE_MODEL = 30_000  # the number of triangles by which the last model can exceed the limit
FURNISHED = pytest.param(
    FURNITURE,
    marks=[
        pytest.mark.furniture,
        pytest.mark.skipif(not any(FURNITURE.glob("*.sh3f")), reason="needs Debian's sweethome3d-furniture"),
    ],
)


@pytest.fixture(scope="module", params=WORLDS, ids=lambda world: world.name)
def built(request: pytest.FixtureRequest) -> tuple[World, list[Scene]]:
    """A world with the scenes of 20 seeds, without assets."""
    world: World = request.param
    return world, _scenes(world.build)


@cache
def _scenes(build: Callable[[int, Assets], Scene]) -> list[Scene]:
    """Return the scenes of 20 seeds. Some worlds share their scenes and differ in their views only."""
    return [build(seed, Assets()) for seed in range(20)]


def _check(scene: Scene) -> None:
    low, high = scene.bounds
    assert (high > low).all()
    check_meshes(scene, 400, MAX_SCENE_TRIANGLES + ONE_MODEL)
    assert len(scene.targets) and np.isfinite(scene.targets).all()
    for lamp, power in scene.lighting.lamps:
        assert np.isfinite(lamp).all() and (power >= 0).all()


def test_scenes_of_twenty_seeds_can_be_drawn(built: tuple[World, list[Scene]]) -> None:
    for scene in built[1]:
        _check(scene)


def test_a_seed_gives_the_same_scene_and_another_seed_another_one(built: tuple[World, list[Scene]]) -> None:
    world, scenes = built
    again = world.build(3, Assets())
    check_equal(again, scenes[3])
    assert not np.array_equal(scenes[4].meshes[5].vertices, again.meshes[5].vertices)


def test_cameras_are_in_bounds_and_outside_solids(built: tuple[World, list[Scene]]) -> None:
    world, scenes = built
    for seed, scene in enumerate(scenes):
        rng, found = np.random.default_rng(seed), 0
        low, high = scene.bounds
        for _ in range(120):
            placed = world.place(rng, scene)
            if placed is None:
                continue
            found += 1
            p = placed.position
            assert (p > low).all() and (p < high).all()
            assert not np.all((p > scene.solids[:, 0]) & (p < scene.solids[:, 1]), axis=1).any()
            ground = ground_under(scene, p[0], p[1]) if isinstance(scene, HallScene) else 0.0
            assert placed.height_m == pytest.approx(p[2] - ground)
        assert found >= 5, f"{world.name} of seed {seed}: {found} of 120 cameras found a place, expected 5 or more"


@pytest.mark.parametrize("furniture", [FURNISHED])
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_furnished_scenes_can_be_drawn(world: World, furniture: Path) -> None:
    for seed in range(2):
        _check(world.build(seed, find_assets(None, furniture)))
