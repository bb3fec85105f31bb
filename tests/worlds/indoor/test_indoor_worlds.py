# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rooms, corridors, halls and still lifes: what every one of them promises to the renderer and to cameras."""

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

WORLDS = named(["room", "overview", "vista", "subject", "corridor", "warehouse", "tabletop"])
ONE_MODEL = 30_000  # triangles that the last model put in may add
FURNISHED = pytest.param(
    FURNITURE,
    marks=[
        pytest.mark.furniture,
        pytest.mark.skipif(not any(FURNITURE.glob("*.sh3f")), reason="needs Debian's sweethome3d-furniture"),
    ],
)


@pytest.fixture(scope="module", params=WORLDS, ids=lambda world: world.name)
def built(request: pytest.FixtureRequest) -> tuple[World, list[Scene]]:
    """A world with its scenes of 20 seeds, procedural only."""
    world: World = request.param
    return world, _scenes(world.build)


@cache
def _scenes(build: Callable[[int, Assets], Scene]) -> list[Scene]:
    """Some worlds are other views of the same scenes."""
    return [build(seed, Assets()) for seed in range(20)]


def _check(scene: Scene) -> None:
    low, high = scene.bounds
    assert (high > low).all()
    assert len(scene.textures) < 400
    assert sum(len(m.indices) for m in scene.meshes) < MAX_SCENE_TRIANGLES + ONE_MODEL
    assert len(scene.targets) and np.isfinite(scene.targets).all()
    assert (scene.solids[:, 1] >= scene.solids[:, 0]).all()
    for mesh in scene.meshes:
        assert np.isfinite(mesh.vertices).all() and np.isfinite(mesh.normals).all() and np.isfinite(mesh.uv).all()
        assert mesh.indices.min() >= 0 and mesh.indices.max() < len(mesh.vertices)
        assert mesh.layer.min() >= -1 and mesh.layer.max() < len(scene.textures)
        assert mesh.colour.min() >= 0 and mesh.colour.max() <= 1.001
    for lamp, power in scene.lighting.lamps:
        assert np.isfinite(lamp).all() and (power >= 0).all()


def test_scenes_of_twenty_seeds_can_be_drawn(built: tuple[World, list[Scene]]) -> None:
    for scene in built[1]:
        _check(scene)


def test_a_seed_is_a_scene(built: tuple[World, list[Scene]]) -> None:
    world, scenes = built
    again = world.build(3, Assets())
    assert len(again.meshes) == len(scenes[3].meshes)
    for a, b in zip(again.meshes, scenes[3].meshes, strict=True):
        np.testing.assert_array_equal(a.vertices, b.vertices)
        np.testing.assert_array_equal(a.colour, b.colour)
    for image, other in zip(again.textures, scenes[3].textures, strict=True):
        np.testing.assert_array_equal(image, other)
    assert len(scenes[4].meshes[5].vertices) != len(again.meshes[5].vertices) or not np.array_equal(
        scenes[4].meshes[5].vertices, again.meshes[5].vertices
    )


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
        assert found >= 5, f"{world.name} of seed {seed}: hardly any place for a camera"


@pytest.mark.parametrize("furniture", [FURNISHED])
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_furnished_scenes_can_be_drawn(world: World, furniture: Path) -> None:
    for seed in range(2):
        _check(world.build(seed, find_assets(None, furniture)))
