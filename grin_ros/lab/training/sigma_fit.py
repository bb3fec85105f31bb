# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Calibration of sigma: a scale and a floor of sigma_ln, fitted on held-out data for each (steps, members).

sigma_ln = sigma_m / depth_m is the standard deviation of ln(depth). The calibrated value is

    sigma_ln^2 = (sigma_scale * sigma_ln of the network)^2 + floor_ln^2

The fit makes 1 sigma hold 68.27 % of the errors |ln(depth / measured)|, whatever their distribution: for any floor,
sigma_scale^2 is the 68.27 % quantile of (error^2 - floor^2) / sigma_ln^2. A fit of the standard deviation would follow
outliers instead. The floor is an error that every pixel may have, for instance that of the scale of the scene. It is
the smallest one with which the share within 2 sigma is as near to 95.45 % as with any other, up to half a percent.
Scale and floor keep the order of sigma / depth.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.inspection.metrics import LIMITS
from grin_ros.core.inspection.uncertainty import SIGMAS
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.evaluation.results import Estimate

ONE_SIGMA, TWO_SIGMA = (math.erf(k / math.sqrt(2.0)) for k in (1.0, 2.0))
"""The shares of a Gaussian within one and two standard deviations, 0.6827 and 0.9545."""
NEAR_ENOUGH = 0.005
"""The smallest floor is taken whose share within 2 sigma is this near to that of the best floor. It may be 0."""
_FLOORS = 41


@dataclass(frozen=True)
class Reliability:
    """The share of the errors within `sigmas` standard deviations: `observed`, and `expected` of a Gaussian."""

    sigmas: float
    expected: float
    observed: float


@dataclass(frozen=True)
class SigmaFit:
    """A fitted calibration. sigma_scale, floor_ln: see the module. before, after: reliability without and with them."""

    sigma_scale: float
    floor_ln: float
    before: tuple[Reliability, ...]
    after: tuple[Reliability, ...]
    frames: int
    pixels: int

    def __str__(self) -> str:
        of = f"from {self.pixels} pixels of {self.frames} frames"
        lines = [f"sigma_scale {self.sigma_scale:.4f}, floor_ln {self.floor_ln:.4f} {of}"]
        lines += ["sigmas  expected  before  after"]
        lines += [
            f"{a.sigmas:6.2f}  {a.expected:8.3f}  {b.observed:6.3f}  {a.observed:5.3f}"
            for b, a in zip(self.before, self.after, strict=True)
        ]
        return "\n".join(lines)


def fit_settings(
    samples: Iterable[EvalSample],
    estimates: Mapping[tuple[int, int], Estimate],
    pixels_per_frame: int = 4096,
    *,
    with_floor: bool = True,
) -> dict[tuple[int, int], SigmaFit]:
    """Fit every (steps, members) of `estimates` in one pass over held-out samples, on the same pixels of each frame.

    Every frame has the same weight: at most `pixels_per_frame` of its pixels are drawn, with a fixed seed. The
    estimates must be uncalibrated. sharing.py makes estimates that share their work. Raises ValueError if no pixel is
    both measured and estimated with a sigma above 0.
    """
    random = np.random.default_rng(0)
    found: dict[tuple[int, int], list[NDArray[np.float64]]] = {key: [] for key in estimates}
    for sample in samples:
        truth_m = np.where(LIMITS.inside(sample.depth_m), sample.depth_m, np.nan)
        measured = np.flatnonzero(np.isfinite(truth_m))
        if len(measured) > pixels_per_frame:
            measured = random.choice(measured, pixels_per_frame, replace=False)
        for key, estimate in estimates.items():
            got = estimate(sample.frame)
            pairs = errors_and_sigmas(*(values.ravel()[measured] for values in (got.depth_m, got.sigma_m, truth_m)))
            if pairs.size:
                found[key].append(pairs)
    return {key: _fit(pairs, with_floor) for key, pairs in found.items()}


def errors_and_sigmas(depth_m: NDArray[Any], sigma_m: NDArray[Any], truth_m: NDArray[Any]) -> NDArray[np.float64]:
    """Return |ln(depth / truth)| and sigma / depth (2, N) of the pixels where all three are known and above 0."""
    with np.errstate(invalid="ignore"):
        known = np.isfinite(depth_m) & (depth_m > 0.0) & np.isfinite(sigma_m) & (sigma_m > 0.0) & (truth_m > 0.0)
    p, s, g = (values[known].astype(np.float64) for values in (depth_m, sigma_m, truth_m))
    return np.stack([np.abs(np.log(p / g)), s / p])


def _fit(pairs: Sequence[NDArray[np.float64]], with_floor: bool) -> SigmaFit:
    if not pairs:
        raise ValueError(
            "sigma calibration: no pixel is both measured and estimated with a sigma above 0; "
            "give held-out samples with measured depth, and an estimate that has a sigma"
        )
    error, sigma = np.concatenate(pairs, axis=1)
    scale, floor = _scale(error, sigma, 0.0), 0.0
    if scale == 0.0:
        raise ValueError(
            "sigma calibration: the estimates equal the measured depth; give samples with independent depth"
        )
    if with_floor:
        scale, floor = _with_floor(error, sigma, scale)
    after = error / np.sqrt((scale * sigma) ** 2 + floor**2)
    return SigmaFit(scale, floor, reliability(error / sigma), reliability(after), len(pairs), len(error))


def _scale(error: NDArray[np.float64], sigma: NDArray[np.float64], floor: float) -> float:
    """Return the scale with which 1 sigma holds its share, or NaN if the floor alone holds more."""
    squared = float(np.quantile((error**2 - floor**2) / sigma**2, ONE_SIGMA))
    return math.sqrt(squared) if squared >= 0.0 else math.nan


def _with_floor(error: NDArray[np.float64], sigma: NDArray[np.float64], plain: float) -> tuple[float, float]:
    """Return scale and floor. plain: the scale without a floor."""
    tried: list[tuple[float, float, float]] = []
    for floor in np.linspace(0.0, float(np.quantile(error, ONE_SIGMA)), _FLOORS):
        scale = _scale(error, sigma, float(floor)) if floor else plain
        if not math.isnan(scale):
            within = float(np.mean(error <= 2.0 * np.sqrt((scale * sigma) ** 2 + floor**2)))
            tried.append((abs(within - TWO_SIGMA), scale, float(floor)))
    least = min(off for off, _, _ in tried)
    _, scale, floor = next(item for item in tried if item[0] <= least + NEAR_ENOUGH)
    return scale, floor


def reliability(ratios: NDArray[np.float64]) -> tuple[Reliability, ...]:
    """Return the reliability of errors in units of sigma (N,)."""
    return tuple(Reliability(float(k), math.erf(k / math.sqrt(2.0)), float(np.mean(ratios <= k))) for k in SIGMAS)
