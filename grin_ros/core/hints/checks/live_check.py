# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The error of depth, measured while the robot drives: now and then a fifth of the hints is held back.

The answer of such a frame does not know the hints that were held back. How far it misses them, compared with what sigma
says, is how well depth and sigma hold in this place. Sigma follows it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.types import DepthEstimate, Hints

EVERY = 5
"""Every so many frames with hints are checked."""
SHARE = 5
"""One of so many blocks of the image is held back, another one each time. Single pixels would not do: their neighbours
would give them away."""
COLUMNS = 24
"""The image is divided into blocks of this share of its width."""
FEWEST = 10
"""The least number of hints of which some are held back."""
KEPT_CHECKS = 40
"""The newest checks that count: at 10 Hz, those of the last 20 seconds."""
ENOUGH = 50
"""Sigma follows from this number of misses on."""
MOST_FACTOR = 4.0
"""Sigma is multiplied by at most this."""
_HALF = 0.6745  # half of a normal distribution lies within this many sigmas


@dataclass(frozen=True)
class Miss:
    """The error of depth at recent hints that it did not know.

    share: the median of |depth / measured - 1|. ratio: how many times larger the misses were than sigma (of depth and
    of the measurement) says; 1 is calibrated. count: the number of hints that were held back.
    """

    share: float
    ratio: float
    count: int


@dataclass(frozen=True)
class Held:
    """used: the hints that the estimate may know. back: those that it must not know; None if nothing is checked."""

    used: Hints | None
    back: Hints | None = None


class LiveCheck:
    """Holds hints back, compares, and adjusts sigma. Not thread safe."""

    def __init__(self) -> None:
        self._frames = 0
        self._misses: deque[tuple[NDArray[np.float64], NDArray[np.float64]]] = deque(maxlen=KEPT_CHECKS)

    def forget(self) -> None:
        """Forget what was measured."""
        self._frames = 0
        self._misses.clear()

    def hold(self, hints: Hints | None, camera: Camera) -> Held:
        """Return the hints for a frame, without some of them if it is time for a check."""
        if hints is None or len(hints) < FEWEST:
            return Held(hints)
        turn, due = divmod(self._frames, EVERY)
        self._frames += 1
        if due != EVERY - 1:
            return Held(hints)
        u, v = (hints.pixels // max(1.0, camera.width / COLUMNS)).astype(np.int64).T
        back = (u + 2 * v + turn) % SHARE == 0
        if not back.any() or back.all():
            return Held(hints)
        # An answer that was carried here from the frame before would know what is held back.
        return Held(replace(hints.chosen(~back), placed=None), hints.chosen(back))

    def __call__(self, camera: Camera, estimate: DepthEstimate, held: Held) -> DepthEstimate:
        """Compare the estimate with what was held back, and return it with the sigma that follows from all checks."""
        if held.back is not None:
            self._compare(camera, estimate, held.back)
        miss = self.miss
        if estimate.hints is None or miss is None or miss.count < ENOUGH or miss.ratio <= 1.0:
            return estimate
        factor, unlimited = np.float32(min(miss.ratio, MOST_FACTOR)), estimate.unlimited
        if unlimited is not None:
            unlimited = unlimited._replace(sigma_m=unlimited.sigma_m * factor)
        return replace(estimate, sigma_m=estimate.sigma_m * factor, unlimited=unlimited)

    @property
    def miss(self) -> Miss | None:
        """Return what the checks so far have measured; None before the first one."""
        if not self._misses:
            return None
        shares, sigmas = (np.concatenate(each) for each in zip(*self._misses, strict=True))
        return Miss(float(np.median(shares)), float(np.median(sigmas)) / _HALF, len(shares))

    def _compare(self, camera: Camera, estimate: DepthEstimate, back: Hints) -> None:
        v, u = back.nearest(camera.width, camera.height)
        depth_m, sigma_m = (values[v, u].astype(np.float64) for values in (estimate.depth_m, estimate.sigma_m))
        measured_m = back.range_m * camera.rays()[v, u, 2]
        known = np.isfinite(depth_m) & np.isfinite(sigma_m) & (depth_m > 0.0) & (measured_m > 0.0)
        if known.any():
            ratio = depth_m[known] / measured_m[known]
            expected = np.hypot(sigma_m[known] / depth_m[known], back.sigma_ln[known])
            self._misses.append((np.abs(ratio - 1.0), np.abs(np.log(ratio)) / expected))
