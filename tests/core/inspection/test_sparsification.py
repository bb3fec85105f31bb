# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.inspection.sparsification import FRACTIONS, HALF, ranking, spearman

RANDOM = np.random.default_rng(5)
ERROR = RANDOM.exponential(size=20_000)


def test_the_oracle_has_no_sparsification_error() -> None:
    got = ranking(ERROR**3, ERROR)  # any monotonic function of the error ranks as the error does
    assert got.ause == pytest.approx(0.0, abs=1e-12)
    assert got.rank_correlation == pytest.approx(1.0)
    np.testing.assert_allclose(got.curve, got.oracle)
    # For an exponential error, the mean of the smaller half is 1 - ln 2.
    assert got.curve[HALF] == pytest.approx(1.0 - np.log(2.0), abs=0.02)


def test_chance_stays_at_one() -> None:
    got = ranking(RANDOM.random(ERROR.size), ERROR)
    np.testing.assert_allclose(got.curve[:90], 1.0, atol=0.1)
    assert got.rank_correlation == pytest.approx(0.0, abs=0.03)
    assert got.ause == pytest.approx(float(np.mean(1.0 - got.oracle)), abs=0.03)


def test_a_constant_uncertainty_is_chance_whatever_the_order_of_the_pixels() -> None:
    got = ranking(np.full(ERROR.size, 0.3), np.sort(ERROR))
    np.testing.assert_allclose(got.curve, 1.0)
    assert got.rank_correlation == 0.0


def test_the_wrong_way_round_is_worse_than_chance() -> None:
    got = ranking(-ERROR, ERROR)
    assert got.rank_correlation == pytest.approx(-1.0)
    assert (got.curve[1:] > 1.0).all()


def test_hand_made_numbers() -> None:
    got = ranking(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 2.0, 0.0, 2.0]))
    assert got.curve[0] == 1.0
    assert got.curve[int(np.flatnonzero(FRACTIONS == 0.25)[0])] == pytest.approx(2.0 / 3.0)
    assert got.curve[HALF] == pytest.approx(1.0)  # left: errors 0 and 2
    assert got.oracle[HALF] == 0.0
    assert got.curve[-1] == 0.0  # the most certain pixel is always left
    assert got.rank_correlation == pytest.approx(1.0 / np.sqrt(5.0))  # ranks 0 1 2 3 and 0.5 2.5 0.5 2.5


def test_spearman_takes_the_mean_rank_of_ties() -> None:
    a, b = RANDOM.integers(0, 20, 200), RANDOM.integers(0, 5, 200)

    def ranks(values: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.array([(values < v).sum() + ((values == v).sum() - 1) / 2 for v in values])

    assert spearman(a, b) == pytest.approx(np.corrcoef(ranks(a), ranks(b))[0, 1])


def test_no_error_at_all() -> None:
    got = ranking(np.arange(10.0), np.zeros(10))
    assert (got.ause, got.rank_correlation) == (0.0, 0.0)


def test_a_single_pixel() -> None:
    assert ranking(np.ones(1), np.ones(1)).ause == 0.0


def test_different_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got shapes \(2,\) and \(3,\), expected one uncertainty for each error"):
        ranking(np.ones(2), np.ones(3))
