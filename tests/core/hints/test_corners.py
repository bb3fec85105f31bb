# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints of motion: they share errors, they may lie at an edge, and their corrections end where hints end."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.core.hints.corners import cautious, contradiction_sigma_ln, edge_sigma_ln
from grin_ros.core.hints.covariance import Features
from grin_ros.core.hints.posterior import Observed, Posterior, posterior
from grin_ros.core.hints.process import Process
from grin_ros.core.types import Hints

ROWS, COLS = 12, 16


def grid() -> Features:
    v, u = np.mgrid[:ROWS, :COLS].reshape(2, -1).astype(np.float32)
    position = np.stack([(u + 0.5) / COLS, (v + 0.5) / COLS], 1)
    return Features(position, 0.1 * u, np.zeros((ROWS * COLS, 3), np.float32))


def corrected(shared: float) -> float:
    """Return the mean correction by hints that all ask for 0.3 with a sigma of 0.3, of which they share a part."""
    at = np.arange(0, ROWS * COLS, 5)
    there = Features(*(value[at] for value in grid()[:3]))
    sigma_ln = np.full(len(at), 0.3, np.float32)
    shared_ln = np.full((len(at), 1), shared, np.float32) if shared else None
    residual_ln = np.full(len(at), 0.3, np.float32)
    return float(posterior(grid(), Observed(there, residual_ln, sigma_ln, shared_ln), Process()).mean_ln.mean())


def test_many_hints_that_share_an_error_are_not_believed_as_many() -> None:
    assert corrected(0.0) > 0.25
    assert corrected(0.28) < 0.75 * corrected(0.0)


def test_what_hints_share_stays_with_them() -> None:
    pixels, ranges_m = [(1, 1), (2, 2)], [1.0, 2.0]
    motion = Hints.measured(pixels, ranges_m, 0.1, "motion", shared_ln=[0.05, 0.02])
    joined = Hints.joined([motion, Hints.measured(pixels, ranges_m, 0.1, "scan")])
    assert joined is not None
    np.testing.assert_array_equal(joined.chosen(np.array([1, 2])).shared_ln, np.array([0.02, 0.0], np.float32))
    with pytest.raises(ValueError, match="shared_ln"):
        Hints(joined.pixels, joined.range_m, joined.sigma_ln, joined.age_s, joined.source, joined.sources, np.ones(3))


def test_corrections_end_far_from_all_hints_and_sigma_is_that_without_hints_there() -> None:
    every = np.ones(ROWS * COLS, np.float32)
    found = Posterior(0.4 * every, 0.1 * every, 0.3 * every, np.ones(1, np.float32), np.zeros(1, np.float32))
    held = cautious(found, (np.array([ROWS // 2]), np.array([0])), (ROWS, COLS))
    mean_ln, deviation_ln = (values.reshape(ROWS, COLS) for values in (held.mean_ln, held.deviation_ln))
    assert mean_ln[ROWS // 2, 0] > 0.3
    assert mean_ln[ROWS // 2, -1] == 0.0
    assert deviation_ln[ROWS // 2, 0] == pytest.approx(0.1)
    assert deviation_ln[ROWS // 2, -1] == pytest.approx(0.3)


def test_a_correction_that_hints_hardly_explain_is_smaller() -> None:
    every = np.ones(ROWS * COLS, np.float32)
    found = Posterior(0.4 * every, 0.29 * every, 0.3 * every, np.ones(1, np.float32), np.zeros(1, np.float32))
    assert cautious(found, (np.array([ROWS // 2]), np.array([COLS // 2])), (ROWS, COLS)).mean_ln.max() < 0.1


def test_a_hint_beside_an_edge_of_depth_is_less_certain() -> None:
    ln_range = np.zeros((ROWS, COLS), np.float32)
    ln_range[:, COLS // 2 :] = 1.0
    sigma_ln = edge_sigma_ln(ln_range)
    assert sigma_ln[5, COLS // 2] > 0.2
    assert sigma_ln[5, 0] == 0.0


def test_a_hint_is_doubted_where_it_contradicts_the_network_and_all_others() -> None:
    residual_ln = np.full(12, 0.4, np.float32)
    residual_ln[0] = -1.1  # it asks for a fifth of what the others ask for
    residual_ln[1] = 0.8
    for mounted, doubted in ((False, [0]), (True, [0, 1])):
        found_ln = contradiction_sigma_ln(residual_ln, mounted)
        np.testing.assert_array_equal(np.flatnonzero(found_ln > 0.1), doubted)
