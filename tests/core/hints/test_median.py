# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The median without checks is that of NumPy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grin_ros.core.hints.median import median


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=40))
def test_it_is_that_of_numpy(values: list[float]) -> None:
    given_values = np.array(values, np.float32)
    assert np.float32(median(given_values)) == np.float32(np.median(given_values.astype(np.float64)))


def test_of_nothing_it_is_zero() -> None:
    assert median(np.empty(0, np.float32)) == 0.0
