# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The noise schedule: the signal and noise of a sample at time t, and the levels that a sampler visits.

The schedule preserves the variance: signal = cos(phi), noise = sin(phi), with tan(phi) = shift * tan(pi t / 2). The
sample is clean at t = 0 and pure noise at t = 1 (zero terminal SNR, Lin et al., arXiv 2305.08891), so training has seen
a step from pure noise. shift < 1 spends more time at low noise. The image already tells depth to a small fraction of
its prior spread, so the network learns little from noise that is larger than that (the input shift of Hoogeboom et al.,
arXiv 2301.11093, in the other direction).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Level:
    """The amplitudes of a sample: x_t = signal * x_0 + noise * eps, with signal^2 + noise^2 = 1."""

    signal: float
    noise: float


@dataclass(frozen=True)
class Schedule:
    """The shifted cosine schedule. shift: > 0; 1 is the plain cosine schedule. Raises ValueError for others."""

    shift: float = 0.35

    def __post_init__(self) -> None:
        if not (math.isfinite(self.shift) and self.shift > 0.0):
            raise ValueError(f"schedule shift: got {self.shift}, expected a number > 0 (1 = plain cosine)")

    def level(self, t: float) -> Level:
        """Return the level at time t in [0, 1], exact at both ends. Raises ValueError outside."""
        if not 0.0 <= t <= 1.0:
            raise ValueError(f"diffusion time: got {t}, expected 0 (clean) to 1 (pure noise)")
        if t == 0.0:
            return Level(1.0, 0.0)
        if t == 1.0:
            return Level(0.0, 1.0)
        phi = math.atan(self.shift * math.tan(0.5 * math.pi * t))
        return Level(math.cos(phi), math.sin(phi))

    def levels(self, steps: int) -> NDArray[np.float32]:
        """Return the levels of a sampler with `steps` steps, as (steps, 4): signal and noise before and after each.

        The times are trailing ones: the first level is pure noise, the last one is clean. Raises ValueError for fewer
        than one step.
        """
        if steps < 1:
            raise ValueError(f"steps: got {steps}, expected at least 1")
        visited = [self.level((steps - i) / steps) for i in range(steps + 1)]
        rows = [(here.signal, here.noise, there.signal, there.noise) for here, there in pairwise(visited)]
        return np.array(rows, np.float32)


def member_runs(steps: int, members: int) -> int:
    """Return how often a member passes through the network in all `steps`; members share the first of several."""
    return members if steps == 1 else 1 + (steps - 1) * members
