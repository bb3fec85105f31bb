# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The depth scale of the network."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grin_ros.core.geometry.log_depth import LinearDepth, LogDepth

FAST = settings(max_examples=100)
SCALES = st.builds(lambda low, factor: LogDepth(low, low * factor), st.floats(0.01, 5.0), st.floats(1.5, 1e4))
SCALE = LogDepth(0.1, 100.0)


@FAST
@given(SCALES, st.floats(-1, 1))
def test_round_trips(scale: LogDepth, value: float) -> None:
    range_m = scale.decode(value)
    assert scale.min_m * (1 - 1e-9) <= range_m <= scale.max_m * (1 + 1e-9)
    assert scale.encode(range_m) == pytest.approx(value, abs=1e-9)
    assert scale.decode(scale.encode(range_m)) == pytest.approx(range_m, rel=1e-9)


def test_is_log10_scaled_to_the_limits() -> None:
    np.testing.assert_allclose(SCALE.encode([0.1, 1.0, 10.0, 100.0]), [-1.0, -1 / 3, 1 / 3, 1.0], atol=1e-12)
    np.testing.assert_allclose(SCALE.decode([-1.0, 0.0, 1.0]), [0.1, math.sqrt(10.0), 100.0])


def test_encode_clips_and_keeps_nan() -> None:
    encoded = SCALE.encode([0.0, -1.0, 0.05, 200.0, np.inf, np.nan])
    np.testing.assert_array_equal(encoded, [-1.0, -1.0, -1.0, 1.0, 1.0, np.nan])


def test_decode_does_not_clip() -> None:
    assert SCALE.decode(1.0 + 1 / SCALE.log10_per_unit) == pytest.approx(1000.0)
    assert np.isnan(SCALE.decode(np.nan))


@FAST
@given(SCALES, st.floats(-0.9, 0.9))
def test_slopes(scale: LogDepth, value: float) -> None:
    step = 1e-4
    ratio = scale.decode(value + step) / scale.decode(value - step)
    assert np.log10(ratio) / (2 * step) == pytest.approx(scale.log10_per_unit, rel=1e-6)
    assert np.log(ratio) / (2 * step) == pytest.approx(scale.ln_per_unit, rel=1e-6)


@pytest.mark.parametrize(("dtype", "kept"), [(np.float32, np.float32), (np.float64, np.float64), (int, np.float64)])
def test_float32_stays_float32(dtype: Any, kept: Any) -> None:
    range_m = np.array([1, 2, 200], dtype=dtype)
    assert SCALE.encode(range_m).dtype == kept
    assert SCALE.decode(np.array([-1, 0, 1], dtype=dtype)).dtype == kept
    assert (SCALE.encode(range_m) <= 1.0).all()


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 10.0), (-1.0, 10.0), (5.0, 5.0), (10.0, 1.0), (math.nan, 10.0), (1.0, math.inf)]
)
def test_bad_limits_are_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match=r"depth limits: got min_m=.*expected 0 < min_m < max_m.*depth_min"):
        LogDepth(low, high)
    with pytest.raises(ValueError, match="depth limits"):
        LinearDepth(low, high)


LINEAR = st.builds(lambda low, factor: LinearDepth(low, low * factor), st.floats(0.01, 5.0), st.floats(1.5, 1e4))


@FAST
@given(LINEAR, st.floats(-1, 1))
def test_linear_round_trips(scale: LinearDepth, value: float) -> None:
    range_m = scale.decode(value)
    assert scale.min_m * (1 - 1e-9) <= range_m <= scale.max_m * (1 + 1e-9)
    assert scale.encode(range_m) == pytest.approx(value, abs=1e-9)


def test_linear_is_linear_clips_and_keeps_nan() -> None:
    scale = LinearDepth(0.5, 10.5)
    np.testing.assert_allclose(scale.encode([0.5, 3.0, 5.5, 10.5]), [-1.0, -0.5, 0.0, 1.0])
    np.testing.assert_array_equal(scale.encode([0.0, 20.0, np.inf, np.nan]), [-1.0, 1.0, 1.0, np.nan])
    assert scale.decode(1.2) == pytest.approx(11.5)  # not clipped
    assert scale.encode(np.float32([1.0])).dtype == np.float32  # type: ignore[arg-type]
