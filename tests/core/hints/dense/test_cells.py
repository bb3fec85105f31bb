# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Dense hints: what many measurements of each cell still differ from an answer is averaged there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from grin_ros.core.hints.dense.cells import in_cells
from grin_ros.core.types import Hints
from tests.core.hints.seen_room import CAMERA, COLS, ROWS, frame

VARIANCE = np.full((ROWS, COLS), 0.1**2, np.float32)
FLAT_LN = np.full((ROWS, COLS), np.log(4.0), np.float32)


def measured(range_m: float, count: int = 6000, sigma_ln: float = 0.01, seed: int = 0) -> Hints:
    """Hints of one range anywhere in the image, with the noise that they declare."""
    rng = np.random.default_rng(seed)
    pixels = rng.uniform((-0.5, -0.5), (CAMERA.width - 0.5, CAMERA.height - 0.5), (count, 2))
    return Hints.measured(pixels, range_m * np.exp(rng.normal(0.0, sigma_ln, count)), sigma_ln)


def corrected(hints: Hints, answer_ln: NDArray[np.float32] = FLAT_LN) -> NDArray[np.float32]:
    return answer_ln + in_cells(frame(), hints, answer_ln, VARIANCE)[0]


def test_cells_take_the_measured_range() -> None:
    got, remaining = in_cells(frame(), measured(4.4), FLAT_LN, VARIANCE)
    np.testing.assert_allclose(FLAT_LN + got, np.log(4.4), atol=0.01)
    assert got.dtype == remaining.dtype == np.float32
    assert (remaining > 0.0).all() and remaining.max() < 0.05**2


@given(noise=st.sampled_from([0.01, 0.03, 0.1]), seed=st.integers(0, 1000))
def test_noise_averages_out(noise: float, seed: int) -> None:
    """Eight hints a cell, with those of the neighbours, leave less than half of the noise of one."""
    error_ln = corrected(measured(4.0, sigma_ln=noise, seed=seed)) - np.log(4.0)
    assert error_ln.std() < 0.5 * noise


def test_sigma_tells_how_much_noise_is_left() -> None:
    hints = measured(4.4, sigma_ln=0.2)
    got, remaining = in_cells(frame(), hints, FLAT_LN, VARIANCE)
    missed = (FLAT_LN + got - np.log(4.4)) / np.sqrt(remaining)
    assert np.sqrt(np.mean(missed**2)) < 1.3


def test_sigma_is_larger_where_the_pixels_of_a_cell_differ() -> None:
    """The upper half shows one range. In the lower half, near and far pixels alternate within each cell."""
    hints = measured(4.0)
    lower = hints.pixels[:, 1] > CAMERA.height / 2
    stripes = np.where(lower & (hints.pixels[:, 0] % 2.0 < 1.0), np.float32(1.2), np.float32(1.0))
    remaining = in_cells(frame(), replace(hints, range_m=stripes * hints.range_m), FLAT_LN, VARIANCE)[1]
    assert np.sqrt(np.median(remaining[ROWS // 2 + 2 :])) > 0.06
    assert np.sqrt(np.median(remaining[: ROWS // 2 - 2])) < 0.02


def test_cells_without_hints_stay_and_keep_their_variance() -> None:
    hints = measured(4.4)
    got, remaining = in_cells(frame(), hints.chosen(hints.pixels[:, 0] < 60.0), FLAT_LN, VARIANCE)
    np.testing.assert_array_equal(got[:, COLS // 2 :], 0.0)
    np.testing.assert_allclose(remaining[:, COLS // 2 :], VARIANCE[:, COLS // 2 :], rtol=1e-6)


def test_a_cell_hardly_hears_of_a_neighbour_at_another_range() -> None:
    """The left half is measured. The right half lies just as far away, or twice as far."""
    hints = measured(4.4)
    left = hints.chosen(hints.pixels[:, 0] < CAMERA.width / 2 - 0.5)
    first = COLS // 2
    behind_ln = FLAT_LN.copy()
    behind_ln[:, first:] += np.log(2.0)
    same, behind = (
        in_cells(frame(), left, answer_ln, VARIANCE)[0][:, first].mean() for answer_ln in (FLAT_LN, behind_ln)
    )
    assert same > 0.05
    assert behind < 0.02


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_an_outlier_among_right_hints_moves_nothing(factor: float) -> None:
    right = measured(4.0)
    wrong = np.random.default_rng(1).random(len(right)) < 0.05
    got = corrected(replace(right, range_m=np.where(wrong, np.float32(factor), np.float32(1.0)) * right.range_m))
    assert np.abs(got - corrected(right)).max() < 0.02
