# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scene renderer: exact range, the pixel and mounting conventions, determinism, and the rules for views."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.data.scenes import cameras, mesh
from grin_ros.data.scenes.generate import develop, scene_frames
from grin_ros.data.scenes.renderer import Intrinsics, Lighting, Renderer
from grin_ros.geometry.camera import Camera, Mounting

LIGHTING = Lighting(
    np.array([0.0, 0.3, -0.95]),
    np.ones(3),
    ((np.array([2.0, 2.0, 2.0]), np.ones(3)),),
    np.ones(3),
    np.ones(3),
    (np.zeros(3), np.full(3, 4.0)),
)


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    try:
        made = Renderer(160, 120)
    except RuntimeError as error:
        pytest.skip(str(error))
    yield made
    made.close()


def world_rays(view: cameras.View) -> NDArray[np.float64]:
    """Unit rays (h, w, 3) in the world frame, by the project's own camera."""
    k = view.intrinsics
    rays = Camera(k.width, k.height, k.fx, k.fy, k.cx, k.cy).rays().astype(np.float64)
    return rays @ view.optical_from_world[:3, :3]


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
    body = mesh.box(high - low).moved(((low + high) / 2 * [1, 1, 0] + [0, 0, low[2]]).tolist())
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
    view = np.eye(4)
    side = 2.0 * 0.5 / 120.0
    speck = mesh.box((side, side, side)).moved((point - [0, 0, side / 2]).tolist())
    renderer.load([speck], [], LIGHTING)
    seen = np.argwhere(np.isfinite(renderer.range_image(k, view)))
    assert seen.tolist() == [[90, 40]]


def test_pose_agrees_with_the_mounting_of_geometry() -> None:
    mounting = Mounting(height_m=1.2, roll_rad=0.21, pitch_rad=0.4)
    matrix = cameras.pose(np.array([0.0, 0.0, 1.2]), 0.0, mounting.pitch_rad, mounting.roll_rad)
    np.testing.assert_allclose(matrix[:3, :3].T, mounting.rotation(), atol=1e-12)


@pytest.mark.egl
def test_the_same_seed_gives_the_same_bytes(renderer: Renderer) -> None:
    first = list(scene_frames(renderer, 3, None, views=2))
    second = list(scene_frames(renderer, 3, None, views=2))
    other = list(scene_frames(renderer, 4, None, views=2))
    assert len(first) == 2
    for a, b in zip(first, second, strict=True):
        assert a.image.tobytes() == b.image.tobytes() and a.range_m.tobytes() == b.range_m.tobytes()
    assert first[0].image.tobytes() != other[0].image.tobytes()


@pytest.mark.egl
def test_rendered_views_obey_the_rules(renderer: Renderer) -> None:
    frames = [f for seed in (11, 12, 13) for f in scene_frames(renderer, seed, None, views=6)]
    assert len(frames) == 18
    for frame in frames:
        assert cameras.passes(frame.range_m)
        assert 0.15 < frame.image.mean() / 255 < 0.7, "neither black nor white"
        assert frame.image.std() > 5
        floor = (frame.view.height_m - 0.08) / np.clip(-world_rays(frame.view)[..., 2], 1e-9, None)
        assert np.all(frame.range_m[np.isfinite(frame.range_m)] < 60)
        below = np.isfinite(frame.range_m) & (floor < 50)
        assert np.all(frame.range_m[below] < floor[below] * 1.0 + 0.2 * floor[below] / (frame.view.height_m + 0.01)), (
            "sees through the floor"
        )
    assert 0.6 < np.median([np.median(f.range_m) for f in frames]) < 4.0


def test_passes_rejects_near_bare_and_open_views() -> None:
    ramp = np.tile(np.linspace(1, 3, 160, dtype=np.float32), (120, 1))
    assert cameras.passes(ramp)
    near = ramp.copy()
    near[60, 80] = 0.2
    assert not cameras.passes(near)
    crowded = ramp.copy()
    crowded[:, :70] = 0.4
    assert not cameras.passes(crowded)
    assert not cameras.passes(np.full((120, 160), 2.0, np.float32))
    gone = ramp.copy()
    gone[:, :60] = np.inf
    assert not cameras.passes(gone)


def test_bare_knows_a_plane_from_a_scene() -> None:
    k = Intrinsics(160, 120, 120.0, 120.0, 79.5, 59.5)
    rays = Camera(160, 120, k.fx, k.fy, k.cx, k.cy).rays().astype(np.float64)
    wall = (2.0 / (rays @ np.array([0.4, -0.2, 0.9]))).astype(np.float32)
    assert cameras.bare(wall, k)
    cluttered = wall.copy()
    cluttered[30:90, 40:120] *= 0.6
    assert not cameras.bare(cluttered, k)


def test_wanted_medians_follow_from_the_kept_proposals() -> None:
    rng = np.random.default_rng(0)
    proposed = np.exp(rng.normal(np.log(cameras.PROPOSED_MEDIAN_M), cameras.PROPOSED_SIGMA_LN, 20000))
    kept = proposed[rng.random(20000) < [cameras.keep_probability(m) for m in proposed]]
    low, median, high = np.percentile(kept, [10, 50, 90])
    assert 0.9 < low < 1.15 and 1.85 < median < 2.1 and 3.4 < high < 4.3


def test_intrinsics_cover_the_fields_of_view() -> None:
    rng = np.random.default_rng(0)
    sampled = [cameras.sample_intrinsics(rng, 320, 240) for _ in range(4000)]
    fov = np.degrees(2 * np.arctan(160 / np.array([k.fx for k in sampled])))
    assert 0.56 < np.mean((fov > 45) & (fov < 75)) < 0.64 and 0.21 < np.mean(fov < 45) < 0.29
    ratio = np.array([k.fy / k.fx for k in sampled])
    assert ratio.min() >= 0.74 and ratio.max() <= 1.34 and np.mean(np.abs(ratio - 1) <= 0.1) > 0.8


def test_develop_exposes_dark_and_bright_light_alike() -> None:
    light = np.random.default_rng(0).uniform(0.2, 1.0, (60, 80, 3)).astype(np.float32)
    for gain in (1e-2, 1.0, 1e2):
        image = develop(light * np.float32(gain), np.random.default_rng(1))
        assert image.dtype == np.uint8 and 0.2 < image.mean() / 255 < 0.65
