# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rates and percentiles are those of the last seconds."""

from __future__ import annotations

import pytest

from grin_ros.ros.node.diagnostics.window import WINDOW_S, Window


def test_rate_and_percentiles_are_of_the_last_seconds() -> None:
    window = Window()
    for index in range(400):
        window.add(index * 0.1, float(index))
    now_s = 39.9
    assert window.rate_hz(now_s) == pytest.approx(10.0)
    assert len(window) == pytest.approx(WINDOW_S * 10, abs=1)
    assert window.percentiles(now_s) == pytest.approx((349.5, 394.5), abs=1.0)
    assert window.median(now_s) == pytest.approx(349.5, abs=1.0)


def test_the_rate_falls_when_the_next_value_is_overdue() -> None:
    window = Window()
    for index in range(400):
        window.add(index * 0.1, float(index))
    assert window.rate_hz(39.9 + WINDOW_S / 2) < 10.0
    assert window.rate_hz(39.9 + 2 * WINDOW_S) == 0.0
    assert window.percentiles(39.9 + 2 * WINDOW_S) is None
    assert window.median(39.9 + 2 * WINDOW_S) is None


def test_values_of_one_moment_have_no_rate() -> None:
    window = Window()
    window.add(1.0)
    window.add(1.0)
    assert window.rate_hz(1.0) == 0.0
