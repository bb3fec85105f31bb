# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where cameras are, what they look at, and which views are kept."""

from __future__ import annotations

import numpy as np

from grin_ros.data.scenes import cameras
from grin_ros.data.scenes.renderer import Intrinsics
from grin_ros.geometry.camera import Camera, Mounting


def test_pose_agrees_with_the_mounting_of_geometry() -> None:
    mounting = Mounting(height_m=1.2, roll_rad=0.21, pitch_rad=0.4)
    matrix = cameras.pose(np.array([0.0, 0.0, 1.2]), 0.0, mounting.pitch_rad, mounting.roll_rad)
    np.testing.assert_allclose(matrix[:3, :3].T, mounting.rotation(), atol=1e-12)


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
