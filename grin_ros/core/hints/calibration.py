# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Factors on sigma with hints, by the number of hints and by how they lie in the image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from grin_ros.core.types import Hints

LEVEL, SPREAD = "level", "spread"
"""The kinds: hints of one row, as a 2D lidar gives, and all others."""
FEWEST_LEVEL = 8
"""Fewer hints count as spread, because chance may put them in one row."""
LEVEL_SHARE = 0.05
"""Hints whose rows have a standard deviation of less than this share of the image's height lie level."""


@dataclass(frozen=True)
class HintFactor:
    """The factor on sigma for `count` hints of a kind."""

    kind: str
    count: int
    scale: float


@dataclass(frozen=True)
class HintCalibration:
    """The factors that make sigma with hints cover its share of the errors. fitted_on: the data they were fitted on."""

    factors: tuple[HintFactor, ...] = ()
    fitted_on: str = "nothing"

    def scale(self, hints: Hints, height: int) -> float:
        """Return the factor for these hints, between those of the nearest numbers; 1 if none was fitted."""
        kind = kind_of(hints, height)
        known = sorted((factor.count, factor.scale) for factor in self.factors if factor.kind == kind)
        if not known:
            return 1.0
        counts, scales = zip(*known, strict=True)
        return float(np.interp(math.log(max(1, len(hints))), np.log(counts), scales))


def kind_of(hints: Hints, height: int) -> str:
    """Return the kind of at least one hint in an image of `height` rows. A few hints count as spread."""
    return LEVEL if len(hints) >= FEWEST_LEVEL and in_one_row(hints, height) else SPREAD


def in_one_row(hints: Hints, height: int) -> bool:
    """Return whether hints, a single one too, lie in one row of an image of `height` rows."""
    return float(np.std(hints.pixels[:, 1])) < LEVEL_SHARE * height
