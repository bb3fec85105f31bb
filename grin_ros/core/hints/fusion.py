# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One frame's hints and the network's answer on the query grid become one answer on that grid."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.evenly import evenly
from grin_ros.core.geometry.log_depth import BEYOND, LogDepth
from grin_ros.core.geometry.rays import grid_cells
from grin_ros.core.hints import corners
from grin_ros.core.hints.answer import Answer
from grin_ros.core.hints.arrangement import CORNERS, LEVEL, SPREAD, arrangement
from grin_ros.core.hints.both import both, upright
from grin_ros.core.hints.calibration import HintCalibration
from grin_ros.core.hints.covariance import Array, Features
from grin_ros.core.hints.dense.cells import in_cells
from grin_ros.core.hints.evidence import floor
from grin_ros.core.hints.evidence.unreached import widened
from grin_ros.core.hints.likeness import Likeness
from grin_ros.core.hints.lookup import colours, sampled, small_lab
from grin_ros.core.hints.median import median
from grin_ros.core.hints.posterior import AT_ONCE, Observed, Posterior, posterior
from grin_ros.core.hints.process import Process
from grin_ros.core.hints.sources import FLOOR, MAPPED, OWN_SOURCES, TRACKED
from grin_ros.core.hints.thinning import thinned
from grin_ros.core.types import Frame, HintReport, Hints

BELIEVED = 0.5
"""A hint with a smaller weight counts as an outlier in the report."""
MOST_LEVEL = 100
"""The largest number of a sensor's hints of one level plane that are used. A 2D lidar has several hundred rays in view.
More of them tell nothing of what is above and below the plane, where their noise would be carried too."""
ROUGHLY = 64
"""The largest number of hints of a rough answer."""


@dataclass(frozen=True)
class Fused:
    """The answer with hints: x and log_variance (S, N) as `Sample` has them, and what became of the hints. dense: the
    hints by which the pixels are corrected after decoding (`at_pixels`), None for few hints."""

    x: Array
    log_variance: Array
    report: HintReport
    dense: Hints | None = None


@dataclass(frozen=True)
class Fusion:
    """The fusion for one model. depth, data_std: how the network's x stands for range. rows, cols: its query grid.
    process, calibration: those of the artifact, see `HintModel`."""

    depth: LogDepth
    data_std: float
    rows: int
    cols: int
    process: Process = field(default_factory=Process)
    calibration: HintCalibration = field(default_factory=HintCalibration)

    def __call__(
        self,
        frame: Frame,
        hints: Hints,
        pixels: NDArray[np.floating],
        x: Array,
        log_variance: Array,
        features: Array | None = None,
        sigma_scale: float = 1.0,
    ) -> Fused | None:
        """Return what the hints change; None where no hint lies in the image.

        pixels: (N, 2) the queried pixels. x, log_variance: (S, N) of the network; of an ensemble the median is
        corrected. features: (N, CHANNELS) of the graph 'hints', None for a model without one; with them the deviation
        of the process is the whole sigma, and members agree. sigma_scale: the factor by which sigma will be multiplied
        after decoding, which the process's own deviation does not need.
        """
        inside = frame.camera.contains(hints.pixels)
        if not inside.any():
            return None
        width = frame.camera.width
        seen = hints if inside.all() else hints.chosen(inside)
        used = thinned(seen, width)
        kind = arrangement(_measured(used), frame.camera)
        if kind == LEVEL:
            used = _fewer(used, width)
        middle_x = middle(x)
        ln_range = self.ln_range(middle_x)
        grid, observed = self._compared(frame, used, pixels, ln_range, features)
        found = self._posterior(frame, used, grid, observed, kind, self.process)
        report = _report(used, found, observed.residual_ln)
        ln_per_x = self.ln_per_x
        shift_ln = found.mean_ln if features is None else found.nearer_ln
        deviation_ln = found.deviation_ln
        dense = _independent(seen) if kind == SPREAD else None
        if dense is not None and len(used) < len(seen):
            shift_ln, deviation_ln = self._in_cells(frame, dense, ln_range, shift_ln, deviation_ln)
        deviation_ln = widened(deviation_ln, ln_range + shift_ln, used.unreached)
        within = ln_range < self.limit_ln
        corrected = middle_x + self.possible(shift_ln, ln_range) / ln_per_x
        if features is None:
            ratio = np.where(within, deviation_ln / found.prior_ln, np.float32(1.0))
            x = np.asarray(corrected + (x - middle_x) * ratio, np.float32)
            log_variance = np.asarray(log_variance + 2.0 * np.log(ratio), np.float32)
        else:
            calibrated = self.calibration.scale(LEVEL if kind == LEVEL else SPREAD, int((~used.of(*OWN_SOURCES)).sum()))
            sigma = np.float32(_wider(used, kind) * calibrated / sigma_scale) * deviation_ln / ln_per_x
            x = np.asarray(np.where(within, corrected, x), np.float32)
            log_variance = np.asarray(np.where(within, 2.0 * np.log(sigma), log_variance), np.float32)
        return Fused(x, log_variance, report, dense)

    def roughly(self, frame: Frame, hints: Hints, kind: str, alone: Answer) -> Answer:
        """Return the answer with at most ROUGHLY of the hints, by the process without a hint network.

        kind: how the measured ones lie. alone: the answer of the camera alone. All hints must lie in the image.
        """
        few = hints.chosen(evenly(len(hints), ROUGHLY))
        grid, observed = self._compared(frame, few, alone.pixels, alone.ln_range, None)
        found = self._posterior(frame, few, grid, observed, kind, upright(Process()) if kind == LEVEL else Process())
        return replace(alone, ln_range=alone.ln_range + found.mean_ln)

    def _compared(
        self, frame: Frame, used: Hints, pixels: NDArray[np.floating], ln_range: Array, features: Array | None
    ) -> tuple[Features, Observed]:
        """Return the properties of the queried pixels (N, 2) and the hints `used`, compared with ln_range (N,) of the
        network. features: as `__call__` has them."""
        width, height = frame.camera.width, frame.camera.height
        lab = small_lab(frame.image)

        def properties(at: NDArray[np.floating], ln: Array, own: Array | None) -> Features:
            position = np.asarray(at, np.float32) / np.float32(width)
            likeness = None if own is None else Likeness.of(own)
            return Features(position, ln, colours(sampled(lab, at, width, height)), likeness)

        ln_at_hints = self._at(ln_range, used.pixels, frame)
        features_at = None if features is None else self._at(features, used.pixels, frame)
        there = properties(used.pixels, ln_at_hints, features_at)
        residual_ln = np.log(used.range_m) - ln_at_hints
        return properties(pixels, ln_range, features), Observed(there, residual_ln, used.sigma_ln, _shared(used))

    def _posterior(
        self, frame: Frame, used: Hints, grid: Features, observed: Observed, kind: str | None, process: Process
    ) -> Posterior:
        """Return what the hints `used` tell of the queried pixels. kind: their `arrangement`."""
        width, height = frame.camera.width, frame.camera.height
        shape = (self.rows, self.cols)
        at_corners = used.of(TRACKED, MAPPED)
        if at_corners.any():
            edge_ln = corners.edge_sigma_ln(grid.ln_range.reshape(shape))
            mounted = frame.camera.mounting is not None
            doubt_ln = np.hypot(
                sampled(edge_ln, used.pixels, width, height),
                corners.contradiction_sigma_ln(observed.residual_ln, mounted),
            )
            observed = observed._replace(sigma_ln=np.hypot(observed.sigma_ln, at_corners * doubt_ln))
        if kind == CORNERS:
            process = corners.process_at_corners(process)
        if grid.likeness is None:
            found = posterior(grid, observed, process, shape)
        else:
            found = both(grid, observed, process, shape, kind)
        if kind != CORNERS:
            return found
        return corners.cautious(found, grid_cells(used.pixels, width, height, self.cols, self.rows), shape)

    def _in_cells(
        self, frame: Frame, hints: Hints, ln_range: Array, shift_ln: Array, deviation_ln: Array
    ) -> tuple[Array, Array]:
        """Return the correction (N,) and its deviation (N,) with all hints, of which the process has used some."""
        shape = (self.rows, self.cols)
        answer_ln, variance = (ln_range + shift_ln).reshape(shape), (deviation_ln**2).reshape(shape)
        further_ln, remaining = in_cells(frame, hints, answer_ln, variance)
        return shift_ln + further_ln.reshape(-1), np.sqrt(remaining).reshape(-1)

    @property
    def limit_ln(self) -> np.float32:
        """ln(range) from which on a pixel is beyond range."""
        return np.float32(math.log(BEYOND * self.depth.max_m))

    def possible(self, shift_ln: Array | np.float32, ln_range: Array) -> Array:
        """Return a correction of ln_range (N,) that leaves what is beyond range, of which nothing is known, and moves
        nothing beyond it."""
        room_ln = self.limit_ln - ln_range
        return np.where(room_ln > 0.0, np.minimum(shift_ln, room_ln - np.float32(0.01)), np.float32(0.0))

    @property
    def ln_per_x(self) -> np.float32:
        """The difference of ln(range) for each unit of the network's x."""
        return np.float32(self.data_std * self.depth.ln_per_unit)

    def ln_range(self, x: Array) -> Array:
        """Return ln(range in metres) of the network's x."""
        return np.asarray(np.log(self.depth.decode(x * np.float32(self.data_std))), np.float32)

    def _at(self, values: Array, pixels: NDArray[np.floating], frame: Frame) -> Array:
        """Return `values` (N,) or (N, C) of the query grid at pixels of the image, bilinearly."""
        grid = values.reshape(self.rows, self.cols, *values.shape[1:])
        return sampled(grid, pixels, frame.camera.width, frame.camera.height)


def middle(x: Array) -> Array:
    """Return the median (N,) of an ensemble's answers (S, N)."""
    return x[0] if len(x) == 1 else np.asarray(np.median(x, axis=0), np.float32)


def _shared(hints: Hints) -> Array | None:
    """Return `shared_ln` with a column for each source, (M, S); None if nothing is shared."""
    if not hints.shared_ln.any():
        return None
    own = hints.source[:, None] == np.arange(len(hints.sources))
    return np.asarray(hints.shared_ln[:, None] * own, np.float32)


def _fewer(hints: Hints, width: int) -> Hints:
    """Return the hints with at most MOST_LEVEL of those of sensors, which lie LEVEL in an image of this width."""
    others = hints.of(TRACKED, MAPPED, *OWN_SOURCES)
    if len(hints) - others.sum() <= MOST_LEVEL:
        return hints
    few = thinned(hints.chosen(~others), width, MOST_LEVEL)
    return replace(Hints.joined([few, hints.chosen(others)]) or few, unreached=hints.unreached)


def _independent(hints: Hints) -> Hints | None:
    """Return the hints of sensors without an error that all of them share; None if they are no more than AT_ONCE."""
    own = ~hints.of(*OWN_SOURCES) & (hints.shared_ln == 0.0)
    return hints.chosen(own) if own.sum() > AT_ONCE else None


def _measured(hints: Hints) -> Hints:
    """Return the hints that a sensor has measured, which those of the estimator's own sources are not."""
    own = hints.of(*OWN_SOURCES)
    return hints.chosen(~own) if own.any() else hints


def _wider(used: Hints, kind: str | None) -> float:
    """Return the factor on sigma beside hints of another kind than those that sigma was calibrated with."""
    if kind == CORNERS:
        return corners.WIDER
    return floor.WIDER if used.of(FLOOR).any() else 1.0


def _report(used: Hints, found: Posterior, residual_ln: Array) -> HintReport:
    measured, believed = ~used.of(*OWN_SOURCES), found.weight >= BELIEVED
    before, own_ln = residual_ln[measured & believed], residual_ln[measured]
    return HintReport(
        used=len(used),
        outliers=int((measured & ~believed).sum()),
        correction_ln=median(before),
        by_source={name: int((used.source == index).sum()) for index, name in enumerate(used.sources)},
        left_out_ln=median(np.abs(found.left_out_ln[measured])),
        apart_ln=median(np.abs(own_ln - median(own_ln))),
    )
