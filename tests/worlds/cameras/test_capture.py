# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests that ranges and light through a lens are those along its own rays."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.driving.box_worlds import box_range, floor_range
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.worlds.cameras.capture import IMAGE_CIRCLE_RAD, capture_colour, capture_range, pose
from grin_ros.worlds.rendering.renderer import Renderer
from grin_ros.worlds.scene import Placement
from grin_ros.worlds.shapes import mesh
from tests.worlds.rays import LIGHTING, world_rays

LOW, HIGH = np.array([1.5, -0.4, 0.2]), np.array([2.3, 0.6, 1.1])
PLACEMENT = Placement(np.array([-0.3, 0.2, 1.6]), 0.15, 0.45, 0.1, 1.6)
LENSES = {
    "barrel": Camera(160, 120, 90.0, 92.0, 84.0, 55.0, "plumb_bob", (-0.25, 0.06, 1e-3, -1e-3, -0.005)),
    "pincushion": Camera(160, 120, 220.0, 220.0, 79.5, 59.5, "plumb_bob", (0.15, 0.02, 0.0, 0.0)),
    "rational": Camera(
        160, 120, 80.0, 80.0, 79.5, 59.5, "rational_polynomial", (0.2, 0.01, 1e-3, 0.0, 0.0, 0.5, 0.05, 0.0)
    ),
    "wide": Camera(160, 120, 70.0, 70.0, 79.5, 59.5, "equidistant", (-0.01, 0.0, 0.0, 0.0)),
    "fisheye": Camera(160, 120, 51.0, 51.0, 76.0, 62.0, "equidistant", (0.01, 0.001, 0.0, 0.0)),
    "circle": Camera(160, 120, 38.0, 38.0, 79.5, 59.5, "equidistant", (0.0, 0.0, 0.0, 0.0)),
}


def load(renderer: Renderer) -> None:
    body = mesh.box((HIGH - LOW).tolist()).moved(((LOW + HIGH) / 2 * [1, 1, 0] + [0, 0, LOW[2]]).tolist())
    body = body.painted((0.9, 0.05, 0.05))
    floor = mesh.quad((-20, -20, 0), (40, 0, 0), (0, 40, 0)).painted((0.05, 0.05, 0.9))
    renderer.load([floor, body], [], LIGHTING)


def test_the_pose_agrees_with_the_mounting_of_the_camera() -> None:
    mounting = Mounting(height_m=1.2, roll_rad=0.21, pitch_rad=0.4)
    matrix = pose(Placement(np.array([0.0, 0.0, 1.2]), 0.0, mounting.pitch_rad, mounting.roll_rad, 1.2))
    np.testing.assert_allclose(matrix[:3, :3].T, mounting.rotation(), atol=1e-12)


@pytest.mark.egl
@pytest.mark.parametrize("name", LENSES)
def test_range_is_that_along_the_rays_of_the_lens(renderer: Renderer, name: str) -> None:
    """Ranges are exact on planes up to the image circle. At edges they belong to one of the surfaces there."""
    camera = LENSES[name]
    load(renderer)
    got = capture_range(renderer, camera, pose(PLACEMENT))
    rays = world_rays(camera, PLACEMENT)
    hit, ground = box_range(PLACEMENT.position, rays, LOW, HIGH), floor_range(PLACEMENT.position, rays, 18)
    inside = camera.rays()[..., 2] > np.cos(IMAGE_CIRCLE_RAD)
    np.testing.assert_array_equal(np.isnan(got), ~inside)
    assert (name == "circle") == (inside.mean() < 0.9)
    expected = np.minimum(hit, ground)
    sure = inside & (expected < 15)
    error = np.abs(got[sure] / expected[sure] - 1)
    assert np.median(error) < 1e-5 and np.mean(error > 1e-3) < 0.03
    # Near edges, too, every point is on the floor or on the box, never between the two.
    points = PLACEMENT.position + got[sure, None] * rays[sure]
    off_box = np.linalg.norm(points - np.clip(points, LOW, HIGH), axis=-1)
    off = np.minimum(off_box, np.abs(points[:, 2])) / got[sure]
    assert off.max() < 0.015, f"{np.sum(off > 0.015)} points float, by at most {off.max():.1%} of their range"
    above = inside & np.isinf(hit) & (rays[..., 2] > 0)
    assert np.count_nonzero(np.isfinite(got[above])) < 30, "sky only beside the box and the horizon"


@pytest.mark.egl
def test_curved_surfaces_are_nearly_exact(renderer: Renderer) -> None:
    centre, radius = np.array([2.0, 0.2, 0.8]), 0.6
    ball = mesh.sphere(radius, 96).moved((centre - [0, 0, radius]).tolist())
    low, high = ball.bounds()
    np.testing.assert_allclose((low + high) / 2, centre, atol=0.01)
    renderer.load([ball], [], LIGHTING)
    for camera in LENSES.values():
        got = capture_range(renderer, camera, pose(PLACEMENT))
        rays, to = world_rays(camera, PLACEMENT), centre - PLACEMENT.position
        along = rays @ to
        off = along**2 - to @ to + radius**2
        with np.errstate(invalid="ignore"):
            expected = np.where(off > 0.02, along - np.sqrt(off), np.nan)
        sure = np.isfinite(expected) & np.isfinite(got)
        assert sure.sum() > 100 and np.median(np.abs(got[sure] / expected[sure] - 1)) < 1e-3


@pytest.mark.egl
@pytest.mark.parametrize("name", LENSES)
def test_light_and_range_show_the_same_edges(renderer: Renderer, name: str) -> None:
    camera = LENSES[name]
    load(renderer)
    range_m = capture_range(renderer, camera, pose(PLACEMENT))
    light = capture_colour(renderer, camera, pose(PLACEMENT))
    assert light.shape == (120, 160, 3) and not light[np.isnan(range_m)].any()
    rays = world_rays(camera, PLACEMENT)
    on_box = box_range(PLACEMENT.position, rays, LOW, HIGH) < floor_range(PLACEMENT.position, rays, 18)
    # The smoothing of stair steps changes one or two pixels beside an edge.
    inner = cv2.erode(on_box.astype(np.uint8), np.ones((5, 5))) > 0
    outer = (cv2.dilate(on_box.astype(np.uint8), np.ones((5, 5))) == 0) & (range_m < 15)
    assert inner.sum() > 50 and outer.sum() > 500
    red = light[..., 0] > light[..., 2]
    assert red[inner].mean() > 0.99 and red[outer].mean() < 0.01
