# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Range is exact, and a pixel's ray is where the project's camera says it is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.data.scenes import cameras, mesh
from grin_ros.data.scenes.renderer import Intrinsics, Lighting, Renderer
from grin_ros.geometry.camera import Camera
from tests.data.scenes.rays import world_rays

LIGHTING = Lighting(
    sun_direction=np.array([0.0, 0.3, -0.95]),
    sun=np.ones(3),
    lamps=((np.array([2.0, 2.0, 2.0]), np.ones(3)),),
    ambient_up=np.ones(3),
    ambient_down=np.ones(3),
    room=(np.zeros(3), np.full(3, 4.0)),
)


def view_at(position: tuple[float, float, float], yaw: float, pitch: float, roll: float, k: Intrinsics) -> cameras.View:
    return cameras.View(k, cameras.pose(np.array(position), yaw, pitch, roll), position[2], roll, pitch)


def box_range(
    origin: NDArray[np.float64], rays: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Slab test: range to the first hit of a box from outside, inf where missed."""
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = (low - origin) / rays, (high - origin) / rays
    near, far = np.minimum(a, b).max(axis=-1), np.maximum(a, b).min(axis=-1)
    return np.where((near <= far) & (far > 0), near, np.inf)


@pytest.mark.egl
@pytest.mark.parametrize("offset", [(0.0, 0.0), (11.3, -7.6)])
def test_range_is_that_of_the_analytic_scene_at_every_pixel_centre(
    renderer: Renderer, offset: tuple[float, float]
) -> None:
    low, high = np.array([1.5, -0.4, 0.2]), np.array([2.3, 0.6, 1.1])
    body = mesh.box((high - low).tolist()).moved(((low + high) / 2 * [1, 1, 0] + [0, 0, low[2]]).tolist())
    floor = mesh.quad((-20, -20, 0), (40, 0, 0), (0, 40, 0))
    renderer.load([floor, body], [], LIGHTING)
    k = Intrinsics(160, 120, 130.0, 141.0, 79.5 + offset[0], 59.5 + offset[1])
    view = view_at((-0.3, 0.2, 1.6), 0.15, 0.45, 0.1, k)
    got = renderer.range_image(k, view.optical_from_world)
    rays, origin = world_rays(view), np.array([-0.3, 0.2, 1.6])
    with np.errstate(divide="ignore"):
        ground = np.where(rays[..., 2] < 0, -origin[2] / rays[..., 2], np.inf)
    ground[ground > 18] = np.inf  # the floor ends
    hit = box_range(origin, rays, low, high)
    expected = np.minimum(ground, hit)
    sure = np.isfinite(expected) & np.isfinite(got)
    error = np.abs(got[sure] - expected[sure])
    assert hit[sure].min() < 3 and sure.mean() > 0.9
    # Only pixels whose ray grazes an edge of the box to within rounding may differ.
    assert np.mean(error > 1e-3) < 2e-4, f"{np.sum(error > 1e-3)} pixels differ, at most {error.max():.4f} m"


@pytest.mark.egl
def test_a_point_is_drawn_where_the_camera_projects_it(renderer: Renderer) -> None:
    k = Intrinsics(160, 120, 120.0, 118.0, 74.0, 66.0)
    camera = Camera(160, 120, k.fx, k.fy, k.cx, k.cy)
    point = camera.unproject(np.array([40.0, 90.0])) * 2.0  # a pixel centre: its pixel alone must see a tiny body
    side = 2.0 * 0.5 / 120.0
    speck = mesh.box((side, side, side)).moved((point - [0, 0, side / 2]).tolist())
    renderer.load([speck], [], LIGHTING)
    seen = np.argwhere(np.isfinite(renderer.range_image(k, np.eye(4))))
    assert seen.tolist() == [[90, 40]]
