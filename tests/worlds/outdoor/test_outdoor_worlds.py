# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of streets and yards: their scenes can be rendered, and cameras find places in them."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.cameras.capture import capture_range, pose
from grin_ros.worlds.outdoor.camera_placement import keep_outdoors, place_in_street
from grin_ros.worlds.outdoor.site import MAX_TRIANGLES, OutdoorScene
from grin_ros.worlds.outdoor.terrain import Terrain, random_terrain, winding_path
from grin_ros.worlds.registry import named
from grin_ros.worlds.rendering.renderer import Renderer
from grin_ros.worlds.scene import Placement, World
from grin_ros.worlds.views import render_views
from tests.worlds.rays import LIGHTING, world_rays
from tests.worlds.scenes import check_equal, check_meshes

WORLDS = named(["street", "yard"])
SEEDS = 5


@pytest.fixture(scope="module", params=WORLDS, ids=lambda world: world.name)
def built(request: pytest.FixtureRequest) -> tuple[World, list[OutdoorScene]]:
    """A world with the scenes of some seeds, without assets."""
    world: World = request.param
    scenes = [world.build(seed, Assets()) for seed in range(SEEDS)]
    assert all(isinstance(scene, OutdoorScene) for scene in scenes)
    return world, [scene for scene in scenes if isinstance(scene, OutdoorScene)]


def test_scenes_can_be_drawn(built: tuple[World, list[OutdoorScene]]) -> None:
    for scene in built[1]:
        assert len(scene.meshes) < 500
        check_meshes(scene, 200, 1.4 * MAX_TRIANGLES)
        sky = scene.lighting.sky
        assert sky is not None and -1 <= sky.clouds < len(scene.textures) and sky.haze_per_m > 0
        assert scene.lighting.sun_direction[2] < 0, "the sun shines downwards"


def test_a_seed_gives_the_same_scene_and_another_seed_another_one(
    built: tuple[World, list[OutdoorScene]],
) -> None:
    world, scenes = built
    again = world.build(3, Assets())
    check_equal(again, scenes[3])
    assert not np.array_equal(again.solids, scenes[4].solids)


def test_cameras_are_outside_solids_at_heights_that_cameras_have(built: tuple[World, list[OutdoorScene]]) -> None:
    world, scenes = built
    rng, heights = np.random.default_rng(0), []
    for scene in scenes:
        placed = [p for p in (world.place(rng, scene) for _ in range(60)) if p is not None]
        assert len(placed) > 15, "most places are usable"
        for p in placed:
            inside = np.all((p.position > scene.solids[:, 0]) & (p.position < scene.solids[:, 1]), axis=1)
            assert not inside.any()
            assert p.position[2] - scene.terrain.at(*p.position[:2]) == pytest.approx(p.height_m, abs=1e-9)
            assert abs(p.pitch_rad) < 0.9 and abs(p.roll_rad) < 0.4
            heights.append(p.height_m)
    assert min(heights) >= 0.1 and max(heights) <= 3.0 and np.min(heights) < 0.5
    assert 1.0 < np.median(heights) < 1.8


def test_outdoor_cameras_are_refused_in_an_indoor_scene() -> None:
    scene = named(["room"])[0].build(0, Assets())
    with pytest.raises(TypeError, match="expected an OutdoorScene"):
        place_in_street(np.random.default_rng(0), scene)


@pytest.mark.egl
def test_range_of_level_ground_from_a_car_is_analytic_to_200_m_and_the_sky_is_inf(renderer: Renderer) -> None:
    level = Terrain((0.0, 0.0), np.zeros((0, 4)))
    path = winding_path(np.random.default_rng(0), level, -20.0, 300.0, float("inf"))
    road = path.sweep(-20.0, 300.0, [(-150.0, 0.0), (0.0, 0.0), (150.0, 0.0)])
    street = named(["street"])[0].build(1, Assets())
    renderer.load([road], street.textures, street.lighting)
    camera = Camera(160, 120, 93.0, 150.0, 79.0, 60.0)  # similar to KITTI's camera after its images are resized to 4:3
    placement = Placement(np.array([0.0, 0.0, 1.65]), 0.0, 0.01, 0.0, 1.65)
    got = capture_range(renderer, camera, pose(placement))
    rays = world_rays(camera, placement)
    with np.errstate(divide="ignore"):
        expected = np.where(rays[..., 2] < 0, -1.65 / rays[..., 2], np.inf)
    near = expected < 200
    assert np.nanmax(expected[near]) > 100
    np.testing.assert_allclose(got[near], expected[near], rtol=2e-4)
    assert np.isinf(got[rays[..., 2] > 0]).all()
    light = renderer.colour_image(camera, pose(placement))
    assert np.isfinite(light).all() and light[:20].mean() > 0.02, "the sky shines"


@pytest.mark.egl
def test_a_room_is_the_same_after_a_street_was_rendered(renderer: Renderer) -> None:
    """The sky, the haze and the depth range of the street are reset."""
    room, street = named(["room"])[0].build(2, Assets()), named(["street"])[0].build(1, Assets())
    camera = Camera(160, 120, 100.0, 100.0, 79.5, 59.5)
    middle = (room.bounds[0] + room.bounds[1]) / 2
    view = pose(Placement(middle, 0.3, 0.1, 0.0, float(middle[2])))

    def draw() -> tuple[bytes, bytes]:
        renderer.load(room.meshes, room.textures, room.lighting, room.shadowless)
        return renderer.range_image(camera, view).tobytes(), renderer.colour_image(camera, view).tobytes()

    before = draw()
    renderer.load(street.meshes, street.textures, street.lighting, street.shadowless)
    renderer.range_image(camera, view)
    renderer.colour_image(camera, view)
    assert draw() == before
    assert LIGHTING.sky is None


@pytest.mark.egl
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_views_are_reproducible_and_reach_far(renderer: Renderer, world: World) -> None:
    first, again = (list(render_views(renderer, 5, Assets(), 3, worlds=(world,))) for _ in range(2))
    assert len(first) == 3
    assert [f.image.tobytes() for f in first] == [f.image.tobytes() for f in again]
    assert [f.range_m.tobytes() for f in first] == [f.range_m.tobytes() for f in again]
    assert max(float(f.range_m[np.isfinite(f.range_m)].max()) for f in first) > 30.0
    for f in first:
        assert keep_outdoors(f.range_m, f.camera) > 0 and 0.1 < f.image.mean() / 255 < 0.8


def test_views_of_the_sky_and_near_views_are_refused_and_bare_ones_are_rare() -> None:
    camera = Camera(160, 120, 100.0, 100.0, 79.5, 59.5)
    ramp = np.tile(np.geomspace(80, 3, 120, dtype=np.float32)[:, None], (1, 160))
    assert keep_outdoors(ramp, camera) == 1.0
    sky = ramp.copy()
    sky[:73] = np.inf  # 61 % of the view
    assert keep_outdoors(sky, camera) == 0.0
    sky[60:73] = 50.0
    assert keep_outdoors(sky, camera) == 1.0
    blocked = ramp.copy()
    blocked[:, :60] = 0.45
    assert keep_outdoors(blocked, camera) == 0.0
    assert keep_outdoors(np.full((120, 160), 2.0, np.float32), camera) == 0.0
    assert 0.0 < keep_outdoors(np.full((120, 160), 6.0, np.float32), camera) < 1.0
    assert keep_outdoors(np.full((120, 160), np.inf, np.float32), camera) == 0.0


def test_paths_and_bodies_follow_the_terrain() -> None:
    rng = np.random.default_rng(4)
    land = random_terrain(rng, 0.05)
    path = winding_path(rng, land, -40.0, 160.0, 80.0)
    assert np.hypot(*path.point(0.0, 0.0)) < 1e-9
    np.testing.assert_allclose(np.hypot(*np.diff(path.xy, axis=0).T), 2.0, atol=1e-9)
    assert np.abs(np.diff(path.heading_rad)).max() <= 2.0 / 80.0 + 1e-9
    kerb = path.sweep(0.0, 31.0, [(3.0, 0.0), (3.0, 0.12), (3.2, 0.12)])
    x, y, z = kerb.vertices.astype(np.float64).T
    above = z - land.height(x, y)
    assert set(np.round(above, 3)) == {0.0, 0.12}
    assert np.ptp([path.terrain.at(float(a), float(b)) for a, b in path.xy]) > 0.3, "there is a slope to follow"
