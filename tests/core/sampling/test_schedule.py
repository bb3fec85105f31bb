# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The schedule: variance preserving, exact at its ends, and every sampler ends at the clean sample."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grin_ros.core.sampling.schedule import Level, Schedule

SHIFTS = st.floats(0.05, 20.0)


@pytest.mark.parametrize("steps", range(1, 51))
def test_pairs_go_from_pure_noise_to_the_clean_sample_without_a_gap(steps: int) -> None:
    pairs = Schedule().pairs(steps)
    assert len(pairs) == steps
    assert pairs[0][0] == Level(0.0, 1.0)
    assert pairs[-1][1] == Level(1.0, 0.0)
    assert all(a[1] == b[0] for a, b in pairwise(pairs))
    assert all(here.noise > there.noise and here.signal < there.signal for here, there in pairs)


@given(SHIFTS, st.integers(1, 50))
def test_pairs_hold_for_every_shift(shift: float, steps: int) -> None:
    pairs = Schedule(shift).pairs(steps)
    assert pairs[0][0] == Level(0.0, 1.0)
    assert pairs[-1][1] == Level(1.0, 0.0)
    assert all(here.noise > there.noise for here, there in pairs)


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
        Schedule().pairs(0)
