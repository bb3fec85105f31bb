# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The uncertainty of the network now, compared with its first minute.

It grows in an unfamiliar place, in other light, with a dirty lens and with a camera that is out of focus.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grin_ros.ros.node.diagnostics.window import Window

BASELINE_S = 60.0
"""Later values are compared with those of this many seconds after activation."""
STRIDE = 8
"""Every n-th row and column is enough for a median."""


def relative_sigma(depth_m: NDArray[np.float32], sigma_m: NDArray[np.float32]) -> float | None:
    """Return the median of sigma / depth over the finite pixels of (H, W) maps; None if no pixel is finite."""
    depth_m, sigma_m = depth_m[::STRIDE, ::STRIDE], sigma_m[::STRIDE, ::STRIDE]
    valid = np.isfinite(depth_m) & np.isfinite(sigma_m) & (depth_m > 0.0)
    return float(np.median(sigma_m[valid] / depth_m[valid])) if valid.any() else None


class SigmaTrend:
    """Compares a value of the last seconds with the same value in the first minute."""

    def __init__(self) -> None:
        self._window = Window()
        self._first: list[float] = []
        self._began_s: float | None = None
        self._baseline: float | None = None

    def add(self, now_s: float, value: float) -> None:
        """Add a value. now_s: seconds of a steady clock."""
        self._window.add(now_s, value)
        if self._baseline is not None:
            return
        if self._began_s is None:
            self._began_s = now_s
        if now_s - self._began_s < BASELINE_S or not self._first:
            self._first.append(value)
        else:
            self._baseline = float(np.median(self._first))
            self._first.clear()

    def now(self, now_s: float) -> float | None:
        """Return the median of the last seconds; None if there are no values."""
        return self._window.median(now_s)

    def ratio(self, now_s: float) -> float | None:
        """Return the present median over that of the first minute; None during that minute and without values."""
        now = self.now(now_s)
        return now / self._baseline if now is not None and self._baseline else None
