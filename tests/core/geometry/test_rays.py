# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Ray maps, range and depth along z, points."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.rays import (
    depth_to_range,
    grid_cells,
    millimetres,
    pixel_grid,
    points_from_depth,
    points_from_range,
    range_to_depth,
)
from tests.core.geometry.lenses import cameras

FAST = settings(max_examples=40)
SEEDS = st.integers(0, 2**32 - 1)
FISHEYE = Camera(61, 41, 15.0, 15.0, 30.0, 20.0, "equidistant", (0.0,) * 4)  # 233 degrees wide


def random_range(camera: Camera, seed: int) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    return np.exp(random.uniform(np.log(0.1), np.log(100.0), (camera.height, camera.width))).astype(np.float32)


@FAST
@given(cameras(max_side=60))
def test_ray_map_holds_the_ray_of_every_pixel(camera: Camera) -> None:
    rays = camera.rays()
    assert rays.shape == (camera.height, camera.width, 3)
    assert rays.dtype == np.float32
    pixels = pixel_grid(camera.width, camera.height, camera.width, camera.height)
    np.testing.assert_allclose(rays.reshape(-1, 3), camera.unproject(pixels), atol=1e-6)


def test_ray_map_of_a_large_image_is_complete() -> None:
    camera = Camera(1283, 411, 900.0, 900.0, 640.0, 200.0)  # several chunks of rows, the last one incomplete
    x, y, z = np.moveaxis(camera.rays().astype(np.float64), -1, 0)
    np.testing.assert_allclose(x / z * 900.0 + 640.0, np.broadcast_to(np.arange(1283), (411, 1283)), atol=1e-3)
    np.testing.assert_allclose(y / z * 900.0 + 200.0, np.broadcast_to(np.arange(411)[:, None], (411, 1283)), atol=1e-3)


def test_ray_map_is_cached_by_value_read_only_and_independent_of_the_mounting() -> None:
    camera = Camera(64, 48, 50.0, 50.0, 32.0, 24.0)
    assert camera.rays() is Camera(64, 48, 50.0, 50.0, 32.0, 24.0).rays()
    assert camera.rays() is camera.with_mounting(Mounting(1.0)).rays()
    assert camera.rays() is not replace(camera, cx=31.0).rays()
    with pytest.raises(ValueError, match="read-only"):
        camera.rays()[0, 0, 0] = 0.0


@FAST
@given(cameras(max_side=60), SEEDS)
def test_range_and_depth_round_trip(camera: Camera, seed: int) -> None:
    rays, range_m = camera.rays(), random_range(camera, seed)
    depth_m = range_to_depth(range_m, rays)
    assert depth_m.dtype == np.float32
    ahead = rays[..., 2] > 0
    np.testing.assert_array_equal(np.isfinite(depth_m), ahead)
    assert (depth_m[ahead] <= range_m[ahead] * (1 + 1e-6)).all()
    np.testing.assert_allclose(depth_to_range(depth_m, rays)[ahead], range_m[ahead], rtol=1e-5)


@FAST
@given(cameras(max_side=60), SEEDS)
def test_points_project_to_their_own_pixel_and_have_their_depth(camera: Camera, seed: int) -> None:
    rays, range_m = camera.rays(), random_range(camera, seed)
    depth_m = range_to_depth(range_m, rays)
    points = points_from_depth(depth_m, rays)
    ahead = rays[..., 2] > 1e-3
    assert points.dtype == np.float32
    np.testing.assert_allclose(points[ahead][:, 2], depth_m[ahead], rtol=1e-5)
    np.testing.assert_allclose(points[ahead], (rays * range_m[..., None])[ahead], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(points_from_range(range_m, rays)[ahead], points[ahead], rtol=1e-4, atol=1e-5)
    pixels = pixel_grid(camera.width, camera.height, camera.width, camera.height).reshape(*range_m.shape, 2)
    np.testing.assert_allclose(camera.project(points)[ahead], pixels[ahead], atol=0.01)


def test_invalid_and_beyond_range_give_no_point_but_keep_their_meaning_in_depth() -> None:
    camera = Camera(3, 1, 1.0, 1.0, 1.0, 0.0)  # its middle ray is the axis: 0 * inf must not leak through
    values = np.array([[np.nan, np.inf, 2.0]], dtype=np.float32)
    assert np.isnan(range_to_depth(values, camera.rays())[0, 0])
    assert range_to_depth(values, camera.rays())[0, 1] == np.inf
    assert depth_to_range(values, camera.rays())[0, 1] == np.inf
    for points in (points_from_depth(values, camera.rays()), points_from_range(values, camera.rays())):
        assert np.isnan(points[0, :2]).all()
        assert np.isfinite(points[0, 2]).all()


def test_rays_beside_and_behind_have_a_range_but_no_depth() -> None:
    rays = FISHEYE.rays()
    behind = rays[..., 2] <= 0
    assert behind.any()
    assert not behind.all()
    one = np.ones(rays.shape[:2], dtype=np.float32)
    np.testing.assert_array_equal(np.isnan(range_to_depth(one, rays)), behind)
    np.testing.assert_array_equal(np.isnan(depth_to_range(one, rays)), behind)
    np.testing.assert_allclose(np.linalg.norm(points_from_range(one, rays), axis=-1), 1.0, rtol=1e-6)


def test_pixels_without_a_ray_have_no_depth_range_or_point() -> None:
    camera = Camera(61, 41, 5.0, 5.0, 30.0, 20.0, "plumb_bob", (-1.0, 0.0, 0.0, 0.0))
    rays = camera.rays()
    outside = np.isnan(rays[..., 0])
    assert outside.any()
    assert not outside.all()
    one = np.ones(rays.shape[:2], dtype=np.float32)
    for values in (range_to_depth(one, rays), depth_to_range(one, rays), points_from_range(one, rays)[..., 0]):
        np.testing.assert_array_equal(np.isnan(values), outside)


def test_members_share_the_rays() -> None:
    camera = Camera(5, 4, 3.0, 3.0, 2.0, 1.5)
    members = np.stack([random_range(camera, seed) for seed in range(3)])
    depth_m = range_to_depth(members, camera.rays())
    np.testing.assert_array_equal(depth_m[1], range_to_depth(members[1], camera.rays()))
    assert points_from_depth(depth_m, camera.rays()).shape == (3, 4, 5, 3)


@pytest.mark.parametrize("function", [range_to_depth, depth_to_range, points_from_depth, points_from_range])
@pytest.mark.parametrize("shape", [(4, 6), (5, 4), (5,), ()])
def test_rays_of_another_image_are_refused(function: Any, shape: tuple[int, ...]) -> None:
    rays = Camera(5, 4, 3.0, 3.0, 2.0, 1.5).rays()
    with pytest.raises(ValueError, match=r"_m: got shape .* expected \(\.\.\., H, W\).*resized"):
        function(np.ones(shape), rays)
    with pytest.raises(ValueError, match="expected"):
        function(np.ones((4, 5)), rays[..., :2])


def test_millimetres_are_zero_where_there_is_no_depth_or_it_does_not_fit() -> None:
    depth_m = np.array([[0.0004, 1.2344, 65.535, 65.54, np.nan, np.inf, -np.inf, -1.0]], np.float32)
    assert millimetres(depth_m).tolist() == [[0, 1234, 65535, 0, 0, 0, 0, 0]]


# --- pixel_grid ---


def test_pixel_grid_of_the_image_itself_is_its_pixels() -> None:
    np.testing.assert_allclose(pixel_grid(3, 2, 3, 2), [[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]])
    np.testing.assert_allclose(pixel_grid(4, 2, 2, 1), [[0.5, 0.5], [2.5, 0.5]])


@FAST
@given(cameras(), st.integers(1, 40), st.integers(1, 30))
def test_pixel_grid_sees_the_rays_of_the_resized_camera(camera: Camera, cols: int, rows: int) -> None:
    grid = camera.unproject(pixel_grid(camera.width, camera.height, cols, rows)).reshape(rows, cols, 3)
    np.testing.assert_allclose(camera.resized(cols, rows).rays(), grid, atol=1e-6)


@pytest.mark.parametrize(("width", "height", "cols", "rows"), [(64, 48, 16, 12), (61, 41, 7, 5), (9, 6, 9, 6)])
def test_a_pixel_lies_in_the_cell_of_the_nearest_centre(width: int, height: int, cols: int, rows: int) -> None:
    pixels = np.random.default_rng(0).uniform((-0.5, -0.5), (width - 0.5, height - 0.5), (500, 2))
    v, u = grid_cells(pixels, width, height, cols, rows)
    share = (pixels[:, None] - pixel_grid(width, height, cols, rows)) / (width / cols, height / rows)
    np.testing.assert_array_equal(v * cols + u, np.abs(share).max(axis=-1).argmin(axis=1))


def test_a_pixel_outside_the_image_counts_to_the_nearest_cell() -> None:
    v, u = grid_cells(np.array([[-3.0, 2.0], [70.0, 99.0]]), 64, 48, cols=16, rows=12)
    assert (v.tolist(), u.tolist()) == ([0, 11], [0, 15])


def test_bad_pixel_grid_is_refused() -> None:
    for change in ({"width": 0}, {"height": -1}, {"cols": 0}, {"rows": 0}):
        bad = partial(pixel_grid, **{"width": 4, "height": 4, "cols": 2, "rows": 2, **change})
        with pytest.raises(ValueError, match=r"pixel grid: got .* expected positive.*image size"):
            bad()
