# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Evaluation of a method on samples. A method is any function from Frame to DepthEstimate, for instance a deployed
artifact, a checkpoint or a baseline."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from tqdm import tqdm

from grin_ros.core.inspection.metrics import LIMITS, Limits, measure
from grin_ros.core.types import DepthEstimate
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.evaluation.baselines import Baselines, ConstantSearch, constant
from grin_ros.lab.evaluation.results import Estimate, Evaluation, FrameResult

logger = logging.getLogger(__name__)

Name = TypeVar("Name")
OnFrame = Callable[[EvalSample, DepthEstimate, FrameResult], None]


def evaluate(
    samples: Iterable[EvalSample],
    estimate: Estimate,
    *,
    limits: Limits = LIMITS,
    on_frame: OnFrame | None = None,
    progress: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Evaluation:
    """Run `estimate` on every sample and return the results.

    on_frame: called after each frame, for instance `EvaluationReport.add`. progress: the title of a progress bar, or
    None for no bar. settings: a description of the method, which the result keeps. A sample without measured depth
    within the limits is left out, and the log names it. Raises ValueError if no sample is left, and what `estimate`
    raises.
    """
    found = evaluate_all(samples, lambda _: {"": estimate}, limits, progress=progress, on_frame=on_frame)
    return replace(found[""], settings=settings or {})


def evaluate_all(
    samples: Iterable[EvalSample],
    methods: Callable[[EvalSample], Mapping[Name, Estimate]],
    limits: Limits,
    *,
    progress: str | None = None,
    on_frame: OnFrame | None = None,
    quiet: bool = False,
) -> dict[Name, Evaluation]:
    """Run several methods on every sample in one pass, and return their results by name.

    methods: gives the methods of a sample, by name. quiet: the log does not name samples that are left out, because
    another pass has done so. The other arguments and the errors are those of `evaluate`.
    """
    results: dict[Name, list[FrameResult]] = {}
    left_out = 0
    for sample in tqdm(samples, desc=progress, unit="frame", disable=progress is None):
        if not has_depth(sample, limits, quiet=quiet):
            left_out += 1
            continue
        for name, estimate in methods(sample).items():
            got = estimate(sample.frame)
            result = judged(sample, got, limits)
            results.setdefault(name, []).append(result)
            if on_frame:
                on_frame(sample, got, result)
    if left_out and not results:
        raise ValueError(
            f"evaluation: no depth measured within {limits.min_depth_m:g} to {limits.max_depth_m:g} m in any of "
            f"{left_out} samples; widen the limits (--max-depth), or check depth_scale in the index of the data set"
        )
    if not results:
        raise ValueError(
            "evaluation: got no samples, expected at least one; check --domain and the index of the data set"
        )
    return {name: Evaluation(tuple(frames)) for name, frames in results.items()}


def judged(sample: EvalSample, got: DepthEstimate, limits: Limits) -> FrameResult:
    """Return the result of an estimate on its sample. Raises ValueError with the name of the sample."""
    try:
        metrics, curves = measure(got.depth_m, got.sigma_m, sample.depth_m, limits, sky=sample.sky, exact=sample.exact)
    except ValueError as error:
        raise ValueError(f"sample '{sample.name}': {error}") from error
    if metrics.missing == 1.0:
        logger.warning("sample '%s' has no depth on any measured pixel; it counts only in 'missing'", sample.name)
    return FrameResult(sample.name, sample.scene, sample.domain, metrics, curves)


def has_depth(sample: EvalSample, limits: Limits, *, quiet: bool = False) -> bool:
    """Return True if depth was measured within the limits. Otherwise the sample is left out.

    The log then names the sample, unless `quiet`.
    """
    known = bool(limits.inside(sample.depth_m).any())
    if not known and not quiet:
        logger.warning(
            "sample '%s' is left out, because no depth was measured within %g to %g m",
            sample.name,
            limits.min_depth_m,
            limits.max_depth_m,
        )
    return known


def evaluate_baselines(
    samples: Iterable[EvalSample],
    baselines: Baselines,
    *,
    limits: Limits = LIMITS,
    progress: str | None = None,
) -> dict[str, Evaluation]:
    """Evaluate the baselines on the same samples, which are iterated twice, and return the results by name.

    Samples without measured depth within the limits are left out, and the log does not name them, because that of
    `evaluate` has done so.
    """
    search = ConstantSearch()

    def methods(sample: EvalSample) -> dict[str, Estimate]:
        search.add(sample.domain, sample.scene, sample.depth_m[limits.inside(sample.depth_m)])
        return baselines.estimates()

    results = evaluate_all(samples, methods, limits, progress=progress, quiet=True)
    best_m = {domain: search.best_m(domain) for domain in results["constant"].domain_names}
    oracle = evaluate_all(samples, lambda s: {"constant_oracle": constant(best_m[s.domain])}, limits, quiet=True)
    return results | {name: replace(e, settings={"constant_m": best_m}) for name, e in oracle.items()}
