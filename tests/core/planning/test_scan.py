# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scan of a tilted camera, compared with that of a level 2D lidar at its place."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.driving.box_worlds import Pose, World, exact
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.planning.obstacles import ObstacleSettings, trusted_pixels
from grin_ros.core.planning.scan import Scan, level_scan
from grin_ros.core.planning.view import MountingUnknownError
from grin_ros.core.types import DepthEstimate

CAMERA = Camera(160, 120, 110.0, 110.0, 79.5, 59.5, "plumb_bob", (-0.1, 0.02, 0.0, 0.0, 0.0), Mounting(0.7))
FISHEYE = Camera(160, 160, 50.0, 50.0, 79.5, 79.5, "equidistant", (0.0, 0.0, 0.0, 0.0), Mounting(0.7))
SETTINGS = ObstacleSettings(max_range_m=6.0)
WALL_M = 3.0
ROOM = World({"wall": ((WALL_M, -50.0, 0.0), (WALL_M + 0.2, 50.0, 3.0))})


def scan_of(
    camera: Camera,
    depth: NDArray[np.float32] | DepthEstimate,
    wanted: ObstacleSettings = SETTINGS,
    step_deg: float = 1.0,
) -> Scan:
    estimate = depth if isinstance(depth, DepthEstimate) else exact(depth)
    return level_scan(camera, estimate, wanted, trusted_pixels(camera, estimate, wanted), step_deg, 0.1)


def bearings(scan: Scan) -> NDArray[np.float64]:
    return np.asarray(scan.angle_min_rad + scan.increment_rad * np.arange(len(scan.ranges_m)), np.float64)


@settings(max_examples=40)
@given(
    lens=st.sampled_from([CAMERA, FISHEYE]),
    height_m=st.floats(0.2, 1.8),
    roll=st.floats(-0.6, 0.6),
    pitch=st.floats(-0.25, 0.5),
)
def test_a_wall_ahead_is_straight_at_any_tilt_of_the_camera(
    lens: Camera, height_m: float, roll: float, pitch: float
) -> None:
    camera = lens.with_mounting(Mounting(height_m, roll, pitch))
    scan = scan_of(camera, ROOM.depth_m(camera, Pose()))
    hits = np.isfinite(scan.ranges_m)
    ahead = np.abs(bearings(scan)) < math.radians(20)
    assert hits[ahead].mean() > 0.9
    # The nearest pixel of a bearing lies up to half an increment beside it.
    across_m = scan.ranges_m[ahead & hits] * np.cos(bearings(scan)[ahead & hits])
    np.testing.assert_allclose(across_m, WALL_M, rtol=0.01)


def test_left_is_left_and_the_angles_are_the_camera_s() -> None:
    post = World({"post": ((2.0, 0.5, 0.0), (2.2, 0.7, 1.5))})
    scan = scan_of(CAMERA, post.depth_m(CAMERA, Pose()))
    hit = bearings(scan)[np.isfinite(scan.ranges_m)]
    assert math.radians(12) < hit.min() and hit.max() < math.radians(21)
    assert scan.angle_max_rad - scan.angle_min_rad == pytest.approx(math.radians(CAMERA.fov_deg()[0]), rel=0.03)
    assert scan.angle_min_rad < 0 < scan.angle_max_rad
    assert 0.05 < scan.range_min_m <= 0.1 * 1.3 and scan.range_max_m == SETTINGS.max_range_m


def test_the_way_beside_an_obstacle_is_open() -> None:
    post = World({"post": ((2.0, -0.1, 0.0), (2.2, 0.1, 1.5))})
    scan = scan_of(CAMERA, post.depth_m(CAMERA, Pose()))
    seen = np.abs(bearings(scan)) < math.radians(30)
    beside = seen & (np.abs(bearings(scan)) > math.radians(5))
    assert np.isposinf(scan.ranges_m[beside]).all()
    assert np.isfinite(scan.ranges_m[np.abs(bearings(scan)) < math.radians(2)]).all()


def test_things_above_and_below_the_height_band_are_no_obstacles() -> None:
    world = World({"lamp": ((2.0, -1.0, 2.2), (2.3, 1.0, 2.5)), "carpet": ((1.0, -1.0, 0.0), (5.0, 1.0, 0.03))})
    scan = scan_of(CAMERA, world.depth_m(CAMERA, Pose()))
    assert not np.isfinite(scan.ranges_m).any()
    low = replace(SETTINGS, min_height_m=0.02)
    assert np.isfinite(scan_of(CAMERA, world.depth_m(CAMERA, Pose()), low).ranges_m).any()


def test_bearings_without_known_depth_are_nan() -> None:
    """Depth is missing on the left, too uncertain on the right, and open in the middle."""
    depth_m = World().depth_m(CAMERA, Pose())
    sigma_m = (0.01 * np.where(np.isfinite(depth_m), depth_m, np.nan)).astype(np.float32)
    depth_m[:, :60] = np.nan
    sigma_m[:, :60] = np.nan
    depth_m[:, 100:] = 4.0
    sigma_m[:, 100:] = 3.0
    scan = scan_of(CAMERA, DepthEstimate(depth_m, sigma_m))
    angle = bearings(scan)
    assert np.isnan(scan.ranges_m[angle > math.radians(13)]).all()
    assert np.isnan(scan.ranges_m[angle < -math.radians(13)]).all()
    assert np.isposinf(scan.ranges_m[np.abs(angle) < math.radians(8)]).all()


def test_a_camera_that_sees_only_the_floor_reports_no_free_way() -> None:
    """At 50 degrees down, the farthest ray meets the floor long before the end of the range."""
    camera = CAMERA.with_mounting(Mounting(0.7, 0.0, math.radians(50)))
    scan = scan_of(camera, World().depth_m(camera, Pose()))
    assert np.isnan(scan.ranges_m).all()
    box = World({"box": ((0.7, -0.3, 0.0), (1.0, 0.3, 0.4))})
    assert np.isfinite(scan_of(camera, box.depth_m(camera, Pose())).ranges_m).any()


def test_a_surface_certainly_beyond_the_range_is_open_even_if_it_is_uncertain() -> None:
    depth_m = np.full((120, 160), 40.0, np.float32)
    unsure = DepthEstimate(depth_m, 0.4 * depth_m)  # 40 - 2 * 16 > 6
    strict = replace(SETTINGS, max_relative_sigma=0.2)
    scan = scan_of(CAMERA, unsure, strict)
    assert np.isposinf(scan.ranges_m[np.abs(bearings(scan)) < math.radians(30)]).all()
    hopeless = DepthEstimate(depth_m, 0.5 * depth_m)  # 40 - 2 * 20 = 0
    assert np.isnan(scan_of(CAMERA, hopeless, strict).ranges_m).all()


@settings(max_examples=30)
@given(step_deg=st.floats(0.05, 10.0), pitch=st.floats(-1.5, 1.5), roll=st.floats(-math.pi, math.pi))
def test_ranges_and_angles_always_fit_together(step_deg: float, pitch: float, roll: float) -> None:
    camera = FISHEYE.with_mounting(Mounting(0.7, roll, pitch))
    scan = scan_of(camera, ROOM.depth_m(camera, Pose()), step_deg=step_deg)
    assert scan.angle_max_rad == pytest.approx(scan.angle_min_rad + scan.increment_rad * (len(scan.ranges_m) - 1))
    assert -math.pi <= scan.angle_min_rad and scan.angle_max_rad <= math.pi + scan.increment_rad
    finite = scan.ranges_m[np.isfinite(scan.ranges_m)]
    assert (finite <= scan.range_max_m).all() and (finite > 0).all()
    assert 0 < scan.range_min_m < scan.range_max_m
    assert not np.isneginf(scan.ranges_m).any()


def test_without_a_mounting_there_is_no_scan() -> None:
    with pytest.raises(MountingUnknownError, match=r"set mounting\.known"):
        scan_of(CAMERA.with_mounting(None), np.ones((120, 160), np.float32))


def test_a_camera_that_looks_straight_down_has_no_scan() -> None:
    narrow = Camera(160, 120, 400.0, 400.0, 79.5, 59.5, mounting=Mounting(2.0, 0.0, math.pi / 2))
    with pytest.raises(ValueError, match=r"correct mounting\.pitch_deg, or do not ask for the scan"):
        scan_of(narrow, np.ones((120, 160), np.float32))


@pytest.mark.parametrize("pixels", [(160, 120), (80, 60)])
@pytest.mark.parametrize("step_deg", [0.05, 0.5])
def test_bearings_finer_than_pixels_have_no_gaps(pixels: tuple[int, int], step_deg: float) -> None:
    width, height = pixels
    camera = Camera(width, height, width / 2, width / 2, (width - 1) / 2, (height - 1) / 2, mounting=Mounting(0.7))
    scan = scan_of(camera, ROOM.depth_m(camera, Pose()), step_deg=step_deg)
    assert np.isfinite(scan.ranges_m).all()
    np.testing.assert_allclose(scan.ranges_m * np.cos(bearings(scan)), WALL_M, rtol=0.02)


def test_what_is_beyond_the_largest_depth_is_not_free() -> None:
    """Depth is published up to 2 m. The wall at 3 m is +inf then, and the scan must not say that 6 m are free."""
    depth_m = ROOM.depth_m(CAMERA, Pose())
    limited = np.where(depth_m > 2.0, np.float32(np.inf), depth_m)
    scan = scan_of(CAMERA, limited, SETTINGS.within(2.0))
    assert scan.range_max_m < 2.0
    assert np.isposinf(scan.ranges_m[np.abs(bearings(scan)) < math.radians(20)]).all()
