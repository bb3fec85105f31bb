# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the network is less sure than it was: another place, another light, a dirty lens, a camera out of focus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grin_ros.ros.node.diagnostics.window import Window

BASE_S = 60.0
"""The time after activation with which later times are compared."""
STRIDE = 8
"""Every n-th row and column is enough for a median."""


def relative_sigma(depth_m: NDArray[np.float32], sigma_m: NDArray[np.float32]) -> float | None:
    """Median of sigma / depth over the finite pixels of (H, W) maps; None where there is none."""
    depth_m, sigma_m = depth_m[::STRIDE, ::STRIDE], sigma_m[::STRIDE, ::STRIDE]
    valid = np.isfinite(depth_m) & np.isfinite(sigma_m) & (depth_m > 0.0)
    return float(np.median(sigma_m[valid] / depth_m[valid])) if valid.any() else None


class Drift:
    """A value now against the same value in the first minute."""

    def __init__(self) -> None:
        self._window = Window()
        self._first: list[float] = []
        self._began_s: float | None = None
        self._base: float | None = None

    def add(self, now_s: float, value: float) -> None:
        """now_s: of a clock that never goes back."""
        self._window.add(now_s, value)
        if self._base is not None:
            return
        if self._began_s is None:
            self._began_s = now_s
        if now_s - self._began_s < BASE_S or not self._first:
            self._first.append(value)
        else:
            self._base = float(np.median(self._first))
            self._first.clear()

    def now(self, now_s: float) -> float | None:
        """Median of the last seconds; None where there is nothing."""
        values = self._window.percentiles(now_s, (50.0,))
        return None if values is None else values[0]

    def ratio(self, now_s: float) -> float | None:
        """Now over the first minute; None before that is over, and where there is nothing."""
        now = self.now(now_s)
        return now / self._base if now is not None and self._base else None
