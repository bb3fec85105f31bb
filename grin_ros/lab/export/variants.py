# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""An artifact's graphs in other precisions, beside the fp32 ones, on the same weights file; checked, then listed."""

from __future__ import annotations

import dataclasses
import importlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from grin_ros.core.artifact.files import file_sha256
from grin_ros.core.artifact.loading import Artifact, load_artifact
from grin_ros.core.artifact.manifest import GOLDEN_TOLERANCE_LN, graph_file, write_manifest
from grin_ros.core.backends.engine import Engine, EngineError
from grin_ros.core.backends.golden_check import GoldenReport
from grin_ros.core.backends.onnxruntime import OrtEngine
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.sampling.sampler import Tensor
from grin_ros.core.types import Frame
from grin_ros.lab.export.exporter import checked, publish
from grin_ros.lab.export.half import to_half
from grin_ros.lab.export.int8 import Feed, to_int8

GRAPHS_IN = {"fp16": ("encode", "denoise"), "bf16": ("encode", "denoise"), "int8": ("denoise",)}
"""Where it pays. `decode` has no products; on CPUs int8 convolutions are hardly faster, and cost accuracy."""
CALIBRATION_STEPS = (1, 2, 4)
CHECKED_BY = {
    "fp16": "grin_ros.core.backends.onnxruntime:OrtEngine",
    "bf16": "grin_ros.core.backends.openvino.backend:OpenvinoEngine",  # ONNX Runtime has no bf16 products on the CPU
    "int8": "grin_ros.core.backends.onnxruntime:OrtEngine",
}


def add_precision(folder: Path, precision: str, frames: Iterable[Frame] = (), threads: int = 0) -> GoldenReport:
    """Put the graphs of `precision` into the artifact `folder`, whole or not at all; those that are there are replaced.

    frames: to calibrate int8 on. threads: of the engines that calibrate and check; 0 lets the runtime choose. Returns
    the errors of ln(range) on the golden sample. Raises ValueError for another precision and for int8 without frames,
    EngineError where the answer is outside the precision's tolerance.
    """
    if precision not in GRAPHS_IN:
        raise ValueError(f"precision: got '{precision}', expected one of {', '.join(GRAPHS_IN)}")
    folder = Path(folder).absolute()
    artifact = load_artifact(folder)
    graphs = GRAPHS_IN[precision]
    made = _int8(artifact, graphs, frames, threads) if precision == "int8" else _half(artifact, graphs, precision)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
        copy = Path(temporary, folder.name)
        shutil.copytree(folder, copy)
        for graph, proto in made:
            onnx.save(proto, copy / graph_file(graph, precision))
        manifest = artifact.manifest
        new = {file: file_sha256(copy / file) for file in (graph_file(graph, precision) for graph in graphs)}
        write_manifest(
            copy,
            dataclasses.replace(
                manifest,
                variants={**manifest.variants, precision: graphs},
                sha256={**manifest.sha256, **new},
                golden_tolerance_ln={**GOLDEN_TOLERANCE_LN, **manifest.golden_tolerance_ln},
            ),
        )
        engine = checking_engine(precision)(load_artifact(copy), threads)
        advice = "the artifact stays as it was. Calibrate on frames like the robot's, or stay with another precision"
        report = checked(engine, precision, "fp32", advice)
        publish(copy, folder)
    return report


def _half(artifact: Artifact, graphs: Iterable[str], precision: str) -> Iterator[tuple[str, onnx.ModelProto]]:
    for graph in graphs:
        yield graph, to_half(onnx.load(artifact.graph(graph), load_external_data=False), precision)


def _int8(
    artifact: Artifact, graphs: Iterable[str], frames: Iterable[Frame], threads: int
) -> Iterator[tuple[str, onnx.ModelProto]]:
    feeds = calibration_feeds(artifact, frames, threads)
    if not feeds["denoise"]:
        raise ValueError("int8: got no frames to calibrate on, expected some tens; give renders or recordings")
    for graph in graphs:
        yield graph, to_int8(artifact.graph(graph), feeds[graph])


def calibration_feeds(artifact: Artifact, frames: Iterable[Frame], threads: int = 0) -> dict[str, list[Feed]]:
    """What each graph reads while `frames` are estimated in fp32, in one to four steps: all noise levels that count."""
    engine = _Listening(artifact, threads)
    for frame in frames:
        for steps in CALIBRATION_STEPS:
            Estimator(engine, Settings(steps=steps))(frame)
    engine.close()
    return engine.heard


class _Listening(OrtEngine):
    """ONNX Runtime that keeps the inputs of every run."""

    def __init__(self, artifact: Artifact, threads: int) -> None:
        super().__init__(artifact, threads)
        self.heard: dict[str, list[Feed]] = {graph: [] for graph in self._sessions}

    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        self.heard[graph].append({name: np.array(self.to_host(value)) for name, value in inputs.items()})
        return super().run(graph, inputs)


def checking_engine(precision: str) -> type[Engine]:
    """A CPU engine that computes what the graphs of `precision` say."""
    module, name = CHECKED_BY[precision].split(":")
    try:
        base: type[Any] = getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise EngineError(f"{precision}: its check needs a runtime that is not here ({error}); install it") from error
    return type(f"{precision.capitalize()}{name}", (base,), {"precision": precision, "graphs": precision})
