# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The judgement of a model on the robot's own later frames, at their labels, and on frames of the old domain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from grin_ros.core.estimator import Settings
from grin_ros.core.hints.sources import MAPPED, TRACKED
from grin_ros.core.inspection.metrics import Limits
from grin_ros.core.labels.folder import LabelFolder, LabelledFrame
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.evaluation.results import Evaluation
from grin_ros.lab.evaluation.run import evaluate

FAR_M = 100.0
SETTINGS = Settings(max_depth_m=FAR_M)
"""The settings that models are judged with: one step, one member, the camera alone."""


@dataclass(frozen=True)
class SiteFigures:
    """AbsRel, the share of pixels within a factor of 1.25, and the share of errors within one sigma, at the labels."""

    abs_rel: float
    delta1: float
    coverage_1sigma: float


def measured_sample(labelled: LabelledFrame) -> EvalSample | None:
    """Return a frame with its labels as measured depth along z; None if no label lies in the image.

    Beside those of a sensor, labels of motion are left out, because they are less exact.
    """
    camera = labelled.frame.camera
    depth_m = np.full((camera.height, camera.width), np.nan, np.float32)
    motion = [index for index, name in enumerate(labelled.labels.sources) if name in (TRACKED, MAPPED)]
    moved = np.isin(labelled.labels.source, motion)
    sensed = labelled if moved.all() else replace(labelled, labels=labelled.labels.chosen(~moved))
    v, u, labels = sensed.at_pixels()
    depth_m[v, u] = labels.range_m * camera.rays()[v, u, 2]
    if not Limits().inside(depth_m).any():
        return None
    return EvalSample(labelled.name, labelled.recording, "site", labelled.frame, depth_m)


def site_samples(frames: LabelFolder, chosen: Sequence[int]) -> Iterator[EvalSample]:
    """Yield the chosen frames with their labels as measured depth."""
    for index in chosen:
        sample = measured_sample(frames[index])
        if sample is not None:
            yield sample


def judge_site(samples: Iterable[EvalSample], estimate: Callable[[Frame], DepthEstimate]) -> SiteFigures:
    """Return the figures on the robot's frames: means over its recordings. Raises ValueError for no frames."""
    figures = evaluate(samples, estimate).domain("site")
    return SiteFigures(figures["abs_rel"], figures["delta1"], figures["coverage_1sigma"])


def judge_old(samples: Iterable[EvalSample], estimate: Callable[[Frame], DepthEstimate]) -> float:
    """Return AbsRel on the old domain: the mean over its domains, and in each over its scenes."""
    return old_abs_rel(evaluate(samples, estimate))


def old_abs_rel(found: Evaluation) -> float:
    """Return the mean of AbsRel over the domains, and in each over its scenes."""
    return float(np.mean([found.domain(name)["abs_rel"] for name in found.domain_names]))


@dataclass(frozen=True)
class Forgotten:
    """share: of AbsRel on the old domain by which it rose. error: one standard error of the share, from how much the
    scenes differ in it; a domain of a single scene counts as exact."""

    share: float
    error: float


def forgotten(before: Evaluation, after: Evaluation) -> Forgotten:
    """Compare two evaluations of the same frames."""
    means: list[float] = []
    variances: list[float] = []
    for domain in before.domain_names:
        rises = [
            after.scene(domain, scene)["abs_rel"] - before.scene(domain, scene)["abs_rel"]
            for scene in before.scene_names(domain)
        ]
        means.append(float(np.mean(rises)))
        variances.append(float(np.var(rises, ddof=1)) / len(rises) if len(rises) > 1 else 0.0)
    whole = old_abs_rel(before)
    return Forgotten(float(np.mean(means)) / whole, float(np.sqrt(np.sum(variances))) / len(means) / whole)
