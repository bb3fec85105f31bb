#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Give an artifact graphs in other precisions, and say what they cost in accuracy.

    python export/precision.py runs/nano/artifact --precision fp16 bf16
    python export/precision.py runs/nano/artifact --precision int8 --calibration data/held_out
    python export/precision.py runs/nano/artifact --accuracy data/held_out data/real

Graphs only are written, some 100 kB each: all precisions read the artifact's one weights file. --accuracy evaluates
every precision that the artifact has, fp32 first, on renders or on a folder with measured depth.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from tqdm import tqdm

from grin_ros.core.artifact.loading import Artifact, load_artifact
from grin_ros.core.artifact.manifest import ArtifactError
from grin_ros.core.backends.engine import Engine, EngineError
from grin_ros.core.backends.onnxruntime import OrtEngine
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.types import Frame
from grin_ros.lab.datasets.renders import open_samples, render_samples
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.evaluation.run import evaluate
from grin_ros.lab.export.variants import GRAPHS_IN, add_precision, checking_engine

FIGURES = ("abs_rel", "abs_rel_aligned", "delta1", "coverage_1sigma")


def add(folder: Path, options: argparse.Namespace) -> None:
    """Raises what `add_precision` raises."""
    for precision in options.precision:
        frames: Iterable[Frame] = ()
        if precision == "int8" and options.calibration:
            samples = render_samples(ShardDataset(options.calibration), options.frames)
            frames = (sample.frame for sample in tqdm(samples, "calibration", options.frames, unit="frame"))
        report = add_precision(folder, precision, frames, options.threads)
        kilobytes = sum(load_artifact(folder).graph(g, precision).stat().st_size for g in GRAPHS_IN[precision]) / 1e3
        print(
            f"{precision}: {', '.join(GRAPHS_IN[precision])}, {kilobytes:.0f} kB; golden sample, ln(range): max error "
            f"{report.max_error_ln:.2g}, mean {report.mean_error_ln:.2g}, accepted {report.tolerance_ln:.2g}"
        )


def accuracy(artifact: Artifact, options: argparse.Namespace) -> str:
    """Markdown: a row for each domain and precision. Raises ValueError for a folder that holds no samples."""
    settings = Settings(steps=options.steps, members=options.members)
    what = f"{artifact.manifest.name} {artifact.digest}, {settings.steps} steps, {settings.members} members"
    lines = [
        f"{what}, up to {options.frames} frames a folder",
        "",
        "| data | precision | AbsRel | over fp32 | AbsRel after median scaling | delta < 1.25 | within 1 sigma |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for folder in options.accuracy:
        samples = open_samples([str(folder)], frames=options.frames)
        plain: dict[str, float] = {}
        for precision in ("fp32", *artifact.manifest.variants):
            engine = opened(artifact, precision, options.threads)
            result = evaluate(samples, Estimator(engine, settings), progress=f"{folder.name} {precision}")
            engine.close()
            for domain in result.domain_names:
                figures = result.domain(domain)
                abs_rel, *others = (figures[name] for name in FIGURES)
                over = abs_rel / plain.setdefault(domain, abs_rel) - 1.0
                values = f"{abs_rel:.4f} | {over:+.1%} | " + " | ".join(f"{value:.3f}" for value in others)
                lines.append(f"| {domain} | {precision} | {values} |")
    return "\n".join(lines)


def opened(artifact: Artifact, precision: str, threads: int) -> Engine:
    """A CPU engine of these graphs. fp16 rounds less there than on a GPU: the CPU computes part of it in fp32."""
    return OrtEngine(artifact, threads) if precision == "fp32" else checking_engine(precision)(artifact, threads)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artifact", type=Path, help="folder of an exported artifact")
    parser.add_argument("--precision", nargs="+", choices=list(GRAPHS_IN), default=[], help="graphs to make")
    parser.add_argument("--calibration", type=Path, nargs="+", help="renders that int8 learns its ranges from")
    parser.add_argument("--accuracy", type=Path, nargs="+", default=[], help="folders to evaluate all precisions on")
    parser.add_argument("--frames", type=int, default=32, help="of the calibration, and of each folder (32)")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--members", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0, help="of the CPU engines; 0: the runtime chooses (0)")
    options = parser.parse_args()
    if not options.precision and not options.accuracy:
        parser.error("nothing to do: give --precision, --accuracy, or both")
    try:
        add(options.artifact, options)
        if options.accuracy:
            print(accuracy(load_artifact(options.artifact), options))
    except (ArtifactError, EngineError, ValueError) as error:
        print(f"precision: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
