# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The figures of one frame: depth and sigma against measured depth.

Only pixels count where depth was measured within the limits (`Limits`), and where the estimate has a depth. Measured
pixels without an estimate (NaN, +inf beyond range, or not above 0) are in no figure but `missing`, their share: a
method that leaves the hard pixels out shows it there. Pixels of a frame weigh alike; frames, scenes: see `results.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.evaluation.sparsification import FRACTIONS, HALF, ranking

SIGMAS: NDArray[np.float64] = np.arange(1, 13) / 4.0
"""Half widths of the intervals whose coverage is measured, in sigmas: 0.25 to 3."""
_ONE, _TWO = 3, 7  # 1 and 2 sigma in SIGMAS
_DELTA = 1.25


@dataclass(frozen=True)
class Limits:
    """Measured depth that counts, metres along z, both ends included."""

    min_depth_m: float = 0.1
    max_depth_m: float = 80.0

    def __post_init__(self) -> None:
        if not 0.0 < self.min_depth_m < self.max_depth_m:
            raise ValueError(
                f"min_depth_m, max_depth_m: got {self.min_depth_m}, {self.max_depth_m}, expected 0 < min < max (metres)"
            )

    def inside(self, depth_m: NDArray[Any]) -> NDArray[np.bool_]:
        """True where depth_m was measured and lies within the limits; NaN is False."""
        with np.errstate(invalid="ignore"):
            return np.asarray((depth_m >= self.min_depth_m) & (depth_m <= self.max_depth_m))


@dataclass(frozen=True)
class FrameMetrics:
    """With p predicted and g measured depth in metres. NaN where a figure is undefined (no pixel, no sigma).

    The sigma figures use the pixels that have a sigma; the share of the others is sigma_missing.
    """

    abs_rel: float
    """mean |p - g| / g."""
    rmse_m: float
    """root of the mean (p - g)^2, metres."""
    delta1: float
    """share of the pixels with max(p / g, g / p) < 1.25."""
    abs_rel_aligned: float
    """abs_rel of p * median(g) / median(p): the error of the shape, without that of the scale."""
    scale: float
    """median(p) / median(g): above 1 is too far."""
    coverage_1sigma: float
    """share of the pixels with |p - g| <= sigma; 0.683 for a Gaussian error of that sigma."""
    coverage_2sigma: float
    """share of the pixels with |p - g| <= 2 sigma; 0.954 for a Gaussian error of that sigma."""
    ause: float
    """area between sparsification curve and oracle, of |p - g| / g by sigma / p (`sparsification.py`)."""
    rank_correlation: float
    """Spearman's, of sigma / p with |p - g| / g over the pixels."""
    abs_rel_certain_half: float
    """abs_rel of the half of the pixels with the smaller sigma / p."""
    relative_sigma: float
    """mean sigma / p."""
    missing: float
    """share of the measured pixels without an estimate."""
    sigma_missing: float
    """share of the estimated pixels without a sigma."""
    pixels: float
    """measured pixels within the limits."""


@dataclass(frozen=True)
class FrameCurves:
    """What the report draws. sparsification, oracle: (100,) at FRACTIONS. coverage: (12,) at SIGMAS. NaN: no sigma."""

    sparsification: NDArray[np.float64]
    oracle: NDArray[np.float64]
    coverage: NDArray[np.float64]


def measure(
    depth_m: NDArray[Any], sigma_m: NDArray[Any], truth_m: NDArray[Any], limits: Limits | None = None
) -> tuple[FrameMetrics, FrameCurves]:
    """The figures of one frame. depth_m, sigma_m, truth_m: (H, W) metres; truth_m NaN where not measured.

    Raises ValueError where the shapes differ or nothing was measured within the limits: such a frame says nothing.
    """
    if not depth_m.shape == sigma_m.shape == truth_m.shape:
        raise ValueError(
            f"shapes differ: depth {depth_m.shape}, sigma {sigma_m.shape}, measured depth {truth_m.shape}; "
            "estimate at the size of the frame"
        )
    limits = limits or Limits()
    measured = limits.inside(truth_m)
    if not measured.any():
        raise ValueError(
            f"no depth measured within {limits.min_depth_m:g} to {limits.max_depth_m:g} m; "
            "leave this frame out of the data set, or widen the limits"
        )
    p, s, g = (values[measured].astype(np.float64) for values in (depth_m, sigma_m, truth_m))
    known = np.isfinite(p) & (p > 0.0)
    missing = 1.0 - float(np.mean(known))
    p, s, g = p[known], s[known], g[known]
    nothing = FrameCurves(*(np.full(len(x), np.nan) for x in (FRACTIONS, FRACTIONS, SIGMAS)))
    if not p.size:
        figures = dict.fromkeys((field.name for field in fields(FrameMetrics)), float("nan"))
        return FrameMetrics(**figures | {"missing": 1.0, "pixels": float(np.count_nonzero(measured))}), nothing
    error = np.abs(p - g) / g
    scale = float(np.median(p) / np.median(g))
    ratio = p / g
    with_sigma = np.isfinite(s) & (s >= 0.0)
    uncertainty = _uncertainty(p[with_sigma], s[with_sigma], g[with_sigma], error[with_sigma])
    curves = uncertainty[1] if uncertainty else nothing
    figures = uncertainty[0] if uncertainty else dict.fromkeys(_OF_SIGMA, float("nan"))
    metrics = FrameMetrics(
        abs_rel=float(np.mean(error)),
        rmse_m=float(np.sqrt(np.mean((p - g) ** 2))),
        delta1=float(np.mean((ratio < _DELTA) & (ratio > 1.0 / _DELTA))),
        abs_rel_aligned=float(np.mean(np.abs(p / scale - g) / g)),
        scale=scale,
        missing=missing,
        sigma_missing=1.0 - float(np.mean(with_sigma)),
        pixels=float(np.count_nonzero(measured)),
        **figures,
    )
    return metrics, curves


_OF_SIGMA = (
    "coverage_1sigma", "coverage_2sigma", "ause", "rank_correlation", "abs_rel_certain_half", "relative_sigma"
)  # fmt: skip


def _uncertainty(
    p: NDArray[np.float64], s: NDArray[np.float64], g: NDArray[np.float64], error: NDArray[np.float64]
) -> tuple[dict[str, float], FrameCurves] | None:
    """The figures named in _OF_SIGMA and their curves; None where no pixel has a sigma."""
    if not p.size:
        return None
    order = ranking(s / p, error)
    off = np.abs(p - g)
    coverage = np.array([np.mean(off <= k * s) for k in SIGMAS])
    half = float(order.curve[HALF]) * float(np.mean(error))
    values = (coverage[_ONE], coverage[_TWO], order.ause, order.rank_correlation, half, np.mean(s / p))
    figures = {name: float(value) for name, value in zip(_OF_SIGMA, values, strict=True)}
    return figures, FrameCurves(order.curve, order.oracle, coverage)
