# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The figures of one frame: depth and sigma against measured depth.

Only pixels count whose depth was measured within the limits (`Limits`) and that have an estimate. Measured pixels
without an estimate (NaN, +inf beyond range, or not above 0) are in no figure except `missing`, their share, which shows
if a method leaves out the hard pixels. All pixels of a frame weigh alike. For frames and scenes see `results.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.inspection.edges import boundary
from grin_ros.core.inspection.uncertainty import MIN_PIXELS, NO_CURVES, FrameCurves, SigmaMetrics, sigma_figures

_DELTA = 1.25


@dataclass(frozen=True)
class Limits:
    """The range of measured depth that counts, in metres along z, both ends included."""

    min_depth_m: float = 0.1
    max_depth_m: float = 80.0

    def __post_init__(self) -> None:
        if not 0.0 < self.min_depth_m < self.max_depth_m:
            raise ValueError(
                f"min_depth_m, max_depth_m: got {self.min_depth_m}, {self.max_depth_m}, expected 0 < min < max (metres)"
            )

    def inside(self, depth_m: NDArray[Any]) -> NDArray[np.bool_]:
        """Return True where depth_m was measured and lies within the limits; NaN is False."""
        with np.errstate(invalid="ignore"):
            return np.asarray((depth_m >= self.min_depth_m) & (depth_m <= self.max_depth_m))


LIMITS = Limits()
"""The limits where nothing else is said."""


@dataclass(frozen=True)
class FrameMetrics(SigmaMetrics):
    """The figures of one frame, with p predicted and g measured depth in metres; NaN if a figure is undefined.

    The sigma figures (`uncertainty.py`) use the pixels that have a sigma; the share of the others is sigma_missing.
    """

    abs_rel: float
    """mean |p - g| / g."""
    abs_error_m: float
    """mean |p - g|, metres."""
    rmse_m: float
    """root of the mean (p - g)^2, metres."""
    delta1: float
    """share of the pixels with max(p / g, g / p) < 1.25."""
    abs_rel_aligned: float
    """abs_rel of p * median(g) / median(p): the error of the shape, without that of the scale."""
    scale: float
    """median(p) / median(g): above 1 is too far."""
    median_m: float
    """median(g), metres."""
    edge_floating: float
    """share of the points near depth edges that float between surfaces (`edges.py`), without edges that the estimate
    misses; for exact ground truth only."""
    edge_missed: float
    """share of the points near depth edges whose edge the estimate does not have; for exact ground truth only."""
    missing: float
    """share of the measured pixels without an estimate."""
    sigma_missing: float
    """share of the estimated pixels without a sigma."""
    pixels: float
    """measured pixels within the limits."""


def measure(
    depth_m: NDArray[Any],
    sigma_m: NDArray[Any],
    truth_m: NDArray[Any],
    limits: Limits = LIMITS,
    *,
    sky: NDArray[np.bool_] | None = None,
    exact: bool = False,
) -> tuple[FrameMetrics, FrameCurves]:
    """Return the figures of one frame. depth_m, sigma_m, truth_m: (H, W) metres; truth_m NaN where not measured.

    sky: (H, W), True where the ground truth is beyond range; None if that is unknown. exact: the edges of truth_m lie
    where those of the image do, as in renders, so that points near them can be judged. Raises ValueError if shapes
    differ or nothing was measured within the limits.
    """
    if not depth_m.shape == sigma_m.shape == truth_m.shape:
        raise ValueError(
            f"shapes differ: depth {depth_m.shape}, sigma {sigma_m.shape}, measured depth {truth_m.shape}; "
            "estimate at the size of the frame"
        )
    measured = limits.inside(truth_m)
    if not measured.any():
        raise ValueError(
            f"no depth measured within {limits.min_depth_m:g} to {limits.max_depth_m:g} m; "
            "leave this frame out of the data set, or widen the limits"
        )
    with np.errstate(invalid="ignore"):
        known = measured & np.isfinite(depth_m) & (depth_m > 0.0)
    counts = {"missing": 1.0 - float(known.sum() / measured.sum()), "pixels": float(measured.sum())}
    if not known.any():
        return FrameMetrics(**dict.fromkeys(_NAMES, float("nan")) | counts), NO_CURVES
    p, g = depth_m[known].astype(np.float64), truth_m[known].astype(np.float64)
    scale, ratio = float(np.median(p) / np.median(g)), p / g
    with_sigma = known & np.isfinite(sigma_m) & (np.nan_to_num(sigma_m, nan=-1.0) >= 0.0)
    within_m = np.where(measured, truth_m, np.nan)
    of_sigma, curves = sigma_figures(depth_m, sigma_m, within_m, sky)
    edges = boundary(depth_m, within_m) if exact else None
    judged = edges is not None and edges.pixels >= MIN_PIXELS
    metrics = FrameMetrics(
        abs_rel=float(np.mean(np.abs(p - g) / g)),
        abs_error_m=float(np.mean(np.abs(p - g))),
        rmse_m=float(np.sqrt(np.mean((p - g) ** 2))),
        delta1=float(np.mean((ratio < _DELTA) & (ratio > 1.0 / _DELTA))),
        abs_rel_aligned=float(np.mean(np.abs(p / scale - g) / g)),
        scale=scale,
        median_m=float(np.median(g)),
        edge_floating=edges.floating if edges and judged else float("nan"),
        edge_missed=edges.missed if edges and judged else float("nan"),
        sigma_missing=1.0 - float(with_sigma.sum() / known.sum()),
        **counts,
        **of_sigma,
    )
    return metrics, curves


_NAMES = tuple(field.name for field in fields(FrameMetrics))
