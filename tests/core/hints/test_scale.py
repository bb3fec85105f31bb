# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scale from ranges: exact without noise, robust to outliers, and an error with a reason if there is none."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.driving.box_worlds import Pose, World, exact
from grin_ros.core.geometry.camera import Camera, Mounting
from grin_ros.core.geometry.rays import points_from_depth
from grin_ros.core.hints.scale import MIN_POINTS, NoScaleError, match_scale, scaled
from grin_ros.core.types import DepthEstimate

CAMERA = Camera(160, 120, 110.0, 110.0, 79.5, 59.5, "plumb_bob", (-0.1, 0.02, 0.0, 0.0, 0.0), Mounting(0.6, 0.0, 0.1))
FISHEYE = Camera(160, 160, 50.0, 50.0, 79.5, 79.5, "equidistant", (0.01, 0.0, 0.0, 0.0), Mounting(0.6))
WORLD = World(
    {
        "wall": ((5.0, -9.0, 0.0), (5.2, 9.0, 3.0)),
        "left": ((0.0, 1.8, 0.0), (9.0, 2.0, 3.0)),
        "box": ((3.0, -1.2, 0.0), (3.5, -0.4, 0.8)),
    }
)


@lru_cache(maxsize=4)
def truth_m(camera: Camera) -> NDArray[np.float32]:
    return WORLD.depth_m(camera, Pose())


def measured(camera: Camera, row: int, every: int = 1) -> NDArray[np.float32]:
    """Return the points of a level 2D lidar at the camera's centre: the true points of one image row."""
    points = points_from_depth(truth_m(camera), camera.rays())[row, ::every]
    return points[np.isfinite(points).all(axis=1)]


def wrong(camera: Camera, factor: float, shape_ln: float = 0.01, seed: int = 0) -> DepthEstimate:
    """Return the truth times 1 / factor, with an independent error of the shape at every pixel; sigma is twice that."""
    depth_m = truth_m(camera)
    error = np.exp(shape_ln * np.random.default_rng(seed).standard_normal(depth_m.shape)) / factor
    return exact((depth_m * error).astype(np.float32), relative_sigma=2.0 * shape_ln)


@settings(max_examples=60, deadline=None)
@given(camera=st.sampled_from([CAMERA, FISHEYE]), factor=st.floats(0.31, 3.2), row=st.integers(62, 100))
def test_a_wrong_scale_is_found(camera: Camera, factor: float, row: int) -> None:
    found = match_scale(camera, wrong(camera, factor), measured(camera, row))
    assert found.factor == pytest.approx(factor, rel=0.005)
    assert found.error_ln < 0.01
    assert MIN_POINTS <= found.used <= found.offered <= camera.width
    exactly = match_scale(camera, wrong(camera, factor, shape_ln=0.0), measured(camera, row))
    assert exactly.factor == pytest.approx(factor, rel=1e-4)


@settings(max_examples=60, deadline=None)
@given(
    factor=st.floats(0.32, 3.0),
    share=st.floats(0.0, 0.4),
    low=st.floats(1.3, 3.0),
    spread=st.floats(0.01, 2.0),
    nearer=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_forty_per_cent_of_outliers_do_not_move_it(
    factor: float, share: float, low: float, spread: float, nearer: bool, seed: int
) -> None:
    """The outliers are all on one side, in a narrow or wide range, as with parallax and glass."""
    rng = np.random.default_rng(seed)
    points = np.concatenate([measured(CAMERA, row) for row in (66, 74, 82)])
    bad = rng.permutation(len(points))[: int(share * len(points))]
    stretch = low * np.exp(spread * rng.random(len(bad)))
    moved = points.copy()
    moved[bad] *= (1.0 / stretch if nearer else stretch)[:, None]
    found = match_scale(CAMERA, wrong(CAMERA, factor, shape_ln=0.02, seed=seed), moved)
    assert found.factor == pytest.approx(factor, rel=0.03)
    assert found.used <= len(points) - 0.9 * len(bad)


def test_the_claimed_error_is_the_real_one() -> None:
    """About two thirds of frames whose shape is wrong by blocks lie within one sigma, and hardly any beyond three."""
    rng, deviations = np.random.default_rng(4), []
    points = np.concatenate([measured(CAMERA, row) for row in (66, 80)])
    for _ in range(150):
        blocks = np.exp(0.15 * rng.standard_normal((12, 16))).repeat(10, axis=0).repeat(10, axis=1)
        depth_m = (truth_m(CAMERA) * blocks).astype(np.float32)
        found = match_scale(CAMERA, exact(depth_m, 0.3), points)
        deviations.append(found.ln / found.error_ln)
    assert 0.4 < np.mean(np.abs(deviations) < 1.0) < 0.95
    assert np.mean(np.abs(deviations) < 3.0) > 0.95


def test_points_with_a_smaller_sigma_count_more() -> None:
    """The two halves of the image disagree, and sigma is small in one of them."""
    depth_m = truth_m(CAMERA)
    left = np.arange(CAMERA.width) < CAMERA.width // 2
    estimate = np.where(left, depth_m / 1.2, depth_m / 1.8).astype(np.float32)
    for sure, factor in ((left, 1.2), (~left, 1.8)):
        sigma_m = np.where(sure, 0.02, 0.5) * estimate
        found = match_scale(CAMERA, DepthEstimate(estimate, sigma_m.astype(np.float32)), measured(CAMERA, 66))
        assert found.factor == pytest.approx(factor, rel=0.02)


def test_too_few_points_give_a_reason_and_no_scale() -> None:
    estimate = wrong(CAMERA, 2.0)
    points = measured(CAMERA, 66)
    match_scale(CAMERA, estimate, points[: MIN_POINTS + 20])
    for few in (points[:0], points[5:9], -points):
        with pytest.raises(NoScaleError, match=rf"of {len(few)} ranges lie within 15 m on .*, 10 are needed"):
            match_scale(CAMERA, estimate, few)
    unknown = DepthEstimate(np.full_like(estimate.depth_m, np.nan), np.full_like(estimate.depth_m, np.nan))
    with pytest.raises(NoScaleError, match="^0 of"):
        match_scale(CAMERA, unknown, points)


def test_ranges_that_do_not_agree_give_a_reason_and_no_scale() -> None:
    """This happens if the pose of the sensor is wrong."""
    rng = np.random.default_rng(1)
    points = measured(CAMERA, 66)
    scattered = points * np.exp(rng.uniform(-2.5, 2.5, len(points)))[:, None]
    with pytest.raises(NoScaleError, match="do not agree: .* check where the range sensor is"):
        match_scale(CAMERA, wrong(CAMERA, 1.0), scattered)


@pytest.mark.parametrize("factor", [0.061, 0.28, 3.5, 1000.0])
def test_a_factor_that_no_network_is_wrong_by_is_refused(factor: float) -> None:
    with pytest.raises(NoScaleError, match=r"ask for a factor of .*, and only 0\.30 to 3\.32 is believed; check"):
        match_scale(CAMERA, wrong(CAMERA, factor), measured(CAMERA, 66))


def test_far_ranges_do_not_count() -> None:
    """Far depth is wrong by another factor than near depth."""
    near_m = 4.0
    depth_m = truth_m(CAMERA) / np.where(truth_m(CAMERA) < near_m, 1.2, 1.9)
    points = points_from_depth(truth_m(CAMERA), CAMERA.rays())[62:110].reshape(-1, 3)
    points = points[np.isfinite(points).all(axis=1)]
    estimate = exact(depth_m.astype(np.float32), 0.02)
    assert match_scale(CAMERA, estimate, points, max_range_m=near_m).factor == pytest.approx(1.2, rel=0.01)
    with pytest.raises(NoScaleError, match="within 0.2 m"):
        match_scale(CAMERA, estimate, points, max_range_m=0.2)


def test_points_near_an_edge_do_not_count() -> None:
    estimate = wrong(CAMERA, 1.0)
    depth_m = estimate.depth_m
    row = 66
    jumps = np.flatnonzero(np.abs(np.diff(np.log(depth_m[row]))) > 0.15)
    assert len(jumps)
    rays = CAMERA.rays()[row]
    at_edges = points_from_depth(depth_m, CAMERA.rays())[row, np.concatenate([jumps, jumps + 1])]
    with pytest.raises(NoScaleError, match="^0 of"):
        match_scale(CAMERA, estimate, at_edges)
    assert rays.shape == (160, 3)


@settings(max_examples=30, deadline=None)
@given(factor=st.floats(0.5, 2.0), count=st.integers(6000, 40000))
def test_many_points_are_as_good_as_all(factor: float, count: int) -> None:
    points = points_from_depth(truth_m(CAMERA), CAMERA.rays()).reshape(-1, 3)
    points = points[np.isfinite(points).all(axis=1)]
    found = match_scale(CAMERA, wrong(CAMERA, factor), np.resize(points, (count, 3)))
    assert found.offered == count and found.used <= 5000
    assert found.factor == pytest.approx(factor, rel=0.005)


def test_the_corrected_estimate_is_the_truth() -> None:
    estimate = wrong(CAMERA, 1.6)
    fixed = scaled(estimate, match_scale(CAMERA, estimate, measured(CAMERA, 66)))
    known = np.isfinite(truth_m(CAMERA))
    np.testing.assert_allclose(fixed.depth_m[known], truth_m(CAMERA)[known], rtol=0.06)
    np.testing.assert_allclose((fixed.sigma_m / fixed.depth_m)[known], 0.02, rtol=1e-5)
    assert np.array_equal(np.isposinf(fixed.depth_m), ~known) and np.isnan(fixed.sigma_m[~known]).all()
    assert fixed.depth_m.dtype == fixed.sigma_m.dtype == np.float32
