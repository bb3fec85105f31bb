# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import cv2
import numpy as np
import pytest

from grin_ros.core.inspection.edges import boundary, near_edges, radius
from tests.lab.evaluation.rendered import steps_m

TRUTH_M = steps_m(2.0, 4.0)


def test_pixels_near_edges_are_those_beside_a_jump() -> None:
    got = near_edges(TRUTH_M)
    assert radius(160) == 1
    assert got[60, 38:42].all()  # the jump between columns 39 and 40, and one pixel more on each side
    assert not got[60, :38].any()
    assert not got[60, 42:118].any()


def test_a_slope_is_no_edge_and_a_small_step_neither() -> None:
    slope = np.broadcast_to(np.linspace(1.0, 8.0, 160, dtype=np.float32), (120, 160))
    assert not near_edges(slope).any()
    assert not near_edges(steps_m(2.0, 2.15)).any()
    assert near_edges(steps_m(2.0, 2.25)).any()


def test_sparse_depth_shows_no_edges() -> None:
    sparse = np.where(np.random.default_rng(0).random(TRUTH_M.shape) < 0.2, TRUTH_M, np.nan)
    assert not near_edges(sparse).any()
    assert boundary(TRUTH_M, sparse).pixels == 0
    assert np.isnan(boundary(TRUTH_M, sparse).floating)


@pytest.mark.parametrize("factor", [1.0, 0.7, 1.4])
def test_a_sharp_edge_has_nothing_that_floats_whatever_its_scale(factor: float) -> None:
    got = boundary(TRUTH_M * factor, TRUTH_M)
    assert got.pixels > 1000
    assert (got.floating, got.missed) == (0.0, 0.0)


def test_surfaces_wrong_each_in_its_own_way_do_not_float() -> None:
    depth_m = np.where(TRUTH_M < 3.0, TRUTH_M * 1.3, TRUTH_M * 0.9)
    assert boundary(depth_m, TRUTH_M).floating == 0.0


def test_a_moved_edge_does_not_float() -> None:
    assert boundary(np.roll(TRUTH_M, 2, axis=1), TRUTH_M).floating == 0.0


def test_a_slope_behind_an_object_does_not_float() -> None:
    truth_m = np.broadcast_to(np.linspace(9.0, 3.0, 120, dtype=np.float32)[:, None], (120, 160)).copy()
    truth_m[30:90, 40:120] = 2.0
    assert boundary(truth_m, truth_m).floating == 0.0


@pytest.mark.parametrize(("blur_px", "least"), [(1.5, 0.4), (3.0, 0.5)])
def test_a_blurred_edge_floats(blur_px: float, least: float) -> None:
    got = boundary(cv2.GaussianBlur(TRUTH_M, (0, 0), blur_px), TRUTH_M)
    assert got.floating > least
    assert got.missed == 0.0


def test_a_flat_estimate_misses_every_edge_and_is_not_called_sharp() -> None:
    got = boundary(np.full_like(TRUTH_M, 3.0), TRUTH_M)
    assert got.missed == 1.0
    assert np.isnan(got.floating)


def test_only_pixels_with_an_estimate_are_judged() -> None:
    depth_m = TRUTH_M.copy()
    depth_m[:, :80] = np.nan
    assert 0 < boundary(depth_m, TRUTH_M).pixels < boundary(TRUTH_M, TRUTH_M).pixels
