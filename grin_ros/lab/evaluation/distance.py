# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Figures by distance: how well medians of frames follow the measured ones, and errors at three distances.

A model that always answers two metres has a slope of 0. A perfect model has a slope and a correlation of 1.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.inspection.metrics import FrameMetrics

NEAR_M, FAR_M = 1.2, 3.0
"""Limits of the bands. Indoors a third of all robots' work is nearer, and halls are farther."""
BANDS = ("near", "middle", "far")
_NO_SPREAD = 1e-9  # a variance of ln(median) below this is rounding
LEAST_SCENES = 3
"""With fewer scenes there is no slope."""


class Measured(Protocol):
    """A frame that was measured."""

    @property
    def scene(self) -> str: ...

    @property
    def metrics(self) -> FrameMetrics: ...


def band(median_m: float) -> str:
    """Return the band of a distance in metres."""
    return BANDS[int(median_m >= NEAR_M) + int(median_m >= FAR_M)]


def medians(frames: Iterable[Measured]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return measured and predicted medians in metres, (n,) each, and weights (n,) with which each scene counts once.

    Frames without an estimate are left out.
    """
    used = [frame for frame in frames if math.isfinite(frame.metrics.scale) and frame.metrics.scale > 0.0]
    counts = Counter(frame.scene for frame in used)
    measured = np.array([frame.metrics.median_m for frame in used])
    scale = np.array([frame.metrics.scale for frame in used])
    return measured, measured * scale, np.array([1.0 / counts[frame.scene] for frame in used])


def distance_figures(frames: Iterable[Measured]) -> dict[str, float]:
    """Return the figures of the frames of one domain.

    ln_median_slope and ln_median_correlation: of the predicted ln(median) over the measured one, NaN with fewer than
    LEAST_SCENES scenes. abs_rel_BAND and scenes_BAND: mean AbsRel over the scenes of a band, and their number. The band
    of a scene is that of the geometric mean of its frames' measured medians.
    """
    frames = list(frames)
    scenes: defaultdict[str, list[Measured]] = defaultdict(list)
    for frame in frames:
        if math.isfinite(frame.metrics.scale):
            scenes[frame.scene].append(frame)
    errors: dict[str, list[float]] = {name: [] for name in BANDS}
    for members in scenes.values():
        middle_m = math.exp(float(np.mean([math.log(frame.metrics.median_m) for frame in members])))
        errors[band(middle_m)].append(float(np.mean([frame.metrics.abs_rel for frame in members])))
    slope, correlation = _line(*medians(frames)) if len(scenes) >= LEAST_SCENES else (math.nan, math.nan)
    means = {f"abs_rel_{name}": float(np.mean(found)) if found else math.nan for name, found in errors.items()}
    counts = {f"scenes_{name}": float(len(found)) for name, found in errors.items()}
    return {"ln_median_slope": slope, "ln_median_correlation": correlation, **means, **counts}


def _line(
    measured_m: NDArray[np.float64], predicted_m: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """Return slope and correlation of ln(predicted) over ln(measured)."""
    (xx, xy), (_, yy) = np.cov(np.log(measured_m), np.log(predicted_m), aweights=weights)
    if xx < _NO_SPREAD:
        return math.nan, math.nan
    return float(xy / xx), float(xy / math.sqrt(xx * yy)) if yy > _NO_SPREAD else math.nan
