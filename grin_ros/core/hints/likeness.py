# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The features by which a hint network says which pixels share an error of the model, and how large that error is."""

from __future__ import annotations

from typing import Any, NamedTuple

BASES, SMOOTH, LOCAL = 4, 6, 6
CHANNELS = BASES + SMOOTH + LOCAL + 3
"""The number of features of a pixel."""
BASE_SCALE = 0.25
"""One unit of a base is this much of ln(range)."""


class Likeness(NamedTuple):
    """The features of N pixels, as arrays or tensors.

    bases (..., N, BASES): errors that the whole image shares, with a weight of variance 1 each. smooth (..., N, SMOOTH)
    and local (..., N, LOCAL): further coordinates of these two parts of the covariance, in units of their length.
    smooth_gain, local_gain (..., N): logarithms of factors on their deviations. own_gain (..., N): the same for the
    error that a pixel shares with no other.
    """

    bases: Any
    smooth: Any
    local: Any
    smooth_gain: Any
    local_gain: Any
    own_gain: Any

    @classmethod
    def of(cls, features: Any) -> Likeness:
        """Split features (..., N, CHANNELS), the output of the graph 'hints'."""
        places, gains = BASES + SMOOTH, BASES + SMOOTH + LOCAL
        return cls(
            BASE_SCALE * features[..., :BASES],
            features[..., BASES:places],
            features[..., places:gains],
            *(features[..., gains + k] for k in range(3)),
        )
