# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The figures of sigma in one frame, each ranking in two readings.

relative: sigma / p against |p - g| / g. metric: sigma in metres against |p - g| in metres. Where errors grow with
distance, a sigma that is a mere share of the depth ranks well in the metric reading and not at all in the relative one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.inspection.edges import near_edges
from grin_ros.core.inspection.sparsification import FRACTIONS, HALF, mean_of_half, ranking

SIGMAS: NDArray[np.float64] = np.arange(1, 13) / 4.0
"""Half widths of the intervals whose coverage is measured, in sigmas: 0.25 to 3."""
ONE, TWO = 3, 7
"""Indices of 1 and 2 sigma in SIGMAS."""
MIN_PIXELS = 50
"""Fewer pixels of a kind (edge, sky) give no figure."""


@dataclass(frozen=True)
class SigmaMetrics:
    """With p predicted and g measured depth in metres, over the pixels with both and a sigma."""

    coverage_1sigma: float
    """share of the pixels with |p - g| <= sigma; 0.683 for a Gaussian error of that sigma."""
    coverage_2sigma: float
    """share of the pixels with |p - g| <= 2 sigma; 0.954 for a Gaussian error of that sigma."""
    ause: float
    """area between sparsification curve and oracle, relative reading (`sparsification.py`)."""
    ause_metric: float
    """the same, metric reading."""
    rank_correlation: float
    """Spearman's over the pixels, of sigma / p with |p - g| / g."""
    rank_correlation_metric: float
    """Spearman's over the pixels, of sigma with |p - g|, both in metres."""
    abs_rel_certain_half: float
    """abs_rel of the half of the pixels with the smaller sigma / p."""
    abs_rel_certain_half_metric: float
    """abs_rel of the half of the pixels with the smaller sigma in metres."""
    relative_sigma: float
    """mean sigma / p."""
    sigma_m: float
    """mean sigma, metres."""
    edge_sigma_ratio: float
    """mean sigma / p near measured depth edges (`edges.py`), over that of the other measured pixels; NaN where depth
    is too sparse to show edges."""
    sky_sigma_ratio: float
    """mean sigma / p where the ground truth says beyond range, over that of the measured pixels; NaN where it does not
    tell. The estimate's +inf there has no sigma and does not count."""


OF_SIGMA = tuple(field.name for field in fields(SigmaMetrics))


@dataclass(frozen=True)
class FrameCurves:
    """What the report draws. sparsification, oracle: (100,) at FRACTIONS, relative reading; *_metric: metric reading.
    coverage: (12,) at SIGMAS. NaN: no sigma."""

    sparsification: NDArray[np.float64]
    oracle: NDArray[np.float64]
    sparsification_metric: NDArray[np.float64]
    oracle_metric: NDArray[np.float64]
    coverage: NDArray[np.float64]


_NO_RANKING = np.full(len(FRACTIONS), np.nan)
NO_CURVES = FrameCurves(_NO_RANKING, _NO_RANKING, _NO_RANKING, _NO_RANKING, np.full(len(SIGMAS), np.nan))


def sigma_figures(
    depth_m: NDArray[Any], sigma_m: NDArray[Any], truth_m: NDArray[Any], sky: NDArray[np.bool_] | None
) -> tuple[dict[str, float], FrameCurves]:
    """The fields of SigmaMetrics and their curves; all NaN where no measured pixel has an estimate with a sigma.

    depth_m, sigma_m, truth_m: (H, W) metres, truth_m NaN where not measured. sky: (H, W), True beyond range; None where
    the ground truth does not tell.
    """
    with np.errstate(invalid="ignore"):
        estimated = np.isfinite(depth_m) & (depth_m > 0.0) & np.isfinite(sigma_m) & (sigma_m >= 0.0)
    known = estimated & np.isfinite(truth_m)
    if not known.any():
        return dict.fromkeys(OF_SIGMA, float("nan")), NO_CURVES
    p, s, g = (values[known].astype(np.float64) for values in (depth_m, sigma_m, truth_m))
    off = np.abs(p - g)
    error = off / g
    relative, metric = ranking(s / p, error), ranking(s, off)
    coverage = np.array([np.mean(off <= k * s) for k in SIGMAS])
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(estimated, sigma_m.astype(np.float64) / depth_m, np.nan)
    edges = near_edges(truth_m) & known
    figures = {
        "coverage_1sigma": coverage[ONE],
        "coverage_2sigma": coverage[TWO],
        "ause": relative.ause,
        "ause_metric": metric.ause,
        "rank_correlation": relative.rank_correlation,
        "rank_correlation_metric": metric.rank_correlation,
        "abs_rel_certain_half": relative.curve[HALF] * np.mean(error),
        "abs_rel_certain_half_metric": mean_of_half(s, error),
        "relative_sigma": np.mean(s / p),
        "sigma_m": np.mean(s),
        "edge_sigma_ratio": _ratio(share, edges, known & ~edges),
        "sky_sigma_ratio": _ratio(share, sky & estimated, known) if sky is not None else np.nan,
    }
    curves = FrameCurves(relative.curve, relative.oracle, metric.curve, metric.oracle, coverage)
    return {name: float(value) for name, value in figures.items()}, curves


def _ratio(values: NDArray[np.float64], here: NDArray[np.bool_], there: NDArray[np.bool_]) -> float:
    """Mean of values (H, W) over `here` over that over `there`; NaN where one has fewer than MIN_PIXELS, or 0."""
    if min(np.count_nonzero(here), np.count_nonzero(there)) < MIN_PIXELS:
        return float("nan")
    below = float(np.mean(values[there]))
    return float(np.mean(values[here])) / below if below > 0.0 else float("nan")
