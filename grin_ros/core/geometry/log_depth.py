# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Log-depth: metres to the network's value and back, log10 of the range scaled to [-1, 1] (GRIN, arXiv 2409.09896)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

BEYOND = 0.9
"""An estimate farther than this share of the longest range is beyond range. Sky is trained to lie at 1."""


def _floating(values: ArrayLike) -> NDArray[Any]:
    """Return the values as an array: float32 stays float32, everything else becomes float64."""
    array = np.asarray(values)
    return array if array.dtype == np.float32 else array.astype(np.float64)


def _check_limits(min_m: float, max_m: float) -> None:
    if not (math.isfinite(min_m) and math.isfinite(max_m) and 0.0 < min_m < max_m):
        raise ValueError(
            f"depth limits: got min_m={min_m}, max_m={max_m}, expected 0 < min_m < max_m, both finite. "
            "Set depth_min and depth_max in metres, for example 0.1 and 80.0."
        )


@dataclass(frozen=True)
class LogDepth:
    """The mapping between range along the ray (metres) and the network's value: min_m is -1, max_m is +1.

    Raises ValueError unless 0 < min_m < max_m, both finite. Methods return float32 for float32 and float64 for other
    types; NaN stays NaN.
    """

    min_m: float
    max_m: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "min_m", float(self.min_m))
        object.__setattr__(self, "max_m", float(self.max_m))
        _check_limits(self.min_m, self.max_m)

    @property
    def log10_per_unit(self) -> float:
        """The derivative d log10(range) / d value."""
        return 0.5 * math.log10(self.max_m / self.min_m)

    @property
    def ln_per_unit(self) -> float:
        """The derivative d ln(range) / d value, which turns a spread of values into a relative one (sigma_ln)."""
        return 0.5 * math.log(self.max_m / self.min_m)

    def encode(self, range_m: ArrayLike) -> NDArray[Any]:
        """Return the values in [-1, 1] of ranges in metres; ranges outside [min_m, max_m] (also 0, inf) are clipped."""
        clipped = np.clip(_floating(range_m), self.min_m, self.max_m)
        value = np.log10(clipped / math.sqrt(self.min_m * self.max_m)) / self.log10_per_unit
        return np.asarray(np.clip(value, -1.0, 1.0))

    def decode(self, value: ArrayLike) -> NDArray[Any]:
        """Return the ranges in metres of values. Values outside [-1, 1] are not clipped."""
        centre_m = math.sqrt(self.min_m * self.max_m)
        return np.asarray(centre_m * np.exp(_floating(value) * self.ln_per_unit))


@dataclass(frozen=True)
class LinearDepth:
    """The mapping without a logarithm, with which training ablations compare log-depth.

    It raises ValueError and keeps float32 and NaN as LogDepth does.
    """

    min_m: float
    max_m: float

    def __post_init__(self) -> None:
        _check_limits(self.min_m, self.max_m)

    def encode(self, range_m: ArrayLike) -> NDArray[Any]:
        """Return the values in [-1, 1] of ranges in metres; ranges outside [min_m, max_m] are clipped."""
        clipped = np.clip(_floating(range_m), self.min_m, self.max_m)
        return np.asarray(2.0 * (clipped - self.min_m) / (self.max_m - self.min_m) - 1.0)

    def decode(self, value: ArrayLike) -> NDArray[Any]:
        """Return the ranges in metres of values, not clipped."""
        return np.asarray(self.min_m + 0.5 * (_floating(value) + 1.0) * (self.max_m - self.min_m))
