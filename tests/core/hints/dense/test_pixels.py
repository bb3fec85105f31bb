# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Dense hints after decoding: each pixel is corrected by the hint that is nearest to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from grin_ros.core.hints.dense.pixels import at_pixels
from grin_ros.core.types import Hints
from tests.core.hints.seen_room import CAMERA, COLS

Map = NDArray[np.float32]
WIDTH, HEIGHT = CAMERA.width, CAMERA.height
RAY_Z = CAMERA.rays()[..., 2]
FLAT_M = np.full((HEIGHT, WIDTH), 4.0, np.float32)


def measured(depth_m: Map, count: int = 3000, sigma_ln: float = 0.01, seed: int = 0) -> Hints:
    """Hints of this depth at random pixels, with the noise that they declare."""
    rng = np.random.default_rng(seed)
    u, v = rng.integers((WIDTH, HEIGHT), size=(count, 2)).T
    range_m = depth_m[v, u] / RAY_Z[v, u] * np.exp(rng.normal(0.0, sigma_ln, count))
    return Hints.measured(np.stack([u, v], 1), range_m, sigma_ln)


def corrected(hints: Hints, depth_m: Map = FLAT_M, sigma: float = 0.1) -> tuple[Map, Map]:
    return at_pixels(hints, depth_m, np.float32(sigma) * depth_m, RAY_Z, COLS)


def step(column: int, far_m: float = 5.0) -> Map:
    """Depth with an edge to the left of this column."""
    return np.where(np.arange(WIDTH) < column, np.float32(4.0), np.float32(far_m)) * np.ones_like(FLAT_M)


def test_an_edge_within_a_cell_lies_where_it_was_measured() -> None:
    """A cell is five pixels wide. The estimate has the edge two pixels too far to the left."""
    truth_m, estimate_m = step(83), step(81)
    got_m, _ = corrected(measured(truth_m, count=12_000), estimate_m, sigma=0.15)
    between = np.s_[:, 81:83]
    assert np.abs(np.log(got_m / truth_m))[between].mean() < 0.5 * np.log(5.0 / 4.0)
    assert np.abs(np.log(got_m / truth_m)).mean() < 0.015


def test_a_hint_says_nothing_of_another_surface() -> None:
    """Only the near surface is measured, 10 % farther away. The pixels beside it are those of a far one."""
    estimate_m = step(80, far_m=8.0)
    hints = measured(step(80) * np.float32(1.1))
    got_m, _ = corrected(hints.chosen(hints.pixels[:, 0] < 80.0), estimate_m)
    assert np.median(got_m[:, 70:80] / estimate_m[:, 70:80]) > 1.05
    np.testing.assert_allclose(got_m[:, 80:], estimate_m[:, 80:], rtol=1e-3)


@given(sigma=st.sampled_from([0.03, 0.1, 0.3]), noise=st.sampled_from([0.01, 0.05]), seed=st.integers(0, 1000))
def test_sigma_falls_where_it_is_measured_and_never_rises(sigma: float, noise: float, seed: int) -> None:
    hints = measured(FLAT_M, count=200, sigma_ln=noise, seed=seed)
    got_m, sigma_m = corrected(hints, sigma=sigma)
    v, u = hints.nearest(WIDTH, HEIGHT)
    assert (sigma_m / got_m < sigma * 1.0001).all()
    assert (sigma_m / got_m)[v, u].max() < 1.1 * np.hypot(noise, 0.02)


def test_far_from_all_hints_nothing_changes() -> None:
    hints = measured(FLAT_M * np.float32(1.1))
    got_m, sigma_m = corrected(hints.chosen(hints.pixels[:, 0] < 40.0))
    np.testing.assert_allclose(got_m[:, 90:], FLAT_M[:, 90:], rtol=1e-4)
    np.testing.assert_allclose(sigma_m[:, 90:], 0.1 * FLAT_M[:, 90:], rtol=1e-4)


@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_an_outlier_moves_no_pixel(factor: float) -> None:
    right = measured(FLAT_M)
    wrong = np.random.default_rng(1).random(len(right)) < 0.05
    got_m, _ = corrected(replace(right, range_m=np.where(wrong, np.float32(factor), np.float32(1.0)) * right.range_m))
    assert np.abs(np.log(got_m / corrected(right)[0])).max() < 0.05


def test_certain_pixels_follow_no_noise() -> None:
    """The estimate knows depth to 1 %, the sensor to 10 %."""
    got_m, _ = corrected(measured(FLAT_M, sigma_ln=0.1), sigma=0.01)
    assert np.log(got_m / FLAT_M).std() < 0.005


@pytest.mark.parametrize("first", [0, 1])
def test_of_several_hints_on_one_pixel_the_strongest_counts(first: int) -> None:
    """One is right; the other is uncertain, or an outlier."""
    pixel = np.array([[80.0, 60.0], [80.0, 60.0]])
    right_m = float(4.4 / RAY_Z[60, 80])
    for other_m, other_sigma_ln in ((1.5 * right_m, 0.5), (3.0 * right_m, 0.01)):
        pair = Hints.measured(pixel, np.array([right_m, other_m]), np.array([0.01, other_sigma_ln]))
        got_m, _ = corrected(pair.chosen(np.array([first, 1 - first])))
        assert got_m[60, 80] == pytest.approx(4.4, rel=0.01)


def test_an_infinite_sigma_stays() -> None:
    sigma_m = np.full_like(FLAT_M, np.inf)
    got_m, got_sigma_m = at_pixels(measured(FLAT_M), FLAT_M, sigma_m, RAY_Z, COLS)
    np.testing.assert_array_equal(got_m, FLAT_M)
    np.testing.assert_array_equal(got_sigma_m, sigma_m)


def test_what_is_not_finite_stays_and_says_nothing() -> None:
    estimate_m = FLAT_M.copy()
    estimate_m[:40], estimate_m[40:50] = np.inf, np.nan
    got_m, sigma_m = corrected(measured(FLAT_M), estimate_m)
    np.testing.assert_array_equal(got_m[:50], estimate_m[:50])
    assert np.isfinite(got_m[50:]).all() and np.isfinite(sigma_m[50:]).all()
    assert got_m.dtype == sigma_m.dtype == np.float32


def test_without_a_hint_on_a_known_pixel_the_estimate_stays() -> None:
    beyond_m = np.full_like(FLAT_M, np.inf)
    got_m, _ = corrected(measured(FLAT_M), beyond_m)
    np.testing.assert_array_equal(got_m, beyond_m)
