# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The factor on sigma follows the number of hints and how they lie in the image."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.core.hints.calibration import LEVEL, SPREAD, HintCalibration, HintFactor, kind_of
from grin_ros.core.types import Hints

FITTED = HintCalibration((HintFactor(SPREAD, 10, 1.2), HintFactor(SPREAD, 1000, 0.8), HintFactor(LEVEL, 80, 1.5)))


def hints(rows: np.ndarray) -> Hints:
    return Hints.measured(np.stack([np.linspace(0, 99, len(rows)), rows], 1), np.ones(len(rows)))


def test_a_row_of_hints_lies_level_and_others_do_not() -> None:
    assert kind_of(hints(np.full(80, 50.0)), 100) == LEVEL
    assert kind_of(hints(np.linspace(0, 99, 80)), 100) == SPREAD
    assert kind_of(hints(np.full(3, 50.0)), 100) == SPREAD


@pytest.mark.parametrize(("count", "scale"), [(1, 1.2), (10, 1.2), (100, 1.0), (1000, 0.8)])
def test_the_factor_lies_between_those_of_the_nearest_numbers(count: int, scale: float) -> None:
    assert FITTED.scale(hints(np.linspace(0, 99, count)), 100) == pytest.approx(scale)


def test_the_factor_of_a_kind_and_none_without_a_fit() -> None:
    assert FITTED.scale(hints(np.full(80, 50.0)), 100) == 1.5
    assert HintCalibration().scale(hints(np.full(80, 50.0)), 100) == 1.0
