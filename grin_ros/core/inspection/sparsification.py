# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sparsification, AUSE and rank correlation: whether sigma is large where errors are.

Sparsification (Ilg et al., "Uncertainty Estimates and Multi-Hypotheses Networks for Optical Flow", ECCV 2018,
arXiv 1802.07095) removes the pixels with the largest predicted uncertainty first and computes the error of the rest.
The oracle removes by the true error. Both curves are divided by the error of all pixels, so they start at 1. The area
between them is the AUSE. It is 0 if sigma ranks like the oracle; a random ranking gives the area between the constant 1
and the oracle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FRACTIONS: NDArray[np.float64] = np.arange(100) / 100.0
"""The shares of the pixels that are removed: 0, 0.01, ... 0.99."""
HALF = 50
"""The index of the share 0.5 in FRACTIONS."""


@dataclass(frozen=True)
class Ranking:
    """The quality of an uncertainty that ranks an error.

    curve, oracle: (100,) mean error of the pixels left at each of FRACTIONS, divided by the mean error of all.
    ause: mean of curve - oracle over FRACTIONS (their area, as the shares are even). rank_correlation: Spearman's, in
    [-1, 1]; 0 if the uncertainty or the error is the same everywhere.
    """

    curve: NDArray[np.float64]
    oracle: NDArray[np.float64]
    ause: float
    rank_correlation: float


def ranking(uncertainty: NDArray[Any], error: NDArray[Any]) -> Ranking:
    """Return how well uncertainty (N,) ranks error (N,) >= 0; both finite, N >= 1.

    Pixels of equal uncertainty count as removed in random order, so a constant sigma gives a curve of 1.
    """
    if uncertainty.shape != error.shape or error.ndim != 1 or not error.size:
        raise ValueError(
            f"ranking: got shapes {uncertainty.shape} and {error.shape}, expected one uncertainty for each error, "
            "(N,) with N >= 1; select the same pixels of both"
        )
    error = error.astype(np.float64)
    order = np.argsort(uncertainty)
    starts, counts = _ties(uncertainty[order])
    tied_error = np.repeat(np.add.reduceat(error[order], starts) / counts, counts)
    error_order = np.argsort(error)
    sorted_error = error[error_order]
    curve, oracle = _mean_of_the_rest(tied_error), _mean_of_the_rest(sorted_error)
    correlation = _correlation(_ranks(order, starts, counts), _ranks(error_order, *_ties(sorted_error)))
    return Ranking(curve, oracle, float(np.mean(curve - oracle)), correlation)


def mean_of_half(uncertainty: NDArray[Any], error: NDArray[Any]) -> float:
    """Return the mean error of the half with the smaller uncertainty (N,). Equal uncertainties weigh alike."""
    order = np.argsort(uncertainty)
    starts, counts = _ties(uncertainty[order])
    tied = np.repeat(np.add.reduceat(error[order], starts) / counts, counts)
    return float(np.mean(tied[: _left(len(tied))[HALF]]))


def spearman(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Return Spearman's rank correlation of a and b (N,), ties by mean rank; 0 if one of them is constant."""
    return ranking(a, b).rank_correlation


def _mean_of_the_rest(ascending: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (100,) the mean error of the pixels left at FRACTIONS, divided by that of all.

    ascending: (N,) errors in ascending order of uncertainty.
    """
    count = len(ascending)
    left = _left(count)
    sums = np.cumsum(ascending)
    if sums[-1] == 0.0:
        return np.ones(len(FRACTIONS))  # without errors every order is as good as any other
    means: NDArray[np.float64] = sums[left - 1] / left / (sums[-1] / count)
    return means


def _left(count: int) -> NDArray[np.int64]:
    """Return (100,) how many of `count` pixels are left at each of FRACTIONS, at least 1."""
    return np.maximum(count - np.floor(FRACTIONS * count).astype(np.int64), 1)


def _ties(ascending: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first index and the size of each run of equal values."""
    starts = np.concatenate([[0], np.flatnonzero(np.diff(ascending) != 0) + 1]).astype(np.int64)
    return starts, np.diff(np.append(starts, len(ascending)))


def _ranks(order: NDArray[np.int64], starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    ranks = np.empty(len(order), np.float64)
    ranks[order] = np.repeat(starts + (counts - 1) / 2.0, counts)
    return ranks


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt(np.dot(a, a) * np.dot(b, b)))
    return float(np.dot(a, b)) / norm if norm > 0.0 else 0.0
