# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Evaluation along a sequence: the camera alone, with one factor of scale, and with the hints of its motion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from grin_ros.core.estimator import Estimator
from grin_ros.core.inspection.metrics import LIMITS, Limits
from grin_ros.core.motion.motion import Motion, MotionReport
from grin_ros.core.types import DepthEstimate, Frame, Hints
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.datasets.sequences import Sequence
from grin_ros.lab.evaluation.hinted import BASELINES
from grin_ros.lab.evaluation.results import Evaluation, FrameResult
from grin_ros.lab.evaluation.run import has_depth, judged

ALONE, SCALE, MOTION = "alone", "scale", "motion"
WORSE = 1.05
"""A frame counts as worse than the camera alone if its AbsRel is larger by this factor."""


@dataclass(frozen=True)
class MeasuredHints:
    """The hints of one frame: their number, and the relative errors |hint - truth| / truth where depth was measured."""

    count: int
    errors: NDArray[np.float64]


@dataclass(frozen=True)
class SequenceResult:
    """The results along a sequence, for the images with measured depth. All tuples are of one length.

    evaluations: by ALONE, SCALE and MOTION. hints and reports: of each of these images.
    """

    evaluations: dict[str, Evaluation]
    hints: tuple[MeasuredHints, ...]
    reports: tuple[MotionReport, ...]

    @property
    def worse(self) -> int:
        """The number of frames that are worse with motion than without it, by more than 5 %."""
        return sum(m > WORSE * a for a, m in zip(self.abs_rel(ALONE), self.abs_rel(MOTION), strict=True))

    def abs_rel(self, name: str) -> list[float]:
        """Return AbsRel by frame."""
        return [frame.metrics.abs_rel for frame in self.evaluations[name].frames]

    def to_json(self) -> dict[str, Any]:
        """Return {"alone", "scale", "motion": figures, "hints": {"per_frame", "median_error"}, "worse_than_alone",
        "frames"}. An undefined figure is NaN."""
        frames = [
            {"name": frame.name, **{name: self.abs_rel(name)[i] for name in self.evaluations},
             "hints": found.count, "hint_error": _median(found.errors), "baseline_m": report.baseline_m,
             "problem": report.problem}
            for i, (frame, found, report) in enumerate(
                zip(self.evaluations[ALONE].frames, self.hints, self.reports, strict=True)
            )
        ]  # fmt: skip
        return {
            **{name: made.to_json()["domains"][made.domain_names[0]] for name, made in self.evaluations.items()},
            "hints": {
                "per_frame": float(np.mean([found.count for found in self.hints])),
                "median_error": _median(np.concatenate([found.errors for found in self.hints])),
            },
            "worse_than_alone": self.worse,
            "frames": frames,
        }


def evaluate_sequence(
    sequence: Sequence,
    estimator: Estimator,
    *,
    limits: Limits = LIMITS,
    progress: bool = False,
) -> SequenceResult:
    """Track every image of the sequence, and evaluate those with measured depth.

    Raises ValueError if no image has measured depth within the limits.
    """
    motion = Motion()
    frames: dict[str, list[FrameResult]] = {ALONE: [], SCALE: [], MOTION: []}
    hints: list[MeasuredHints] = []
    reports: list[MotionReport] = []
    for item in tqdm(sequence, desc=sequence.name, unit="image", disable=not progress):
        image, depth_m = item.read_image(), item.read_depth(sequence.camera)
        motion.track(image, sequence.camera, item.stamp_ns, item.pose)
        found = motion.hints()
        if depth_m is None:
            continue
        sample = EvalSample(item.name, sequence.name, "sequence", Frame(image, sequence.camera, item.stamp_ns), depth_m)
        if not has_depth(sample, limits):
            continue
        estimates = _estimates(estimator, sample.frame, found)
        motion.observe(estimates[MOTION])
        for name, estimate in estimates.items():
            frames[name].append(judged(sample, estimate, limits))
        hints.append(_measured(found, sample))
        reports.append(motion.report)
    if not hints:
        raise ValueError(f"{sequence.name}: no image has measured depth; add depth/NAME.png for some of them")
    evaluations = {name: Evaluation(tuple(made)) for name, made in frames.items()}
    return SequenceResult(evaluations, tuple(hints), tuple(reports))


def _estimates(estimator: Estimator, frame: Frame, hints: Hints | None) -> dict[str, DepthEstimate]:
    alone = estimator(frame)
    if hints is None:
        return {ALONE: alone, SCALE: alone, MOTION: alone}
    scaled_m = BASELINES["scale"](alone.depth_m, frame, hints)
    scaled = replace(alone, depth_m=scaled_m, sigma_m=alone.sigma_m / alone.depth_m * scaled_m)
    return {ALONE: alone, SCALE: scaled, MOTION: estimator(frame, hints=hints)}


def _measured(hints: Hints | None, sample: EvalSample) -> MeasuredHints:
    if hints is None:
        return MeasuredHints(0, np.zeros(0))
    height, width = sample.depth_m.shape
    v, u = hints.nearest(width, height)
    truth_m = sample.depth_m[v, u].astype(np.float64)
    known = np.isfinite(truth_m)
    hint_m = hints.range_m * sample.frame.camera.rays()[v, u, 2]
    return MeasuredHints(len(hints), np.abs(hint_m[known] / truth_m[known] - 1.0))


def _median(values: NDArray[np.float64]) -> float:
    return float(np.median(values)) if len(values) else float("nan")
