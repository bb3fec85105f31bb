# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scale over time: a Kalman filter of one number."""

from __future__ import annotations

import math

from grin_ros.core.hints.scale import PRIOR_LN, Scale

FADES_S = 10.0
"""The time constant in seconds with which the scale returns to 1 if there are no ranges."""


class SmoothScale:
    """A Kalman filter of ln(scale), which the match of each frame corrects and which returns to 0 without matches.

    The model of ln(scale) is an Ornstein-Uhlenbeck process with standard deviation PRIOR_LN and time constant FADES_S.
    """

    def __init__(self) -> None:
        self._known = Scale()
        self._stamp_ns: int | None = None

    def __call__(self, stamp_ns: int, match: Scale | None) -> Scale:
        """Return the scale at the time of a frame. match: that of this frame, None if there is none.

        If time goes back, as when a bag is played again, the filter starts again.
        """
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
