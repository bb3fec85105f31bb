# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The ranges of a fit: sigma, the corners that may be hints, and the error that all of them share."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.motion.ranges import AGREES, Ranges, ranges
from grin_ros.core.motion.triangulation import Fit

NOISE_RAD = 0.001
DISTANCE_NOISE = 0.01


def fit(inverse: NDArray[np.float64], sigma: float = 0.01, residual: float = 0.0, shared: float = 0.0) -> Fit:
    """Return a fit of N corners to one view. shared: what each of its six errors adds to every inverse range."""
    count = len(inverse)
    return Fit(
        inverse=inverse,
        sigma=np.full(count, sigma),
        shared=np.full((count, 6), shared),
        residual=np.full(count, residual),
        moved=np.zeros((1, 6)),
        rotation=np.eye(3)[None],
        translation_m=np.zeros((1, 3)),
        root=np.zeros((6, 6)),
    )


def found(made: Fit, views: int = 5) -> Ranges:
    return ranges(made, np.full(len(made.inverse), views), NOISE_RAD, DISTANCE_NOISE, max_range_m=40.0)


def test_sigma_has_the_noise_of_the_fit_and_of_the_distances() -> None:
    got = found(fit(np.array([0.5, 1.0]), sigma=0.02))
    assert got.range_m == pytest.approx([2.0, 1.0])
    assert got.sigma_ln == pytest.approx(np.hypot([0.04, 0.02], DISTANCE_NOISE))
    assert got.good.all()


def test_points_that_are_too_near_too_far_behind_or_uncertain_are_no_hints() -> None:
    got = found(fit(np.array([0.5, 11.0, 0.02, -0.5, 0.0])))
    assert got.good.tolist() == [True, False, False, False, False]
    assert not found(fit(np.array([0.5]), sigma=0.3)).good.any()


def test_corners_that_move_or_that_one_view_has_are_no_hints() -> None:
    inverse = np.array([0.5])
    limit = AGREES * np.sqrt(2.0) * NOISE_RAD
    for residual, agrees in ((0.9 * limit, True), (1.1 * limit, False)):
        got = found(fit(inverse, residual=residual))
        assert got.agrees.all() == got.good.all() == agrees
    alone = found(fit(inverse), views=1)
    assert not alone.followed.any() and not alone.good.any()


def test_errors_of_the_poses_that_all_corners_share_do_not_average_out() -> None:
    one, many = (found(fit(np.full(count, 0.5), shared=0.001)) for count in (1, 100))
    assert one.poses_ln == pytest.approx(many.poses_ln) == pytest.approx(2.0 * 0.001 * np.sqrt(6.0))
    apart = fit(np.full(2, 0.5))._replace(shared=np.array([[0.001] * 6, [-0.001] * 6]))
    assert found(apart).poses_ln == pytest.approx(0.0)
    assert found(fit(np.array([-0.5]), shared=0.001)).poses_ln == 0.0
