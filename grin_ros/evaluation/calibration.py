# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Make sigma mean what it says: one factor on sigma_ln, fitted on held-out data, and the table that shows the result.

sigma_ln = sigma_m / depth_m is the standard deviation of ln(depth). The factor is the 68.27 % quantile of
|ln(depth / measured)| / sigma_ln, so that after it 1 sigma holds 68.27 % of the errors, whatever their distribution;
it goes into the manifest (`grin_ros.artifact.Calibration`). A standard deviation would follow the outliers instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.data.frames import DepthEstimate, Frame
from grin_ros.data.sparse import ShardDataset
from grin_ros.evaluation.dataset import EvalSample
from grin_ros.evaluation.metrics import SIGMAS, Limits
from grin_ros.geometry.rays import range_to_depth

ONE_SIGMA = math.erf(1.0 / math.sqrt(2.0))
"""Share of a Gaussian within one standard deviation, 0.6827."""


@dataclass(frozen=True)
class Reliability:
    """One row: of the errors, `observed` lie within `sigmas` standard deviations; Gaussian errors: `expected`."""

    sigmas: float
    expected: float
    observed: float


@dataclass(frozen=True)
class SigmaFit:
    """sigma_scale: what sigma_ln must be multiplied by. before, after: reliability without and with it."""

    sigma_scale: float
    before: tuple[Reliability, ...]
    after: tuple[Reliability, ...]
    frames: int
    pixels: int

    def __str__(self) -> str:
        lines = [f"sigma_scale {self.sigma_scale:.4f} from {self.pixels} pixels of {self.frames} frames"]
        lines += ["sigmas  expected  before  after"]
        lines += [
            f"{a.sigmas:6.2f}  {a.expected:8.3f}  {b.observed:6.3f}  {a.observed:5.3f}"
            for b, a in zip(self.before, self.after, strict=True)
        ]
        return "\n".join(lines)


def fit_sigma(
    samples: Iterable[EvalSample],
    estimate: Callable[[Frame], DepthEstimate],
    limits: Limits | None = None,
    pixels_per_frame: int = 4096,
) -> SigmaFit:
    """Fit the factor on held-out samples, every frame weighing alike: at most `pixels_per_frame` of each, drawn with a
    fixed seed. The estimate must come from the uncalibrated network (sigma_scale 1), or the factor is relative to its.

    Raises ValueError where no frame has a pixel that is both measured and estimated with a sigma above 0.
    """
    limits = limits or Limits()
    random = np.random.default_rng(0)
    ratios: list[NDArray[np.float64]] = []
    for sample in samples:
        got = estimate(sample.frame)
        truth_m = np.where(limits.inside(sample.depth_m), sample.depth_m, np.nan)
        ratio = error_in_sigmas(got.depth_m, got.sigma_m, truth_m)
        if len(ratio) > pixels_per_frame:
            ratio = ratio[random.choice(len(ratio), pixels_per_frame, replace=False)]
        if len(ratio):
            ratios.append(ratio)
    if not ratios:
        raise ValueError(
            "sigma calibration: no pixel is both measured and estimated with a sigma above 0; "
            "give held-out samples with measured depth, and an estimate that has a sigma"
        )
    joined = np.concatenate(ratios)
    scale = float(np.quantile(joined, ONE_SIGMA))
    if scale == 0.0:
        raise ValueError("sigma calibration: the estimates equal the measured depth; give samples that were not copied")
    return SigmaFit(scale, reliability(joined), reliability(joined / scale), len(ratios), len(joined))


def error_in_sigmas(depth_m: NDArray[Any], sigma_m: NDArray[Any], truth_m: NDArray[Any]) -> NDArray[np.float64]:
    """|ln(depth / truth)| / (sigma / depth) of the pixels (N,) that have all three, in metres and above 0."""
    with np.errstate(invalid="ignore"):
        known = np.isfinite(depth_m) & (depth_m > 0.0) & np.isfinite(sigma_m) & (sigma_m > 0.0) & (truth_m > 0.0)
    p, s, g = (values[known].astype(np.float64) for values in (depth_m, sigma_m, truth_m))
    ratio: NDArray[np.float64] = np.abs(np.log(p / g)) * p / s
    return ratio


def reliability(ratios: NDArray[np.float64], sigmas: Sequence[float] = tuple(SIGMAS)) -> tuple[Reliability, ...]:
    """The table over `sigmas` of errors in sigmas (N,)."""
    return tuple(Reliability(float(k), math.erf(k / math.sqrt(2.0)), float(np.mean(ratios <= k))) for k in sigmas)


def render_samples(shards: ShardDataset, count: int | None = None) -> Iterator[EvalSample]:
    """Rendered samples as measured ones, `count` of them (None: all) evenly spread: the held-out part of
    `ShardDataset.split` for a fit. Beyond range is not measured."""
    total = len(shards)
    for index in np.unique(np.linspace(0, total - 1, min(count or total, total)).astype(np.int64)):
        sample = shards.sample(int(index))
        depth_m = range_to_depth(sample.range_m.astype(np.float32), sample.camera.rays())
        depth_m = np.where(np.isfinite(depth_m), depth_m, np.nan).astype(np.float32)
        yield EvalSample(f"render_{index:06d}", "renders", "renders", Frame(sample.image, sample.camera), depth_m)
