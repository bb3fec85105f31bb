# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bins, workbenches, floors and halls: scenes of a seed, places for cameras, and how far their views see."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.near.heaps import CONTENTS, drawn, heap
from grin_ros.worlds.near.views import CLOSEST_M, FLATTEST_LN, NearScene, keep
from grin_ros.worlds.registry import named
from grin_ros.worlds.rendering.renderer import Renderer
from grin_ros.worlds.scene import World
from grin_ros.worlds.surfaces.palette import Palette
from grin_ros.worlds.views import is_usable, render_views

WORLDS = named(["bin", "workbench", "floor", "hall"])
MEDIANS_M = {"bin": (0.28, 1.6), "workbench": (0.28, 1.6), "floor": (0.25, 3.0), "hall": (0.7, 40.0)}
CAMERA = Camera(160, 120, 140.0, 140.0, 79.5, 59.5)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_a_seed_is_a_scene_with_free_places_for_cameras(world: World) -> None:
    for seed in range(4):
        scene, again = world.build(seed, Assets()), world.build(seed, Assets())
        assert len(scene.meshes) == len(again.meshes)
        for mesh, other in zip(scene.meshes, again.meshes, strict=True):
            np.testing.assert_array_equal(mesh.vertices, other.vertices)
            assert np.isfinite(mesh.vertices).all() and np.isfinite(mesh.normals).all()
            assert mesh.indices.max() < len(mesh.vertices) and mesh.layer.max() < len(scene.textures)
        rng = np.random.default_rng(seed)
        placed = [found for found in (world.place(rng, scene) for _ in range(200)) if found is not None]
        assert len(placed) >= 5
        assert not any(scene.blocks(found.position, 0.0) for found in placed)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_views_are_as_near_or_far_as_the_world_says(renderer: Renderer, world: World) -> None:
    kept = [view for seed in (1, 2) for view in render_views(renderer, seed, Assets(), 3, worlds=[world])]
    assert len(kept) >= 3
    low_m, high_m = MEDIANS_M[world.name]
    for view in kept:
        assert view.world == world.name
        assert low_m < np.median(view.range_m[np.isfinite(view.range_m)]) < high_m


def test_some_bins_have_a_gripper_over_them_and_cameras_beside_it() -> None:
    (world,) = named(["bin"])
    scenes = [world.build(seed, Assets()) for seed in range(8)]
    tips = [scene.tips for scene in scenes if isinstance(scene, NearScene)]
    assert len(tips) == 8 and 1 <= sum(len(tip) > 0 for tip in tips) <= 7


def test_near_views_may_be_nearer_and_flatter_than_others() -> None:
    table = 0.45 / CAMERA.rays()[..., 2]  # seen from straight above
    assert not is_usable(table)
    assert is_usable(table, CLOSEST_M, FLATTEST_LN)
    assert 0.0 < keep(table, CAMERA) < 1.0, "one plane: kept, but seldom"
    assert keep(5 * table, CAMERA) == 0.0
    bumpy = table + np.where(np.arange(160) // 10 % 2, np.float32(0.1), 0)
    assert keep(bumpy, CAMERA) == 1.0


@pytest.mark.parametrize("kind", CONTENTS)
def test_a_heap_stays_in_its_container(kind: str) -> None:
    palette = Palette(np.random.default_rng(1), {})
    things = drawn(palette, kind, 20)
    assert len(things) == 20
    mesh = heap(palette, things, (0.3, 0.2), 0.25)
    assert mesh is not None
    low, high = mesh.bounds()
    assert (low >= [-0.301, -0.201, 0.0]).all() and (high <= [0.301, 0.201, 1.35 * 0.25 + 0.001]).all()
    assert heap(palette, things, (0.003, 0.003), 0.25) is None
