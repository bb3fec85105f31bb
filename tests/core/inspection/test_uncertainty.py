# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sigma in both readings, at edges and in the sky; coverage and ranking are tested in test_metrics."""

from __future__ import annotations

import math

import numpy as np
import pytest

from grin_ros.core.inspection.metrics import measure
from tests.lab.evaluation.measured import random_depth
from tests.lab.evaluation.rendered import steps_m

RANDOM = np.random.default_rng(8)


def test_the_readings_differ_where_sigma_knows_distance_alone() -> None:
    """Errors that grow with depth, and a sigma that is a fixed share of it: metres rank, shares do not."""
    truth_m = random_depth(1, 1.0, 30.0).astype(np.float64)
    depth_m = truth_m * np.exp(0.1 * RANDOM.standard_normal(truth_m.shape))
    got, curves = measure(depth_m, 0.1 * depth_m, truth_m)
    assert abs(got.rank_correlation) < 0.1
    assert got.rank_correlation_metric > 0.4
    assert got.ause_metric < got.ause
    assert got.abs_rel_certain_half == pytest.approx(got.abs_rel, rel=0.05)
    assert curves.sparsification_metric[50] < 0.6
    assert got.sigma_m == pytest.approx(0.1 * float(np.mean(depth_m)))
    assert got.abs_error_m == pytest.approx(float(np.mean(np.abs(depth_m - truth_m))))


def test_dropping_by_metres_changes_the_relative_error() -> None:
    """Far pixels have the larger sigma in metres and the smaller relative error: dropping them makes AbsRel worse."""
    truth_m = np.where(np.arange(48) < 24, 2.0, 20.0) * np.ones((36, 1))
    depth_m = truth_m * np.where(truth_m < 10.0, 1.2, 1.02)
    got, _ = measure(depth_m, np.where(truth_m < 10.0, 0.4, 1.0), truth_m)
    assert got.abs_rel == pytest.approx(0.11)
    assert got.abs_rel_certain_half_metric == pytest.approx(0.2)
    assert got.abs_rel_certain_half == pytest.approx(0.02)


def test_sigma_at_edges_over_elsewhere() -> None:
    truth_m = steps_m()
    sigma_m = 0.1 * truth_m
    sigma_m[:, 36:44] *= 3.0
    got, _ = measure(truth_m, sigma_m, truth_m)
    assert 1.3 < got.edge_sigma_ratio < 3.0
    assert measure(truth_m, 0.1 * truth_m, truth_m)[0].edge_sigma_ratio == pytest.approx(1.0)
    sparse = np.where(RANDOM.random(truth_m.shape) < 0.1, truth_m, np.nan)
    assert math.isnan(measure(truth_m, sigma_m, sparse)[0].edge_sigma_ratio)


def test_sigma_in_the_sky_over_what_was_measured() -> None:
    truth_m, sky = steps_m(), np.zeros((120, 160), np.bool_)
    sky[:20] = True
    depth_m, sigma_m = np.where(sky, 50.0, truth_m), np.where(sky, 20.0, 0.1 * truth_m)
    hidden_m = np.where(sky, np.nan, truth_m)
    assert measure(depth_m, sigma_m, hidden_m, sky=sky)[0].sky_sigma_ratio == pytest.approx(4.0, rel=1e-5)
    assert math.isnan(measure(depth_m, sigma_m, hidden_m)[0].sky_sigma_ratio)
    beyond = np.where(sky, np.inf, depth_m)  # said to be beyond range: no sigma to judge
    assert math.isnan(measure(beyond, np.where(sky, np.nan, sigma_m), hidden_m, sky=sky)[0].sky_sigma_ratio)


def test_floating_points_are_judged_on_exact_ground_truth_only() -> None:
    truth_m = steps_m()
    assert measure(truth_m, 0.1 * truth_m, truth_m, exact=True)[0].edge_floating == 0.0
    assert math.isnan(measure(truth_m, 0.1 * truth_m, truth_m)[0].edge_floating)
