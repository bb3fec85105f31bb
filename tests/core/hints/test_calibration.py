# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The factor on sigma follows the number of hints and how they lie."""

from __future__ import annotations

import pytest

from grin_ros.core.hints.arrangement import LEVEL, SPREAD
from grin_ros.core.hints.calibration import HintCalibration, HintFactor

FITTED = HintCalibration((HintFactor(SPREAD, 10, 1.2), HintFactor(SPREAD, 1000, 0.8), HintFactor(LEVEL, 80, 1.5)))


@pytest.mark.parametrize(("count", "scale"), [(1, 1.2), (10, 1.2), (100, 1.0), (1000, 0.8)])
def test_the_factor_lies_between_those_of_the_nearest_numbers(count: int, scale: float) -> None:
    assert FITTED.scale(SPREAD, count) == pytest.approx(scale)


def test_the_factor_of_a_kind_and_none_without_a_fit() -> None:
    assert FITTED.scale(LEVEL, 80) == 1.5
    assert HintCalibration().scale(LEVEL, 80) == 1.0
