# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Graphs of an artifact in other precisions, which use the weights file of the fp32 graphs and are checked first."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from grin_ros.core.artifact.loading import Artifact, load_artifact
from grin_ros.core.artifact.manifest import GOLDEN_TOLERANCE_LN, graph_file
from grin_ros.core.backends.engine import Engine, EngineError
from grin_ros.core.backends.golden_check import GoldenReport
from grin_ros.core.backends.onnxruntime import OrtEngine
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.sampling.sampler import Tensor
from grin_ros.core.types import Frame
from grin_ros.lab.export.exporter import changing, checked, update_manifest
from grin_ros.lab.export.half import to_half
from grin_ros.lab.export.int8 import Feed, to_int8

GRAPHS_IN = {"fp16": ("encode", "denoise"), "bf16": ("encode", "denoise"), "int8": ("denoise",)}
"""The graphs that gain. `decode` has no products, and int8 convolutions are hardly faster on CPUs and less exact."""
CALIBRATION_STEPS = (1, 2, 4)
CHECKED_BY = {
    "fp16": "grin_ros.core.backends.onnxruntime:OrtEngine",
    "bf16": "grin_ros.core.backends.openvino.backend:OpenvinoEngine",  # ONNX Runtime has no bf16 products on the CPU
    "int8": "grin_ros.core.backends.onnxruntime:OrtEngine",
}


def add_precision(folder: Path, precision: str, frames: Iterable[Frame] = (), threads: int = 0) -> GoldenReport:
    """Add the graphs of `precision` to the artifact `folder`, or replace them, and return their errors of ln(range).

    The artifact changes as a whole or not at all. frames: for the calibration of int8. threads: for calibration and
    check; 0 lets the runtime choose. Raises ValueError for another precision and for int8 without frames, EngineError
    if the error on the golden sample is outside the tolerance of the precision.
    """
    if precision not in GRAPHS_IN:
        raise ValueError(f"precision: got '{precision}', expected one of {', '.join(GRAPHS_IN)}")
    folder = Path(folder).absolute()
    artifact = load_artifact(folder)
    graphs = GRAPHS_IN[precision]
    made = _int8(artifact, graphs, frames, threads) if precision == "int8" else _half(artifact, graphs, precision)
    manifest = artifact.manifest
    with changing(folder) as copy:
        for graph, proto in made:
            onnx.save(proto, copy / graph_file(graph, precision))
        update_manifest(
            copy,
            [graph_file(graph, precision) for graph in graphs],
            variants={**manifest.variants, precision: graphs},
            golden_tolerance_ln={**GOLDEN_TOLERANCE_LN, **manifest.golden_tolerance_ln},
        )
        engine = checking_engine(precision)(load_artifact(copy), threads)
        advice = "the artifact was not changed. Calibrate on frames like those of the robot, or use another precision"
        return checked(engine, precision, "fp32", advice)


def _half(artifact: Artifact, graphs: Iterable[str], precision: str) -> Iterator[tuple[str, onnx.ModelProto]]:
    for graph in graphs:
        yield graph, to_half(onnx.load(artifact.graph(graph), load_external_data=False), precision)


def _int8(
    artifact: Artifact, graphs: Iterable[str], frames: Iterable[Frame], threads: int
) -> Iterator[tuple[str, onnx.ModelProto]]:
    feeds = calibration_feeds(artifact, frames, threads)
    if not feeds["denoise"]:
        raise ValueError(
            "int8: got no frames for the calibration, expected 30 or more; give a folder of renders or recordings"
        )
    for graph in graphs:
        yield graph, to_int8(artifact.graph(graph), feeds[graph])


def calibration_feeds(artifact: Artifact, frames: Iterable[Frame], threads: int = 0) -> dict[str, list[Feed]]:
    """Return the inputs of each graph while `frames` are estimated in fp32 with one, two and four steps."""
    engine = _RecordingEngine(artifact, threads)
    for frame in frames:
        for steps in CALIBRATION_STEPS:
            Estimator(engine, Settings(steps=steps))(frame)
    engine.close()
    return engine.feeds


class _RecordingEngine(OrtEngine):
    """ONNX Runtime that records the inputs of every run."""

    def __init__(self, artifact: Artifact, threads: int) -> None:
        super().__init__(artifact, threads)
        self.feeds: dict[str, list[Feed]] = {graph: [] for graph in self._sessions}

    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        self.feeds[graph].append({name: np.array(self.to_host(value)) for name, value in inputs.items()})
        return super().run(graph, inputs)


def checking_engine(precision: str) -> type[Engine]:
    """Return the class of a CPU engine that computes the graphs of `precision` as they are."""
    module, name = CHECKED_BY[precision].split(":")
    try:
        base: type[Any] = getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise EngineError(
            f"{precision}: the check needs a runtime that is not installed ({error}); install it"
        ) from error
    return type(f"{precision.capitalize()}{name}", (base,), {"precision": precision, "graphs": precision})
