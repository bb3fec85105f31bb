# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One frame's hints and the network's answer on the query grid become one answer on that grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.hints.posterior import Features, Posterior, Process, colours, posterior, sampled
from grin_ros.core.hints.thinning import thinned
from grin_ros.core.types import Frame, HintReport, Hints

BELIEVED = 0.5
"""A hint with a smaller weight counts as an outlier in the report."""


@dataclass(frozen=True)
class QueryGrid:
    """The queried pixels of a frame: (rows * cols, 2), row by row, evenly spread over the image."""

    pixels: NDArray[np.float64]
    rows: int
    cols: int


@dataclass(frozen=True)
class Fused:
    """mean_ln (N,): add it to ln(range) at the queried pixels. ratio (N,): multiply the network's sigma by it; 1 far
    from all hints, small near trustworthy ones."""

    mean_ln: NDArray[np.float32]
    ratio: NDArray[np.float32]
    report: HintReport


def fuse(
    frame: Frame, hints: Hints, grid: QueryGrid, ln_range: NDArray[np.float32], process: Process | None = None
) -> Fused | None:
    """Return what the hints change; None where no hint lies in the image.

    ln_range: (N,) of the network at the queried pixels; for an ensemble, of its median.
    """
    width, height = frame.camera.width, frame.camera.height
    inside = (hints.pixels >= -0.5) & (hints.pixels < np.array([width - 0.5, height - 0.5]))
    used = thinned(hints.chosen(np.all(inside, axis=1)), width)
    if not len(used):
        return None
    colour = colours(frame.image)

    def features(pixels: NDArray[np.floating], ln: NDArray[np.float32]) -> Features:
        position = np.asarray(pixels, np.float32) / np.float32(width)
        return Features(position, ln, sampled(colour, pixels, width, height))

    ln_at_hints = sampled(ln_range.reshape(grid.rows, grid.cols), used.pixels, width, height)
    residual_ln = np.log(used.range_m) - ln_at_hints
    found = posterior(
        features(grid.pixels, ln_range), features(used.pixels, ln_at_hints), residual_ln, used.sigma_ln,
        process or Process(),
    )  # fmt: skip
    return Fused(found.mean_ln, found.deviation_ln / found.prior_ln, _report(hints, used, found, residual_ln))


def _report(hints: Hints, used: Hints, found: Posterior, residual_ln: NDArray[np.float32]) -> HintReport:
    believed = found.weight >= BELIEVED
    before = residual_ln[believed]
    return HintReport(
        offered=len(hints),
        used=len(used),
        outliers=int((~believed).sum()),
        correction_ln=float(np.median(before)) if len(before) else 0.0,
        by_source={name: int((used.source == index).sum()) for index, name in enumerate(used.sources)},
    )
