# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin evaluate DIR`: a model against measured depth, and against methods that look at no image.

`evaluate` is the core and takes any function from Frame to DepthEstimate: a deployed artifact, a checkpoint in
training, a baseline.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from grin_ros.artifact import ArtifactError, load_artifact
from grin_ros.data.frames import DepthEstimate, Frame
from grin_ros.engine.base import ENGINES, EngineError, open_engine
from grin_ros.estimator import Estimator, Settings
from grin_ros.evaluation.baselines import Baselines, ConstantSearch, constant
from grin_ros.evaluation.dataset import EvalDataset, EvalSample
from grin_ros.evaluation.metrics import Limits, measure
from grin_ros.evaluation.report import Report
from grin_ros.evaluation.results import Evaluation, FrameResult
from grin_ros.evaluation.table import LEGEND, table

logger = logging.getLogger(__name__)

Estimate = Callable[[Frame], DepthEstimate]
OnFrame = Callable[[EvalSample, DepthEstimate, FrameResult], None]


def evaluate(
    samples: Iterable[EvalSample],
    estimate: Estimate,
    *,
    limits: Limits | None = None,
    on_frame: OnFrame | None = None,
    progress: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Evaluation:
    """Run `estimate` on every sample and measure it.

    on_frame: called after each frame, for instance `Report.add`. progress: the title of a progress bar; None: no bar.
    settings: kept in the result. Raises ValueError for no samples and for a sample without measured depth within the
    limits, and what `estimate` raises.
    """
    limits = limits or Limits()
    results: list[FrameResult] = []
    for sample in tqdm(samples, desc=progress, unit="frame", disable=progress is None):
        got = estimate(sample.frame)
        try:
            metrics, curves = measure(got.depth_m, got.sigma_m, sample.depth_m, limits)
        except ValueError as error:
            raise ValueError(f"sample '{sample.name}': {error}") from error
        if metrics.missing == 1.0:
            logger.warning("sample '%s': no depth on any measured pixel; it counts in 'missing' only", sample.name)
        results.append(FrameResult(sample.name, sample.scene, sample.domain, metrics, curves))
        if on_frame:
            on_frame(sample, got, results[-1])
    if not results:
        raise ValueError("evaluation: got no samples, expected at least one; check --domain and the data set's index")
    return Evaluation(tuple(results), settings=settings or {})


def evaluate_baselines(
    samples: Sequence[EvalSample] | EvalDataset,
    baselines: Baselines,
    *,
    limits: Limits | None = None,
    progress: str | None = None,
) -> dict[str, Evaluation]:
    """The trivial methods of `baselines.py` on the same samples (read twice), by name."""
    limits = limits or Limits()
    search = ConstantSearch()

    def methods(sample: EvalSample) -> dict[str, Estimate]:
        search.add(sample.domain, sample.scene, sample.depth_m[limits.inside(sample.depth_m)])
        return baselines.estimates()

    results = _evaluate_all(samples, methods, limits, progress)
    best_m = {domain: search.best_m(domain) for domain in results["constant"].domain_names}
    oracle = _evaluate_all(samples, lambda s: {"constant_oracle": constant(best_m[s.domain])}, limits, None)
    return results | {name: replace(e, settings={"constant_m": best_m}) for name, e in oracle.items()}


def _evaluate_all(
    samples: Iterable[EvalSample],
    methods: Callable[[EvalSample], Mapping[str, Estimate]],
    limits: Limits,
    progress: str | None,
) -> dict[str, Evaluation]:
    """Several methods in one pass over the samples."""
    results: dict[str, list[FrameResult]] = {}
    for sample in tqdm(samples, desc=progress, unit="frame", disable=progress is None):
        for name, estimate in methods(sample).items():
            one = evaluate([sample], estimate, limits=limits)
            results.setdefault(name, []).extend(one.frames)
    return {name: Evaluation(tuple(frames)) for name, frames in results.items()}


def parser() -> argparse.ArgumentParser:
    defaults = Settings()
    parse = argparse.ArgumentParser(
        prog="grin evaluate",
        description="Evaluate a model on measured depth, against trivial baselines.",
        epilog=LEGEND,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parse.add_argument("folder", metavar="DIR", help="data set: a folder with index.json (format 1)")
    parse.add_argument("--domain", metavar="NAME", help="only this domain, for instance indoor")
    parse.add_argument("--model", default="nano", metavar="NAME",
                       help="shipped model, or folder of an artifact (default: nano)")  # fmt: skip
    parse.add_argument("--backend", default="ort", metavar="NAME", help=f"one of {', '.join(ENGINES)} (default: ort)")
    parse.add_argument("--threads", type=int, default=0, metavar="N", help="CPU threads (default: the runtime chooses)")
    parse.add_argument("--steps", type=int, default=defaults.steps, help="DDIM steps (default: %(default)s)")
    parse.add_argument("--members", type=int, default=defaults.members, help="ensemble size (default: %(default)s)")
    parse.add_argument("--seed", type=int, default=defaults.seed, help="of the noise (default: %(default)s)")
    parse.add_argument("--max-depth", type=float, default=defaults.max_depth_m, metavar="M",
                       help="measured depth beyond is not counted, metres (default: %(default)s)")  # fmt: skip
    parse.add_argument("--every", type=int, default=1, metavar="K", help="only every K-th frame")
    parse.add_argument("--limit", type=int, metavar="N", help="only the first N frames of these")
    parse.add_argument("--report", metavar="OUT", help="folder for the picture report")
    parse.add_argument("--json", metavar="FILE", help="file for all figures")
    return parse


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0, or 2 with the reason on stderr."""
    args = parser().parse_args(argv)
    try:
        # No limits on the estimate but the network's own: a depth made +inf or NaN would leave the figures.
        settings = Settings(args.steps, args.members, args.seed, min_depth_m=1e-3, max_depth_m=1e4)
        limits = Limits(max_depth_m=args.max_depth)
        samples = EvalDataset.open(args.folder).select(args.domain, args.every, args.limit)
        baselines = Baselines.load()
        report = Report(args.report) if args.report else None
        artifact = load_artifact(args.model)
        engine = open_engine(args.backend, artifact, args.threads)
        try:
            evaluation = evaluate(
                samples,
                Estimator(engine, settings),
                limits=limits,
                on_frame=report.add if report else None,
                progress=artifact.manifest.name,
                settings={
                    "model": artifact.manifest.name, "artifact": artifact.digest, "backend": args.backend,
                    "engine": engine.description, "steps": settings.steps, "members": settings.members,
                    "seed": settings.seed, "min_depth_m": limits.min_depth_m, "max_depth_m": limits.max_depth_m,
                },
            )  # fmt: skip
        finally:
            engine.close()
        evaluation = replace(
            evaluation, baselines=evaluate_baselines(samples, baselines, limits=limits, progress="baselines")
        )
        print(table(evaluation, artifact.manifest.name), LEGEND, sep="\n\n")
        if args.json:
            Path(args.json).write_text(json.dumps(evaluation.to_json(), indent=1) + "\n", encoding="utf-8")
            print(f"\nfigures: {args.json}")
        if report:
            print(f"\nreport: {report.write(evaluation, artifact.manifest.name)}")
    except (ValueError, OSError, EngineError, ArtifactError) as error:
        print(f"grin evaluate: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
