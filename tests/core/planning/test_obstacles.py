# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Marked and cleared points, compared with their definition pixel by pixel."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.driving.box_worlds import Pose, World, exact
from grin_ros.core.estimator import Settings, limited
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.rays import points_from_depth
from grin_ros.core.planning.obstacles import (
    ObstacleSettings,
    first_in_each_voxel,
    flying_pixels,
    free_points,
    obstacle_points,
    standing_pixels,
    tells_something,
    trusted_pixels,
)
from grin_ros.core.planning.view import MountingUnknownError, range_per_depth
from grin_ros.core.types import DepthEstimate, HintReport

CAMERA = Camera(48, 36, 40.0, 42.0, 23.1, 17.8, "plumb_bob", (-0.2, 0.05, 0.001, -0.001, 0.0), Mounting(0.8))
FISHEYE = Camera(48, 48, 13.0, 13.0, 23.5, 23.5, "equidistant", (0.01, 0.0, 0.0, 0.0), Mounting(0.8))
SETTINGS = ObstacleSettings()


def random_estimate(camera: Camera, seed: int) -> DepthEstimate:
    """An estimate of patches between 0.3 and 12 m, with relative sigma up to 1, holes and sky."""
    rng = np.random.default_rng(seed)
    pieces = rng.uniform(-1.2, 2.5, (4, 5))
    rows = np.arange(camera.height) * 4 // camera.height
    cols = np.arange(camera.width) * 5 // camera.width
    depth_m = np.exp(pieces[np.ix_(rows, cols)] + 0.01 * rng.standard_normal((camera.height, camera.width)))
    sigma_m = depth_m * rng.uniform(0.0, 1.0, depth_m.shape)
    kind = rng.random(depth_m.shape)
    depth_m[kind < 0.1], depth_m[kind > 0.9] = np.nan, np.inf
    sigma_m[~np.isfinite(depth_m)] = np.nan
    return DepthEstimate(depth_m.astype(np.float32), sigma_m.astype(np.float32))


def height_m(camera: Camera, points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return heights above the ground of points (..., 3) in the optical frame, by the definition of the mounting."""
    assert camera.mounting is not None
    return np.asarray(points @ camera.mounting.up_optical() + camera.mounting.height_m)


cameras = st.builds(
    lambda lens, roll, pitch, height: lens.with_mounting(Mounting(height, roll, pitch)),
    st.sampled_from([CAMERA, FISHEYE]),
    st.floats(-math.pi, math.pi),
    st.floats(-1.5, 1.5),
    st.floats(0.1, 3.0),
)
some_settings = st.builds(
    ObstacleSettings,
    max_relative_sigma=st.floats(0.05, 1.0),
    min_grazing_deg=st.floats(0.5, 10.0),
    max_range_m=st.floats(1.0, 10.0),
    voxel_m=st.floats(0.02, 0.5),
    height_band=st.booleans(),
)


@settings(max_examples=60)
@given(camera=cameras, wanted=some_settings, seed=st.integers(0, 10**6))
def test_every_wanted_pixel_is_in_a_marked_voxel_and_nothing_else_is(
    camera: Camera, wanted: ObstacleSettings, seed: int
) -> None:
    estimate = random_estimate(camera, seed)
    found = obstacle_points(camera, estimate, wanted, trusted_pixels(camera, estimate, wanted))
    assert found.dtype == np.float32 and np.isfinite(found).all()
    depth_m, sigma_m = estimate.depth_m, estimate.sigma_m
    points = points_from_depth(depth_m, camera.rays())
    with np.errstate(invalid="ignore"):
        keep = np.isfinite(depth_m) & (sigma_m <= np.float32(wanted.max_relative_sigma) * depth_m)
        keep &= ~flying_pixels(depth_m, camera, wanted.min_grazing_deg) & np.isfinite(points[..., 0])
        keep &= range_per_depth(camera) * depth_m <= np.float32(wanted.max_range_m)
        if wanted.height_band:
            keep &= standing_pixels(camera, estimate, wanted)
    expected = {tuple(cube) for cube in np.floor(points[keep] / wanted.voxel_m).astype(int)}
    got = [tuple(cube) for cube in np.floor(found[:, :3] / wanted.voxel_m).astype(int)]
    # Rounding may move only points on the border of two cubes.
    assert len(got) - len(set(got)) <= 2 and len(set(got) ^ expected) <= 2 + 0.05 * len(expected)
    measured = np.concatenate([points[keep], sigma_m[keep, None]], axis=1)
    for point in found[:: max(1, len(found) // 20)]:
        assert np.isclose(measured, point, rtol=1e-5, atol=1e-5).all(axis=1).any(), "a point that no pixel measured"


@settings(max_examples=100)
@given(
    st.integers(1, 6),
    st.lists(st.tuples(*[st.sampled_from([-1.1, -0.9, 0.0, 0.25, 90.0, math.nan])] * 3), max_size=60),
    st.sampled_from([0.0625, 0.25, 1.0]),  # exact in binary, so that borders are not rounded
)
def test_the_first_point_of_each_voxel_is_found(
    width: int, points: list[tuple[float, float, float]], voxel_m: float
) -> None:
    points = points[: len(points) // width * width]
    seen: dict[tuple[int, ...], int] = {}
    for number, point in enumerate(points):
        if not any(map(math.isnan, point)):
            seen.setdefault(tuple(math.floor(value / voxel_m) for value in point), number)
    found = first_in_each_voxel(np.array(points, np.float32).reshape(-1, width, 3), voxel_m)
    assert found.tolist() == sorted(seen.values())


@pytest.mark.parametrize("ramp_px", [1, 2, 3, 5])
@pytest.mark.parametrize("far_m", [4.0, np.inf])
@pytest.mark.parametrize("turned", [False, True])
def test_no_point_flies_between_near_and_far_and_the_edge_stays(ramp_px: int, far_m: float, turned: bool) -> None:
    camera = Camera(80, 60, 400.0, 400.0, 39.5, 29.5)
    depth_m = np.full((60, 80), 1.5, np.float32)
    depth_m[:, 40:] = far_m
    depth_m[:, 40 : 40 + ramp_px] = np.geomspace(1.5, min(far_m, 20.0), ramp_px + 2)[1:-1]
    if turned:
        camera, depth_m = Camera(60, 80, 400.0, 400.0, 29.5, 39.5), depth_m.T.copy()
    estimate = exact(depth_m)
    trusted = trusted_pixels(camera, estimate, SETTINGS)
    assert set(np.unique(depth_m[trusted])) == {1.5, far_m} - {np.inf}
    assert trusted[depth_m == 1.5].all(), "the near object lost its edge"


def test_a_thin_pole_is_kept() -> None:
    depth_m = np.full((36, 48), 6.0, np.float32)
    depth_m[:, 20] = 2.0
    assert trusted_pixels(CAMERA, exact(depth_m), SETTINGS)[:, 20].all()


def test_the_floor_and_a_wall_seen_at_an_angle_are_surfaces() -> None:
    camera = Camera(160, 120, 130.0, 130.0, 79.5, 59.5, mounting=Mounting(0.4, 0.0, 0.1))
    world = World({"wall along the way": ((0.0, -1.1, 0.0), (30.0, -1.0, 3.0))})
    depth_m = world.depth_m(camera, Pose())
    near = np.isfinite(depth_m) & (depth_m < SETTINGS.max_range_m)
    lost = near & ~trusted_pixels(camera, exact(depth_m), SETTINGS)
    assert near.sum() > 5000
    assert lost.sum() < 0.01 * near.sum()


@settings(max_examples=40)
@given(camera=cameras, seed=st.integers(0, 10**6))
def test_standing_pixels_are_in_the_band_by_one_sigma(camera: Camera, seed: int) -> None:
    estimate = random_estimate(camera, seed)
    points = points_from_depth(estimate.depth_m, camera.rays())
    farther = points_from_depth(estimate.depth_m + estimate.sigma_m, camera.rays())
    height, lift = height_m(camera, points), np.abs(height_m(camera, farther) - height_m(camera, points))
    with np.errstate(invalid="ignore"):
        expected = (height - lift > SETTINGS.min_height_m) & (height < SETTINGS.max_height_m)
        border = (
            np.minimum(np.abs(height - lift - SETTINGS.min_height_m), np.abs(height - SETTINGS.max_height_m)) < 1e-3
        )
    differs = standing_pixels(camera, estimate, SETTINGS) != expected
    assert not (differs & ~border).any()


def test_a_floor_that_is_estimated_wrongly_is_no_obstacle() -> None:
    """Depth that is 20 % too small raises the floor by a fifth of the camera's height, and sigma covers that."""
    camera = Camera(160, 120, 130.0, 130.0, 79.5, 59.5, mounting=Mounting(1.0, 0.0, 0.2))
    floor = World().depth_m(camera, Pose())
    banded = replace(SETTINGS, height_band=True)
    estimate = exact((0.8 * floor).astype(np.float32), relative_sigma=0.25)
    assert len(obstacle_points(camera, estimate, banded, trusted_pixels(camera, estimate, banded))) == 0
    too_sure = exact((0.8 * floor).astype(np.float32), relative_sigma=0.01)
    assert len(obstacle_points(camera, too_sure, banded, trusted_pixels(camera, too_sure, banded))) > 100


def test_without_a_mounting_the_height_band_is_not_applied() -> None:
    camera = CAMERA.with_mounting(None)
    estimate = random_estimate(camera, 1)
    trusted = trusted_pixels(camera, estimate, SETTINGS)
    found = obstacle_points(camera, estimate, SETTINGS, trusted)
    without_band = obstacle_points(camera, estimate, replace(SETTINGS, height_band=False), trusted)
    assert len(found) > 0
    np.testing.assert_array_equal(found, without_band)
    assert SETTINGS.keeps_floor(camera) and not SETTINGS.keeps_floor(CAMERA)
    assert not replace(SETTINGS, height_band=False).keeps_floor(camera)


def test_heights_need_the_mounting() -> None:
    camera = CAMERA.with_mounting(None)
    with pytest.raises(MountingUnknownError, match=r"set mounting\.known, .* or mounting\.base_frame"):
        standing_pixels(camera, random_estimate(camera, 1), SETTINGS)


def test_the_floor_is_no_obstacle_with_the_default_settings() -> None:
    camera = Camera(160, 120, 130.0, 130.0, 79.5, 59.5, mounting=Mounting(1.0, 0.0, 0.2))
    floor = exact(World().depth_m(camera, Pose()))
    settings = ObstacleSettings()
    assert len(obstacle_points(camera, floor, settings, trusted_pixels(camera, floor, settings))) == 0


@settings(max_examples=60)
@given(camera=cameras, wanted=some_settings, seed=st.integers(0, 10**6))
def test_free_rays_end_at_or_before_their_surface(camera: Camera, wanted: ObstacleSettings, seed: int) -> None:
    estimate = random_estimate(camera, seed)
    trusted = trusted_pixels(camera, estimate, wanted)
    ends = free_points(camera, estimate, wanted, trusted)
    range_m = range_per_depth(camera) * estimate.depth_m
    length_m = np.linalg.norm(ends, axis=1)
    assert (length_m <= wanted.cleared_range_m * (1 + 1e-5)).all()
    if not len(ends):
        assert not (trusted & np.isfinite(range_m)).any()
        return
    # Each end lies on the ray of a pixel that is known, no farther than its surface.
    pixels = camera.project(ends).round().astype(int)
    u, v = np.clip(pixels[:, 0], 0, camera.width - 1), np.clip(pixels[:, 1], 0, camera.height - 1)
    assert (length_m <= range_m[v, u] * (1 + 1e-4)).all()
    sure = range_per_depth(camera) * (estimate.depth_m - 2 * estimate.sigma_m)
    with np.errstate(invalid="ignore"):
        known = trusted[v, u] | np.isposinf(estimate.depth_m[v, u]) | (sure[v, u] > wanted.cleared_range_m * 0.999)
    assert known.all()


def test_open_sky_is_cleared_and_uncertain_pixels_are_not() -> None:
    depth_m = np.full((36, 48), np.inf, np.float32)
    depth_m[:, 16:32], depth_m[:, 32:] = 30.0, 2.0
    sigma_m = np.where(np.isinf(depth_m), np.nan, 0.3 * depth_m).astype(np.float32)
    sigma_m[:, 32:] = 1.5  # near, with a large sigma
    estimate = DepthEstimate(depth_m, sigma_m)
    strict = replace(SETTINGS, max_relative_sigma=0.2)
    ends = free_points(CAMERA, estimate, strict, trusted_pixels(CAMERA, estimate, strict))
    np.testing.assert_allclose(np.linalg.norm(ends, axis=1), strict.cleared_range_m, rtol=1e-5)
    columns = CAMERA.project(ends)[:, 0]
    assert columns.min() < 1.0 and 30.0 < columns.max() < 31.5


@pytest.mark.parametrize("max_depth_m", [1.0, 3.0])
def test_nothing_is_cleared_beyond_the_largest_depth(max_depth_m: float) -> None:
    """A wall stands right behind the largest depth, where depth is +inf."""
    depth_m = np.full((CAMERA.height, CAMERA.width), np.inf, np.float32)
    estimate, wanted = exact(depth_m), SETTINGS.within(max_depth_m)
    free = free_points(CAMERA, estimate, wanted, trusted_pixels(CAMERA, estimate, wanted))
    assert len(free)
    assert free[:, 2].max() <= max_depth_m + 1e-5


@pytest.mark.parametrize(
    ("depth_m", "sigma", "max_depth_m", "clears"),
    [
        (3.1, 0.7, 3.0, False),  # it may be within the limit
        (3.1, 0.01, 3.0, True),
        (81.0, 0.1, 80.0, True),  # it may be within the limit, but is surely beyond all that is cleared
        (81.0, 0.5, 80.0, False),
        (100.0, 0.02, 3.0, True),
    ],
)
def test_depth_beyond_the_limit_clears_what_it_surely_lies_beyond(
    depth_m: float, sigma: float, max_depth_m: float, clears: bool
) -> None:
    everywhere = np.full((CAMERA.height, CAMERA.width), depth_m, np.float32)
    got_m, sigma_m, unlimited = limited(everywhere, np.float32(sigma) * everywhere, Settings(max_depth_m=max_depth_m))
    assert np.isposinf(got_m).all()
    wanted = SETTINGS.within(max_depth_m)
    estimate = DepthEstimate(got_m, sigma_m, unlimited=unlimited)
    assert clears == bool(len(free_points(CAMERA, estimate, wanted, trusted_pixels(CAMERA, estimate, wanted))))


def test_a_large_depth_leaves_the_settings_as_they_are() -> None:
    assert SETTINGS.within(80.0) == SETTINGS


def test_an_estimate_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"got \(3, 4\), expected the camera's \(36, 48\)"):
        trusted_pixels(CAMERA, exact(np.ones((3, 4), np.float32)), SETTINGS)


def test_an_empty_band_is_refused() -> None:
    with pytest.raises(ValueError, match="expected min < max"):
        ObstacleSettings(min_height_m=1.0, max_height_m=0.5)


def test_an_empty_estimate_gives_no_points() -> None:
    nothing = DepthEstimate(np.full((36, 48), np.nan, np.float32), np.full((36, 48), np.nan, np.float32))
    trusted = trusted_pixels(CAMERA, nothing, SETTINGS)
    assert obstacle_points(CAMERA, nothing, SETTINGS, trusted).shape == (0, 4)
    assert free_points(CAMERA, nothing, SETTINGS, trusted).shape == (0, 3)


def test_with_hints_a_smaller_sigma_is_asked_for() -> None:
    camera = Camera(8, 6, 5.0, 5.0, 3.5, 2.5)
    depth_m = np.full((6, 8), 2.0, np.float32)
    sigma_m = np.linspace(0.0, 0.6, 48, dtype=np.float32).reshape(6, 8)
    hinted = DepthEstimate(depth_m, sigma_m, hints=HintReport(9, 0, 0.0, {"scan": 9}))
    beam = DepthEstimate(depth_m, sigma_m, hints=HintReport(1, 0, 0.0, {"range": 1}))
    unused = DepthEstimate(depth_m, sigma_m, hints=HintReport(0, 9, 0.0, {}))
    settings = ObstacleSettings(max_relative_sigma=0.25, hinted_relative_sigma=0.1)
    np.testing.assert_array_equal(trusted_pixels(camera, hinted, settings), sigma_m <= 0.2)
    for alone in (beam, unused):
        np.testing.assert_array_equal(trusted_pixels(camera, alone, settings), sigma_m <= 0.5)


@pytest.mark.parametrize(
    ("relative_sigma", "depth_m", "hinted", "told"),
    [(0.4, 2.0, False, True), (0.6, 2.0, False, False), (0.4, 2.0, True, False), (0.6, np.inf, False, True),
     (0.45, 60.0, True, True), (0.6, np.nan, False, False)],
)  # fmt: skip
def test_an_estimate_tells_something_if_a_pixel_in_a_hundred_marks_or_clears(
    relative_sigma: float, depth_m: float, hinted: bool, told: bool
) -> None:
    whole = np.full((480, 640), depth_m, np.float32)
    report = HintReport(used=9, outliers=0, correction_ln=0.0, by_source={}) if hinted else None
    unsure = DepthEstimate(whole, np.float32(relative_sigma) * whole, hints=report)
    assert tells_something(unsure, SETTINGS) == told
    few = unsure.sigma_m.copy()
    few[:48, :48] = 0.1 * whole[:48, :48]  # 0.75 % of the image
    assert tells_something(replace(unsure, sigma_m=few), SETTINGS) == told
    few[:96, :96] = 0.1 * whole[:96, :96]
    assert tells_something(replace(unsure, sigma_m=few), SETTINGS) == (told or math.isfinite(depth_m))
