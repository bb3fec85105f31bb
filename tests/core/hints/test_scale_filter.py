# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scale over time: the first match is used at once, later ones are smoothed, and without ranges it returns to 1."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grin_ros.core.hints.scale import PRIOR_LN, Scale
from grin_ros.core.hints.scale_filter import FADES_S, SmoothScale

MATCH = Scale(math.log(1.5), 0.05, 100, 120)


def test_the_first_match_counts_almost_fully_and_the_next_ones_are_smoothed() -> None:
    smooth = SmoothScale()
    first = smooth(0, MATCH)
    assert first.factor == pytest.approx(1.5, rel=0.02)
    later = [smooth(k * 10**8, Scale(MATCH.ln + noise, 0.05, 100, 120)) for k, noise in enumerate([0.1, -0.1] * 20, 1)]
    assert np.std([scale.ln for scale in later[10:]]) < 0.07
    assert later[-1].error_ln < 0.05
    assert (later[-1].used, later[-1].offered) == (100, 120)


def test_without_ranges_it_fades_to_no_correction() -> None:
    smooth = SmoothScale()
    smooth(0, MATCH)
    faded = [smooth(int(time_s * 1e9), None) for time_s in (1.0, FADES_S, 10 * FADES_S)]
    assert faded[0].factor > 1.4 and faded[2].factor == pytest.approx(1.0, abs=1e-3)
    assert faded[0].error_ln < faded[1].error_ln < faded[2].error_ln == pytest.approx(PRIOR_LN, rel=1e-3)
    assert faded[2].used == 0


@settings(max_examples=50, deadline=None)
@given(steps_s=st.lists(st.floats(0.0, 5.0), min_size=1, max_size=20), uncertain=st.floats(0.01, 1.0))
def test_its_error_is_between_that_of_the_match_and_that_before_it(steps_s: list[float], uncertain: float) -> None:
    smooth, now_s = SmoothScale(), 0.0
    for step_s in steps_s:
        now_s += step_s
        scale = smooth(int(now_s * 1e9), Scale(0.4, uncertain, 50, 50))
        assert 0.0 < scale.error_ln <= min(PRIOR_LN, uncertain) + 1e-9
        assert 0.0 <= scale.ln <= 0.4


def test_the_filter_starts_again_if_time_goes_back() -> None:
    smooth = SmoothScale()
    smooth(10**12, MATCH)
    assert smooth(0, None) == Scale(0.0, PRIOR_LN, 0, 0)
