# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The noise has unit variance, coarse and fine parts, and is the same for a member in every ensemble."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grin_ros.core.geometry.rays import pixel_grid
from grin_ros.core.sampling.noise import FIELDS, member_noise, noise_field

GRID = (pixel_grid(20, 15, 20, 15) / np.array([9.5, 7.0]) - 1.0).astype(np.float32)
# Corners, a side, the centre, and places between the nodes of the fields, where a plain interpolation loses variance.
POINTS = np.array([[-1, -1], [1, 1], [-1, 0.3], [0, 0], [0.13, -0.57], [0.4, 0.4]], np.float32)


def test_shares_of_the_variance_add_up_to_one() -> None:
    assert sum(share for _, _, share in FIELDS) == pytest.approx(1.0)


def test_unit_variance_and_zero_mean_at_each_point() -> None:
    draws = np.stack([noise_field(POINTS, np.random.default_rng(seed)) for seed in range(4000)])
    # The tolerance is four standard errors of 4000 draws.
    np.testing.assert_allclose(draws.mean(0), 0.0, atol=4.0 / np.sqrt(4000))
    np.testing.assert_allclose(draws.var(0), 1.0, atol=4.0 * np.sqrt(2.0 / 4000))


def test_noise_is_shared_by_near_points_and_in_part_by_all() -> None:
    points = np.array([[-0.9, -0.9], [-0.88, -0.9], [0.9, 0.9]], np.float32)
    draws = np.stack([noise_field(points, np.random.default_rng(seed)) for seed in range(4000)])
    correlation = np.asarray(np.corrcoef(draws.T))
    constant, independent = FIELDS[0][2], FIELDS[-1][2]
    assert correlation[0, 2] == pytest.approx(constant, abs=0.06)
    assert correlation[0, 1] == pytest.approx(1.0 - independent, abs=0.06)


def test_a_large_mean_survives_averaging_over_all_points() -> None:
    means = [noise_field(GRID, np.random.default_rng(seed)).mean() for seed in range(500)]
    assert np.std(means) > 0.5  # with independent draws it would be 1 / sqrt(300) = 0.06


@settings(max_examples=25)
@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 2**32))
def test_a_member_has_the_same_noise_in_every_ensemble(few: int, more: int, seed: int) -> None:
    small, large = member_noise(GRID, min(few, more), seed), member_noise(GRID, max(few, more), seed)
    np.testing.assert_array_equal(small, large[: len(small)])


def test_members_and_seeds_differ() -> None:
    noise = member_noise(GRID, 3, seed=0)
    assert noise.shape == (3, 300)
    assert noise.dtype == np.float32
    rows = [*noise, *member_noise(GRID, 3, seed=1)]
    assert len({row.tobytes() for row in rows}) == 6
