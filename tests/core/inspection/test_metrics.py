# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.inspection.metrics import Limits, measure
from grin_ros.core.inspection.uncertainty import SIGMAS
from tests.lab.evaluation.measured import random_depth

NO_SIGMA = np.full((36, 48), np.nan, np.float32)


def gaussian(sigma_scale: float = 1.0) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(120, 200) truth, estimate with Gaussian errors of a sigma that varies, and that sigma times sigma_scale."""
    random = np.random.default_rng(3)
    truth_m = random.uniform(2.0, 6.0, (120, 200))
    sigma_m = random.uniform(0.01, 0.3, truth_m.shape)
    return truth_m + sigma_m * random.standard_normal(truth_m.shape), sigma_m * sigma_scale, truth_m


def test_a_perfect_estimate() -> None:
    truth_m = random_depth()
    got, _ = measure(truth_m, truth_m * 0.1, truth_m)
    assert (got.abs_rel, got.rmse_m, got.delta1, got.abs_rel_aligned, got.scale) == (0.0, 0.0, 1.0, 0.0, 1.0)
    assert (got.coverage_1sigma, got.coverage_2sigma, got.ause, got.rank_correlation) == (1.0, 1.0, 0.0, 0.0)
    assert (got.missing, got.sigma_missing, got.pixels) == (0.0, 0.0, 36 * 48)


def test_a_scaled_estimate_is_wrong_in_scale_alone() -> None:
    truth_m = random_depth()
    got, _ = measure(truth_m * 1.2, NO_SIGMA, truth_m)
    assert got.abs_rel == pytest.approx(0.2, rel=1e-5)
    assert got.scale == pytest.approx(1.2, rel=1e-5)
    assert got.abs_rel_aligned == pytest.approx(0.0, abs=1e-6)
    assert got.rmse_m == pytest.approx(0.2 * math.sqrt(float(np.mean(truth_m.astype(np.float64) ** 2))), rel=1e-5)
    assert got.delta1 == 1.0
    assert measure(truth_m * 1.26, NO_SIGMA, truth_m)[0].delta1 == 0.0
    assert measure(truth_m / 1.26, NO_SIGMA, truth_m)[0].delta1 == 0.0


def test_hand_made_numbers() -> None:
    truth_m = np.array([[1.0, 2.0], [4.0, np.nan]])
    depth_m = np.array([[1.1, 1.0], [4.0, 9.0]])
    sigma_m = np.array([[0.2, 0.6], [0.1, 0.1]])
    got, curves = measure(depth_m, sigma_m, truth_m)
    assert got.abs_rel == pytest.approx((0.1 + 0.5 + 0.0) / 3)
    assert got.rmse_m == pytest.approx(math.sqrt((0.01 + 1.0) / 3))
    assert got.delta1 == pytest.approx(2 / 3)
    assert got.scale == pytest.approx(1.1 / 2.0)
    assert got.abs_rel_aligned == pytest.approx((1.0 + abs(1.0 / 0.55 - 2.0) / 2 + abs(4.0 / 0.55 - 4.0) / 4) / 3)
    assert (got.coverage_1sigma, got.coverage_2sigma) == pytest.approx((2 / 3, 1.0))
    assert got.rank_correlation == pytest.approx(1.0)
    assert got.relative_sigma == pytest.approx((0.2 / 1.1 + 0.6 + 0.1 / 4) / 3)
    assert got.pixels == 3
    assert curves.coverage[3] == pytest.approx(2 / 3)


def test_gaussian_errors_of_the_right_sigma_are_covered_as_the_table_says() -> None:
    got, curves = measure(*gaussian())
    assert got.coverage_1sigma == pytest.approx(0.6827, abs=0.012)
    assert got.coverage_2sigma == pytest.approx(0.9545, abs=0.006)
    for k, observed in zip(SIGMAS, curves.coverage, strict=True):
        assert observed == pytest.approx(math.erf(k / math.sqrt(2.0)), abs=0.012)
    assert got.rank_correlation > 0.4


def test_half_the_sigma_covers_less() -> None:
    got, _ = measure(*gaussian(sigma_scale=0.5))
    assert got.coverage_1sigma == pytest.approx(math.erf(0.5 / math.sqrt(2.0)), abs=0.012)


def test_sigma_that_is_the_error_is_the_oracle() -> None:
    depth_m, _, truth_m = gaussian()
    got, curves = measure(depth_m, np.abs(depth_m - truth_m) / truth_m * depth_m, truth_m)
    assert got.ause == pytest.approx(0.0, abs=1e-9)
    assert got.rank_correlation == pytest.approx(1.0)
    assert curves.sparsification[0] == pytest.approx(1.0)
    assert got.abs_rel_certain_half < 0.4 * got.abs_rel


def test_missing_pixels_are_counted_and_in_no_other_figure() -> None:
    truth_m = random_depth()
    depth_m = truth_m * np.float32(1.1)
    depth_m[0], depth_m[1], depth_m[2] = np.nan, np.inf, 0.0
    got, _ = measure(depth_m, NO_SIGMA, truth_m)
    assert got.missing == pytest.approx(3 / 36)
    assert got.abs_rel == pytest.approx(0.1, rel=1e-4)
    assert got.pixels == 36 * 48


def test_an_estimate_without_any_depth_is_all_missing() -> None:
    got, curves = measure(NO_SIGMA, NO_SIGMA, random_depth())
    assert (got.missing, got.pixels) == (1.0, 36 * 48)
    others = [v for k, v in dataclasses.asdict(got).items() if k not in ("missing", "pixels")]
    assert all(math.isnan(v) for v in others)
    assert np.isnan(curves.coverage).all()


def test_missing_pixels_do_not_count_as_uncovered() -> None:
    depth_m, sigma_m, truth_m = gaussian()
    sigma_m[:60] = np.nan
    got, _ = measure(depth_m, sigma_m, truth_m)
    assert got.sigma_missing == pytest.approx(0.5)
    assert got.coverage_1sigma == pytest.approx(0.6827, abs=0.015)


def test_no_sigma_leaves_its_figures_undefined() -> None:
    truth_m = random_depth()
    got, curves = measure(truth_m, NO_SIGMA, truth_m)
    assert math.isnan(got.coverage_1sigma)
    assert math.isnan(got.ause)
    assert got.sigma_missing == 1.0
    assert np.isnan(curves.sparsification).all()


def test_measured_depth_outside_the_limits_does_not_count() -> None:
    truth_m = random_depth()
    truth_m[:18] = 100.0
    got, _ = measure(np.where(truth_m == 100.0, 1.0, truth_m), NO_SIGMA, truth_m, Limits(0.5, 99.0))
    assert (got.abs_rel, got.pixels) == (0.0, 18 * 48)


def test_errors_say_what_to_do() -> None:
    truth_m = random_depth()
    with pytest.raises(ValueError, match=r"shapes differ: depth \(35, 48\).*estimate at the size of the frame"):
        measure(truth_m[1:], NO_SIGMA, truth_m)
    with pytest.raises(ValueError, match=r"no depth measured within 0\.1 to 80 m; leave this frame out"):
        measure(truth_m, NO_SIGMA, NO_SIGMA)
    with pytest.raises(ValueError, match=r"got 5\.0, 2\.0, expected 0 < min < max"):
        Limits(5.0, 2.0)
