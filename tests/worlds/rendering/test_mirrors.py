# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of mirrors: they show what a mirrored camera sees, and they have no range."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.cameras.capture import capture_colour, capture_glass, capture_range, pose
from grin_ros.worlds.indoor import mirrors
from grin_ros.worlds.indoor.furnished_room import build_room
from grin_ros.worlds.registry import named
from grin_ros.worlds.rendering.projection import reflection
from grin_ros.worlds.rendering.reflections import SILVER, planes_of
from grin_ros.worlds.rendering.renderer import Renderer
from grin_ros.worlds.scene import Placement
from grin_ros.worlds.shapes import mesh
from grin_ros.worlds.views import render_views, without_glass
from tests.worlds.rays import LIGHTING, world_rays

CAMERA = Camera(160, 120, 110.0, 112.0, 76.0, 57.0)
FISHEYE = Camera(160, 120, 51.0, 51.0, 76.0, 62.0, "equidistant", (0.01, 0.001, 0.0, 0.0))
PLACEMENT = Placement(np.array([2.0, 1.0, 1.4]), np.pi / 2 - 0.2, 0.1, 0.05, 1.4)
PLANE = np.array([0.0, -1.0, 0.0, 3.0])  # the plane y = 3, seen from smaller y
WALL = mesh.quad((0, 3.1, 0), (4, 0, 0), (0, 0, 3)).painted((0.6, 0.6, 0.2))
GLASS = mesh.quad((1.2, 3.0, 0.5), (1.8, 0, 0), (0, 0, 1.6))
ROOM = [
    mesh.quad((0, 0, 0), (4, 0, 0), (0, 4, 0)).painted((0.2, 0.5, 0.8)),
    mesh.quad((0, 0, 0), (4, 0, 0), (0, 0, 3)).painted((0.8, 0.2, 0.2)),
    mesh.box((0.5, 0.4, 0.9)).moved((2.6, 2.2, 0)).painted((0.1, 0.9, 0.1), -1, 0.6),
    mesh.box((0.3, 0.3, 1.9)).moved((1.2, 0.5, 0)).painted((0.9, 0.9, 0.9)),
]


@pytest.mark.egl
def test_a_mirror_shows_what_the_mirrored_camera_sees(renderer: Renderer) -> None:
    renderer.load([*ROOM, WALL], [], LIGHTING, 0, [GLASS])
    view = pose(PLACEMENT)
    capture_range(renderer, CAMERA, view)
    glass = capture_glass(renderer, CAMERA, view)
    got = capture_colour(renderer, CAMERA, view, 0.0)
    # A camera behind the wall, made right-handed by swapping left and right. The wall is removed.
    flipped = Camera(160, 120, CAMERA.fx, CAMERA.fy, 159 - CAMERA.cx, CAMERA.cy)
    behind = np.diag([-1.0, 1, 1, 1]) @ view @ reflection(PLANE)
    assert np.linalg.det(behind[:3, :3]) == pytest.approx(1.0)
    renderer.load(ROOM, [], LIGHTING)
    renderer.range_image(flipped, behind)
    expected = renderer.colour_image(flipped, behind, 0.0)[:, ::-1] * np.array(SILVER, np.float32)
    inner = cv2.erode(glass.astype(np.uint8), np.ones((7, 7))) > 0
    assert inner.sum() > 2000 and expected[inner].std() > 0.05
    off = np.abs(got - expected)[inner].max(axis=-1)
    assert np.median(off) < 1e-3 and np.mean(off > 0.02) < 0.03  # edges are smoothed in the image


@pytest.mark.egl
@pytest.mark.parametrize("camera", [CAMERA, FISHEYE], ids=["pinhole", "fisheye"])
def test_only_mirrors_have_no_range_and_ranges_beside_them_stay_exact(renderer: Renderer, camera: Camera) -> None:
    renderer.load([*ROOM, WALL], [], LIGHTING, 0, [GLASS])
    range_m, rays = capture_range(renderer, camera, pose(PLACEMENT)), world_rays(camera, PLACEMENT)
    glass = capture_glass(renderer, camera, pose(PLACEMENT))
    capture_colour(renderer, camera, pose(PLACEMENT))
    measured = without_glass(range_m, glass)
    assert np.isnan(measured[glass]).all() and glass.sum() > 500
    np.testing.assert_array_equal(measured[~glass], range_m[~glass])
    with np.errstate(divide="ignore", invalid="ignore"):
        on_glass, on_wall = ((y - PLACEMENT.position[1]) / rays[..., 1] for y in (3.0, 3.1))
    np.testing.assert_allclose(range_m[glass], on_glass[glass], rtol=2e-3)  # the range of the glass itself
    point = PLACEMENT.position + on_glass[..., None] * rays
    low, high = np.array([1.2, 0.5]) - 0.03, np.array([3.0, 2.1]) + 0.03
    inside = np.all((point[..., [0, 2]] > low) & (point[..., [0, 2]] < high), axis=-1)
    assert not (glass & ~inside).any(), "no glass beside the mirror"
    wall = ~inside & (np.abs(range_m - on_wall) < 0.02) & (on_wall > 0)
    assert wall.sum() > 300
    error = np.abs(measured[wall] / on_wall[wall] - 1)  # at the foot of the wall, the floor is as far away
    assert np.median(error) < 1e-5 and np.mean(error > 1e-3) < 0.02


def test_mirrors_in_one_plane_count_once() -> None:
    beside = mesh.quad((0.2, 3.0, 0.5), (0.5, 0, 0), (0, 0, 1.6))
    (plane,) = planes_of([GLASS, beside])
    np.testing.assert_allclose(plane, PLANE, atol=1e-6)
    assert len(planes_of([GLASS, beside.moved((0, 0.2, 0))])) == 2


@pytest.mark.egl
def test_a_mirror_changes_nothing_else_in_a_room_and_images_of_it_are_not_black(
    renderer: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "SHARE", 0.0)
    bare = build_room(2, Assets())
    assert not bare.mirrors
    monkeypatch.setattr(mirrors, "SHARE", 1.0)
    room = build_room(2, Assets())
    assert 1 <= len(room.mirrors) <= 2
    np.testing.assert_array_equal(room.solids, bare.solids)
    np.testing.assert_array_equal(room.targets, bare.targets)
    middle = room.bounds[1] / 2
    for glass in room.mirrors:
        low, high = glass.bounds()
        size = np.sort(high - low)
        assert size[0] < 1e-4 and 0.2 < size[1] < 1.5 and size[2] < 2.3
        assert np.all(low > -1e-3) and np.all(high < room.bounds[1])
        assert glass.normals[0] @ (middle - glass.vertices[0])[:3] > 0 or abs(glass.normals[0][2]) < 1e-6
    kept = list(render_views(renderer, 2, Assets(), 6, worlds=named(["room"])))
    again = list(render_views(renderer, 2, Assets(), 6, worlds=named(["room"])))
    assert [f.image.tobytes() for f in kept] == [f.image.tobytes() for f in again]
    pinholes = [f for f in kept if f.camera.distortion_model != "equidistant" and np.isnan(f.range_m).any()]
    for frame in pinholes:
        assert frame.image[np.isnan(frame.range_m)].mean() > 10
