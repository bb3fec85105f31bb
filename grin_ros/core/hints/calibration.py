# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Factors on sigma with hints, by their number and by how they lie (arrangement.py)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class HintFactor:
    """The factor on sigma for `count` hints of a kind, LEVEL or SPREAD."""

    kind: str
    count: int
    scale: float


@dataclass(frozen=True)
class HintCalibration:
    """The factors that make sigma with hints cover its share of the errors. fitted_on: the data they were fitted on."""

    factors: tuple[HintFactor, ...] = ()
    fitted_on: str = "nothing"

    def scale(self, kind: str, count: int) -> float:
        """Return the factor for so many hints of a kind, between those of the nearest numbers; 1 if none was fitted."""
        known = sorted((factor.count, factor.scale) for factor in self.factors if factor.kind == kind)
        if not known:
            return 1.0
        counts, scales = zip(*known, strict=True)
        return float(np.interp(math.log(max(1, count)), np.log(counts), scales))
