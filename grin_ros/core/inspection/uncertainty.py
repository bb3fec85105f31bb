# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The figures of sigma in one frame; each ranking is computed in two ways.

relative: sigma / p against |p - g| / g. metric: sigma in metres against |p - g| in metres. If errors grow
with distance, a sigma that is a constant share of the depth has a good metric ranking and a useless relative one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.inspection.edges import near_edges
from grin_ros.core.inspection.sparsification import FRACTIONS, HALF, mean_of_half, ranking

SIGMAS: NDArray[np.float64] = np.arange(1, 13) / 4.0
"""The half widths in sigmas of the intervals whose coverage is measured: 0.25 to 3."""
ONE, TWO = 3, 7
"""The indices of 1 and 2 sigma in SIGMAS."""
MIN_PIXELS = 50
"""Fewer pixels of a kind (edge, sky) give no figure."""


@dataclass(frozen=True)
class SigmaMetrics:
    """The figures of sigma, with p predicted and g measured depth in metres, over the pixels that have all three."""

    coverage_1sigma: float
    """share of the pixels with |p - g| <= sigma; 0.683 for a Gaussian error of that sigma."""
    coverage_2sigma: float
    """share of the pixels with |p - g| <= 2 sigma; 0.954 for a Gaussian error of that sigma."""
    ause: float
    """area between sparsification curve and oracle, relative ranking (`sparsification.py`)."""
    ause_metric: float
    """the same, metric ranking."""
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
    """mean sigma / p near measured depth edges (`edges.py`), divided by that of the other measured pixels; NaN if depth
    is too sparse to show edges."""
    sky_sigma_ratio: float
    """mean sigma / p where the ground truth is beyond range, divided by that of the measured pixels; NaN if that is
    unknown. Pixels whose estimate is +inf there have no sigma and do not count."""


OF_SIGMA = tuple(field.name for field in fields(SigmaMetrics))


@dataclass(frozen=True)
class FrameCurves:
    """The curves that the report draws; NaN without sigma.

    sparsification, oracle: (100,) at FRACTIONS, relative ranking; *_metric: metric ranking. coverage: (12,) at SIGMAS.
    """

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
    """Return the fields of SigmaMetrics and their curves; all NaN if no measured pixel has an estimate with a sigma.

    depth_m, sigma_m, truth_m: (H, W) metres, truth_m NaN where not measured. sky: (H, W), True beyond range; None if
    that is unknown.
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
    """Return the mean of values (H, W) in `here` divided by that in `there`; NaN for fewer than MIN_PIXELS in one."""
    if min(np.count_nonzero(here), np.count_nonzero(there)) < MIN_PIXELS:
        return float("nan")
    below = float(np.mean(values[there]))
    return float(np.mean(values[here])) / below if below > 0.0 else float("nan")
