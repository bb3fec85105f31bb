# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The relative sigma of the last seconds is compared with that of the first minute."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.ros.node.diagnostics.sigma_trend import BASELINE_S, SigmaTrend, relative_sigma


def test_relative_sigma_is_the_median_over_valid_pixels() -> None:
    depth_m = np.full((64, 80), 4.0, np.float32)
    sigma_m = np.full((64, 80), 0.4, np.float32)
    depth_m[:16] = np.nan
    sigma_m[:16] = np.nan
    depth_m[16:24] = np.inf
    assert relative_sigma(depth_m, sigma_m) == pytest.approx(0.1)
    assert relative_sigma(np.full_like(depth_m, np.nan), sigma_m) is None


def test_the_ratio_is_known_after_the_first_minute_and_follows_the_value() -> None:
    drift = SigmaTrend()
    assert drift.now(0.0) is None
    now_s = 100.0
    while now_s < 100.0 + BASELINE_S:
        drift.add(now_s, 0.1)
        assert drift.ratio(now_s) is None
        now_s += 1.0
    for _ in range(30):
        drift.add(now_s, 0.3)
        now_s += 1.0
    assert drift.ratio(now_s) == pytest.approx(3.0)
    assert drift.now(now_s) == pytest.approx(0.3)
    assert drift.ratio(now_s + 60.0) is None, "no value in the last seconds"
