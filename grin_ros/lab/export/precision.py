# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin precision`: add graphs of other precisions to an artifact, and measure the loss of accuracy.

Only graphs are written, some 100 kB each: all precisions read the one file of weights of the artifact.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from tqdm import tqdm

from grin_ros.core.artifact.loading import Artifact, load_artifact
from grin_ros.core.backends.engine import Engine, EngineError
from grin_ros.core.backends.onnxruntime import OrtEngine
from grin_ros.core.command_line import DONE, CommandParser, one_line_errors, whole
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.types import Frame
from grin_ros.lab.datasets.renders import open_samples, render_samples
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.evaluation.run import evaluate
from grin_ros.lab.export.variants import GRAPHS_IN, add_precision, checking_engine

FIGURES = ("abs_rel", "abs_rel_aligned", "delta1", "coverage_1sigma")


def add(folder: Path, options: argparse.Namespace) -> None:
    """Add the graphs of the chosen precisions. Raises what `add_precision` raises."""
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
    """Return a Markdown table with a row for each domain and precision. Raises ValueError for an empty folder."""
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
    """Return a CPU engine of these graphs. fp16 rounds less there than on a GPU: part of it is computed in fp32."""
    return OrtEngine(artifact, threads) if precision == "fp32" else checking_engine(precision)(artifact, threads)


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin precision`."""
    made = CommandParser(
        "precision",
        "Add graphs of other precisions to an artifact, or compare the accuracy of those it has with fp32.",
        "grin precision runs/nano/artifact --precision fp16 bf16",
        "grin precision runs/nano/artifact --precision int8 --calibration data/held_out",
        "grin precision runs/nano/artifact --accuracy data/held_out data/real",
    )
    made.add_argument("artifact", type=Path, help="folder of an exported artifact")
    made.add_argument("--precision", nargs="+", choices=list(GRAPHS_IN), default=[], help="graphs to add")
    made.add_argument(
        "--calibration", type=Path, nargs="+", help="folders of renders from which int8 learns its ranges"
    )
    made.add_argument(
        "--accuracy", type=Path, nargs="+", default=[], help="folders of renders or measured depth to evaluate on"
    )
    made.add_argument("--frames", type=whole(1), default=32, help="of the calibration, and of each folder")
    made.add_argument("--steps", type=whole(1), default=2, help="denoising steps")
    made.add_argument("--members", type=whole(1), default=1, help="ensemble size")
    made.add_argument("--threads", type=whole(0), default=0, help="of the CPU engines; 0: the runtime chooses")
    return made


@one_line_errors("precision", EngineError)
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin precision`, and return its exit code."""
    made = parser()
    options = made.parse_args(argv)
    if not options.precision and not options.accuracy:
        made.error("nothing to do: give --precision, --accuracy, or both")
    add(options.artifact, options)
    if options.accuracy:
        print(accuracy(load_artifact(options.artifact), options))
    return DONE
