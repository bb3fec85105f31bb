# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rates and percentiles of the last seconds."""

from __future__ import annotations

from collections import deque

import numpy as np

WINDOW_S = 10.0
"""Diagnostics describe this many seconds before now."""


class Window:
    """The values of the last `WINDOW_S` seconds, with the times at which they were added."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque()

    def add(self, now_s: float, value: float = 0.0) -> None:
        """Add a value. now_s: seconds of a steady clock."""
        self._samples.append((now_s, value))
        self._forget(now_s)

    def rate_hz(self, now_s: float) -> float:
        """Return the number of values per second; 0 for fewer than two. It falls when the next value is overdue."""
        self._forget(now_s)
        intervals = len(self._samples) - 1
        if intervals < 1:
            return 0.0
        oldest_s, newest_s = self._samples[0][0], self._samples[-1][0]
        overdue = now_s - newest_s > 2.0 * (newest_s - oldest_s) / intervals
        span_s = (now_s if overdue else newest_s) - oldest_s
        return intervals / span_s if span_s > 0.0 else 0.0

    def percentiles(self, now_s: float, percents: tuple[float, ...] = (50.0, 95.0)) -> tuple[float, ...] | None:
        """Return the percentiles of the values; None if there are no values."""
        self._forget(now_s)
        if not self._samples:
            return None
        return tuple(float(value) for value in np.percentile([value for _, value in self._samples], percents))

    def median(self, now_s: float) -> float | None:
        """Return the median of the values; None if there are no values."""
        values = self.percentiles(now_s, (50.0,))
        return None if values is None else values[0]

    def __len__(self) -> int:
        return len(self._samples)

    def _forget(self, now_s: float) -> None:
        while self._samples and now_s - self._samples[0][0] > WINDOW_S:
            self._samples.popleft()
