# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The posterior of hints: exact where it can be known, robust to outliers, and no wider than the prior."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grin_ros.core.hints.covariance import Features
from grin_ros.core.hints.posterior import AT_ONCE, Observed, Posterior, posterior
from grin_ros.core.hints.process import Process

PROCESS = Process()
EXACT = np.float32(0.01)


def scene(rng: np.random.Generator, count: int) -> Features:
    """Pixels of an image of 4:3 with ranges of 1 to 7 metres and grey colours."""
    position = rng.uniform(0.0, 1.0, (count, 2)) * (1.0, 0.75)
    grey = rng.uniform(0.2, 0.9, (count, 1)) * (1.0, 0.0, 0.0)
    return Features(*(np.asarray(a, np.float32) for a in (position, rng.uniform(0.0, 2.0, count), grey)))


def chosen(features: Features, which: object) -> Features:
    return Features(*(values[which] for values in features[:3]))


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), factor_ln=st.floats(-0.7, 0.7), count=st.integers(10, 200))
def test_a_common_factor_is_found_everywhere(seed: int, factor_ln: float, count: int) -> None:
    rng = np.random.default_rng(seed)
    grid = scene(rng, 300)
    hints = scene(rng, count)
    found = posterior(grid, Observed(hints, np.full(count, factor_ln, np.float32), np.full(count, EXACT)), PROCESS)
    assert np.abs(found.mean_ln - factor_ln).mean() < 0.1 * abs(factor_ln) + 0.01
    assert (found.weight > 0.5).all()


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), count=st.integers(1, 100))
def test_hints_never_widen_the_deviation(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    grid, hints = scene(rng, 200), scene(rng, count)
    residual = rng.normal(0.0, 0.3, count).astype(np.float32)
    found = posterior(grid, Observed(hints, residual, np.full(count, EXACT)), PROCESS)
    assert np.isfinite(found.mean_ln).all()
    assert (found.deviation_ln > 0.0).all()
    assert (found.deviation_ln <= found.prior_ln * 1.0001).all()


def test_the_deviation_is_small_at_a_hint_and_grows_with_distance() -> None:
    columns = np.linspace(0.0, 1.0, 50, dtype=np.float32)
    grid = Features(
        np.stack([columns, np.zeros_like(columns)], 1), np.zeros(50, np.float32), np.zeros((50, 3), np.float32)
    )
    found = posterior(grid, Observed(chosen(grid, [0]), np.array([0.2], np.float32), np.array([EXACT])), PROCESS)
    assert (np.diff(found.deviation_ln) >= -1e-6).all()
    assert found.deviation_ln[0] < 0.5 * found.deviation_ln[-1]


def test_a_correction_stays_on_its_side_of_an_edge_of_colour_and_range() -> None:
    rng = np.random.default_rng(3)
    grid = scene(rng, 400)
    left = grid.position[:, 0] < 0.5
    grid = grid._replace(
        ln_range=np.where(left, 0.0, 1.5).astype(np.float32),
        colour=np.where(left[:, None], (0.2, 0.0, 0.0), (0.9, 0.0, 0.0)).astype(np.float32),
    )
    at = rng.choice(400, 80, replace=False)
    residual = np.where(left[at], 0.3, 0.0).astype(np.float32)  # only the left side is wrong
    found = posterior(grid, Observed(chosen(grid, at), residual, np.full(80, EXACT)), PROCESS)
    assert found.mean_ln[left].mean() == pytest.approx(0.3, abs=0.03)
    assert np.abs(found.mean_ln[~left]).mean() < 0.03


@pytest.mark.parametrize(("share", "error_ln"), [(0.05, 0.03), (0.2, 0.05), (0.35, 0.1)])
def test_gross_outliers_lose_their_weight(share: float, error_ln: float) -> None:
    rng = np.random.default_rng(7)
    grid, hints = scene(rng, 300), scene(rng, 100)
    wrong = rng.random(100) < share
    residual = np.where(wrong, rng.choice([-1.5, 1.5], 100), 0.2).astype(np.float32)
    found = posterior(grid, Observed(hints, residual, np.full(100, EXACT)), PROCESS)
    assert found.weight[wrong].max() < 0.5 < np.median(found.weight[~wrong])
    assert np.abs(found.mean_ln - 0.2).mean() < error_ln


def test_one_outlier_among_ten_hints_hardly_moves_the_answer() -> None:
    rng = np.random.default_rng(4)
    grid, hints = scene(rng, 300), scene(rng, 10)
    residual = np.full(10, np.float32(0.2))
    right = posterior(grid, Observed(hints, residual, np.full(10, EXACT)), PROCESS)
    residual[3] = 1.7
    found = posterior(grid, Observed(hints, residual, np.full(10, EXACT)), PROCESS)
    assert found.weight[3] < 0.01
    assert np.abs(found.mean_ln - right.mean_ln).max() < 0.02


def test_an_uncertain_hint_moves_the_answer_less_than_an_exact_one() -> None:
    rng = np.random.default_rng(1)
    grid, hints = scene(rng, 50), scene(rng, 5)
    residual = np.full(5, 0.4, np.float32)
    exact = posterior(grid, Observed(hints, residual, np.full(5, EXACT)), PROCESS)
    vague = posterior(grid, Observed(hints, residual, np.full(5, np.float32(0.8))), PROCESS)
    assert (np.abs(vague.mean_ln) < np.abs(exact.mean_ln)).all()
    assert (vague.deviation_ln > exact.deviation_ln).all()


def test_hints_beyond_the_first_ones_correct_what_is_left_around_them() -> None:
    rng = np.random.default_rng(5)
    wall = scene(rng, 1000)
    wall = wall._replace(ln_range=np.zeros(1000, np.float32), colour=np.zeros((1000, 3), np.float32))
    waves = (0.1 * np.sin(20.0 * wall.position[:, 0]) * np.sin(20.0 * wall.position[:, 1])).astype(np.float32)
    errors = []
    for count in (AT_ONCE, 2 * AT_ONCE):
        found = posterior(wall, Observed(chosen(wall, slice(0, count)), waves[:count], np.full(count, EXACT)), PROCESS)
        assert len(found.weight) == count
        assert (found.deviation_ln <= found.prior_ln * 1.0001).all()
        errors.append(np.abs(found.mean_ln - waves)[2 * AT_ONCE :].mean())
    assert errors[1] < 0.7 * errors[0], errors


def test_on_a_grid_the_deviation_is_nearly_that_of_every_pixel() -> None:
    rng = np.random.default_rng(2)
    rows, cols = 48, 64
    v, u = np.mgrid[0:rows, 0:cols].reshape(2, -1).astype(np.float32)
    position = np.stack([u, v], 1) / np.float32(cols)
    ln_range = (0.5 + v / rows).astype(np.float32)
    ln_range[(u % 13 < 3) & (v > 10)] -= np.float32(0.6)  # poles, narrower than what is computed exactly
    grid = Features(position, ln_range, np.zeros((rows * cols, 3), np.float32))
    hints = chosen(grid, rng.choice(rows * cols, 20, replace=False))
    residual = rng.normal(0.0, 0.2, 20).astype(np.float32)
    observed = Observed(hints, residual, np.full(20, EXACT))
    every, some = (posterior(grid, observed, PROCESS, shape) for shape in (None, (rows, cols)))
    np.testing.assert_allclose(some.mean_ln, every.mean_ln, atol=1e-4)  # other blocks of pixels round otherwise
    ratio = some.deviation_ln / every.deviation_ln
    assert np.abs(np.median(ratio) - 1.0) < 0.02
    assert np.quantile(np.abs(ratio - 1.0), 0.95) < 0.2


def test_where_the_deviation_is_large_the_range_is_that_of_the_expected_inverse() -> None:
    rng = np.random.default_rng(0)
    mean, deviation = np.array([0.1, 0.1], np.float32), np.array([0.01, 0.4], np.float32)
    found = Posterior(mean, deviation, deviation, np.ones(0, np.float32), np.zeros(0, np.float32))
    inverse = np.exp(-rng.normal(mean, deviation, (200_000, 2))).mean(axis=0)
    np.testing.assert_allclose(np.exp(found.nearer_ln), 1.0 / inverse, rtol=0.01)
