# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The schedule preserves the variance, is exact at its ends, and its last level is clean."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grin_ros.core.sampling.schedule import Schedule

SHIFTS = st.floats(0.05, 20.0)


@given(SHIFTS, st.integers(1, 50))
def test_levels_go_from_pure_noise_to_the_clean_sample_without_a_gap(shift: float, steps: int) -> None:
    levels = Schedule(shift).levels(steps)
    assert levels.shape == (steps, 4) and levels.dtype == np.float32
    np.testing.assert_array_equal(levels[0, :2], [0.0, 1.0])
    np.testing.assert_array_equal(levels[-1, 2:], [1.0, 0.0])
    np.testing.assert_array_equal(levels[1:, :2], levels[:-1, 2:])
    assert (levels[:, 1] > levels[:, 3]).all() and (levels[:, 0] < levels[:, 2]).all()


@given(SHIFTS, st.floats(0.0, 1.0))
def test_levels_preserve_variance(shift: float, t: float) -> None:
    level = Schedule(shift).level(t)
    assert math.isclose(level.signal**2 + level.noise**2, 1.0, rel_tol=1e-12)
    assert level.signal >= 0.0
    assert level.noise >= 0.0


@given(SHIFTS, st.floats(0.01, 0.99))
def test_shift_scales_the_ratio_of_noise_to_signal(shift: float, t: float) -> None:
    plain, shifted = Schedule(1.0).level(t), Schedule(shift).level(t)
    assert math.isclose(shifted.noise / shifted.signal, shift * plain.noise / plain.signal, rel_tol=1e-9)


def test_half_way_of_the_plain_cosine_schedule() -> None:
    level = Schedule(1.0).level(0.5)
    assert math.isclose(level.signal, math.sqrt(0.5))
    assert math.isclose(level.noise, math.sqrt(0.5))


@pytest.mark.parametrize("shift", [0.0, -1.0, math.nan, math.inf])
def test_bad_shift(shift: float) -> None:
    with pytest.raises(ValueError, match="expected a number > 0"):
        Schedule(shift)


@pytest.mark.parametrize("t", [-0.01, 1.01, math.nan])
def test_bad_time(t: float) -> None:
    with pytest.raises(ValueError, match=r"expected 0 \(clean\) to 1"):
        Schedule().level(t)


def test_no_steps() -> None:
    with pytest.raises(ValueError, match="got 0, expected at least 1"):
        Schedule().levels(0)
