# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of rolling shutters: each row of a turning camera has the view and the ranges of its own time."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.driving.box_worlds import box_range, floor_range
from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.cameras.capture import capture_colour, capture_range, pose, rolling_shutter_rays
from grin_ros.worlds.cameras.develop import ROLLING_PX, ROLLING_SHARE, rolling_turn
from grin_ros.worlds.rendering.renderer import Renderer
from grin_ros.worlds.scene import Placement
from grin_ros.worlds.shapes import mesh
from tests.worlds.rays import LIGHTING

CAMERA = Camera(160, 120, 130.0, 130.0, 79.5, 59.5)
FISHEYE = Camera(160, 120, 51.0, 51.0, 76.0, 62.0, "equidistant", (0.01, 0.001, 0.0, 0.0))
PLACEMENT = Placement(np.array([0.0, 0.0, 1.0]), 0.0, 0.0, 0.0, 1.0)
LOW, HIGH = np.array([2.0, -3.0, 0.0]), np.array([3.0, 0.0, 2.5])
TURN = (0.0, 6.0 / 130.0, 0.0)  # a turn to the right by 6 px


def load(renderer: Renderer) -> None:
    body = mesh.box((HIGH - LOW).tolist()).moved(((LOW + HIGH) / 2 * [1, 1, 0]).tolist()).painted((0.9, 0.05, 0.05))
    floor = mesh.quad((-20, -20, 0), (40, 0, 0), (0, 40, 0)).painted((0.05, 0.05, 0.9))
    renderer.load([floor, body], [], LIGHTING)


@pytest.mark.egl
def test_an_upright_edge_leans_by_the_turn(renderer: Renderer) -> None:
    load(renderer)
    rows = np.arange(30, 60)  # above the horizon there is the box or nothing
    range_m = capture_range(renderer, CAMERA, pose(PLACEMENT), TURN)
    light = capture_colour(renderer, CAMERA, pose(PLACEMENT), turn_rad=TURN)
    edge = np.argmax(np.isfinite(range_m[rows]), axis=1) - 0.5
    # The edge is straight ahead, at cx for the still camera. It moves left as the camera turns.
    expected = CAMERA.cx - CAMERA.fx * np.tan(TURN[1] * (rows / 119 - 0.5))
    assert np.abs(edge - expected).max() < 1.05 and expected[0] - expected[-1] > 1.4
    red = np.argmax(light[rows][..., 0] > light[rows][..., 2], axis=1) - 0.5
    assert np.abs(red - expected).max() < 1.6, "the picture leans alike"


@pytest.mark.egl
@pytest.mark.parametrize("camera", [CAMERA, FISHEYE], ids=["pinhole", "fisheye"])
def test_range_is_that_along_the_turned_rays(renderer: Renderer, camera: Camera) -> None:
    load(renderer)
    turn = (0.02, 0.03, -0.02)
    got = capture_range(renderer, camera, pose(PLACEMENT), turn)
    rays = rolling_shutter_rays(camera.rays(), turn).astype(np.float64) @ pose(PLACEMENT)[:3, :3]
    origin = PLACEMENT.position
    expected = np.minimum(box_range(origin, rays, LOW, HIGH), floor_range(origin, rays, 15))
    np.testing.assert_array_equal(np.isnan(got), np.isnan(camera.rays()[..., 2]) | (camera.rays()[..., 2] < -0.0871))
    sure = np.isfinite(expected) & np.isfinite(got)
    error = np.abs(got[sure] / expected[sure] - 1)
    assert sure.mean() > 0.4 and np.median(error) < 1e-5 and np.mean(error > 1e-3) < 0.03
    still = capture_range(renderer, camera, pose(PLACEMENT))
    assert np.mean(np.abs(still[sure] / got[sure] - 1) > 1e-3) > 0.2, "it is another picture"


def test_the_middle_row_has_the_rays_of_the_still_camera() -> None:
    odd = Camera(20, 11, 20.0, 20.0, 9.5, 5.0)
    turned = rolling_shutter_rays(odd.rays(), (0.1, -0.05, 0.2))
    np.testing.assert_allclose(turned[5], odd.rays()[5], atol=1e-6)
    assert np.abs(turned[0] - odd.rays()[0]).max() > 0.02
    np.testing.assert_array_equal(rolling_shutter_rays(odd.rays(), (0.0, 0.0, 0.0)), odd.rays())


def test_a_share_of_the_images_is_sheared_by_some_pixels() -> None:
    drawn = [rolling_turn(CAMERA, np.random.default_rng(seed)) for seed in range(2000)]
    turns = np.array([turn for turn in drawn if turn is not None])
    assert abs(len(turns) / 2000 - ROLLING_SHARE) < 0.02
    shear_px = np.linalg.norm(turns, axis=1) * CAMERA.fx
    assert ROLLING_PX[0] <= shear_px.min() < shear_px.max() <= ROLLING_PX[1]
    assert drawn[:50] == [rolling_turn(CAMERA, np.random.default_rng(seed)) for seed in range(50)]
