# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scale over time: a Kalman filter of one number."""

from __future__ import annotations

import math

from grin_ros.core.hints.scale import PRIOR_LN, Scale

FADES_S = 10.0
"""Without ranges, scale and knowledge of it fade to none with this time constant."""


class SmoothScale:
    """What is known of ln(scale) over time: each frame's match corrects it, and without one it fades to no correction.

    ln(scale) is taken for a quantity that wanders around 0 by PRIOR_LN and forgets within FADES_S: a Kalman filter of
    one number (an Ornstein-Uhlenbeck process).
    """

    def __init__(self) -> None:
        self._known = Scale()
        self._stamp_ns: int | None = None

    def __call__(self, stamp_ns: int, match: Scale | None) -> Scale:
        """The scale at the time of a frame. match: of this frame, None where there is none. Time that goes back, as a
        bag does that starts again, begins anew."""
        elapsed_s = 0.0 if self._stamp_ns is None else (stamp_ns - self._stamp_ns) / 1e9
        if elapsed_s < 0.0:
            self._known, elapsed_s = Scale(), 0.0
        self._stamp_ns = stamp_ns
        kept = math.exp(-elapsed_s / FADES_S)
        ln = kept * self._known.ln
        variance = PRIOR_LN**2 + kept**2 * (self._known.error_ln**2 - PRIOR_LN**2)
        if match is not None:
            gain = variance / (variance + match.error_ln**2)
            ln, variance = ln + gain * (match.ln - ln), (1.0 - gain) * variance
        used, offered = (match.used, match.offered) if match else (0, 0)
        self._known = Scale(ln, math.sqrt(variance), used, offered)
        return self._known
