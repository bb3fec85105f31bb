# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests that rendered ranges are exact and that pixels have the rays of the project's camera."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.driving.box_worlds import box_range, floor_range
from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.cameras.capture import pose
from grin_ros.worlds.rendering.renderer import Renderer
from grin_ros.worlds.scene import Placement
from grin_ros.worlds.shapes import mesh
from tests.worlds.rays import LIGHTING, world_rays


@pytest.mark.egl
@pytest.mark.parametrize("offset", [(0.0, 0.0), (11.3, -7.6)])
@pytest.mark.parametrize("size", [(160, 120), (100, 140)])
def test_range_is_that_of_the_analytic_scene_at_every_pixel_centre(
    renderer: Renderer, offset: tuple[float, float], size: tuple[int, int]
) -> None:
    low, high = np.array([1.5, -0.4, 0.2]), np.array([2.3, 0.6, 1.1])
    body = mesh.box((high - low).tolist()).moved(((low + high) / 2 * [1, 1, 0] + [0, 0, low[2]]).tolist())
    floor = mesh.quad((-20, -20, 0), (40, 0, 0), (0, 40, 0))
    renderer.load([floor, body], [], LIGHTING)
    camera = Camera(*size, 130.0, 141.0, (size[0] - 1) / 2 + offset[0], (size[1] - 1) / 2 + offset[1])
    placement = Placement(np.array([-0.3, 0.2, 1.6]), 0.15, 0.45, 0.1, 1.6)
    got = renderer.range_image(camera, pose(placement))
    rays = world_rays(camera, placement)
    hit = box_range(placement.position, rays, low, high)
    expected = np.minimum(floor_range(placement.position, rays, 18), hit)
    sure = np.isfinite(expected) & np.isfinite(got)
    error = np.abs(got[sure] - expected[sure])
    assert hit[sure].min() < 3 and sure.mean() > 0.8
    # Only pixels whose ray touches an edge of the box within rounding may differ.
    assert np.mean(error > 1e-3) < 2e-4, f"{np.sum(error > 1e-3)} pixels differ, at most {error.max():.4f} m"


@pytest.mark.egl
def test_a_point_is_drawn_where_the_camera_projects_it(renderer: Renderer) -> None:
    camera = Camera(160, 120, 120.0, 118.0, 74.0, 66.0)
    point = camera.unproject(np.array([40.0, 90.0])) * 2.0  # a pixel centre: only this pixel sees a tiny body
    side = 2.0 * 0.5 / 120.0
    speck = mesh.box((side, side, side)).moved((point - [0, 0, side / 2]).tolist())
    renderer.load([speck], [], LIGHTING)
    seen = np.argwhere(np.isfinite(renderer.range_image(camera, np.eye(4))))
    assert seen.tolist() == [[90, 40]]
