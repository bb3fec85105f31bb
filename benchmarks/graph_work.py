# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Count the work of a frame from the graphs as they run: operations and bytes by graph and by operator.

    python benchmarks/graph_work.py                               nano, 640x480, 1 and 4 members
    python benchmarks/graph_work.py --width 1280 --height 720 --operators

One run of each graph in ONNX Runtime gives the shapes of every operator, without the fusions that would hide products.
GFLOP counts two operations for each multiplication of matrix products and convolutions. Weights are read once a run.
Traffic is what all operators read and write, cached or not. Border is the inputs and outputs of the graph, which a
perfectly fused graph would still move.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from grin_ros.core.artifact.loading import Artifact, load_artifact

PRODUCTS = ("MatMul", "Gemm", "FusedMatMul", "Conv")


@dataclass(frozen=True)
class Operator:
    """One operator of a run. flop: of products and convolutions only. bytes: read and written, without the weights."""

    kind: str
    flop: float
    bytes: float
    weight_bytes: float


@dataclass(frozen=True)
class GraphWork:
    """The work of one graph. border_bytes: the size of its inputs and outputs."""

    operators: tuple[Operator, ...]
    border_bytes: float

    def total(self, field: str) -> float:
        """Return the sum of a field over all operators."""
        return float(sum(getattr(operator, field) for operator in self.operators))


def graph_work(artifact: Artifact, graph: str, sizes: Mapping[str, int], precision: str = "fp32") -> GraphWork:
    """Run a graph once and return the work of its operators.

    sizes: the free sizes of its inputs (members, queries, height, width). Raises ArtifactError for a precision that the
    artifact does not have.
    """
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        options.log_severity_level = 3
        options.add_session_config_entry("session.disable_prepacking", "1")  # the shape of packed weights is not known
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        path = str(artifact.graph(graph, precision))
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        feeds = {}
        for value in session.get_inputs():
            shape = [sizes[size] if isinstance(size, str) else size for size in value.shape]
            feeds[value.name] = np.ones(shape, np.uint8 if "uint8" in value.type else np.float32)
        outputs = session.run(None, feeds)
        events = json.loads(Path(session.end_profiling()).read_text())
    border = sum(array.nbytes for array in (*feeds.values(), *outputs))
    return GraphWork(tuple(_operators(events)), float(border))


def _operators(events: Sequence[Mapping[str, Any]]) -> Iterator[Operator]:
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            told = event["args"]
            moved = float(told["activation_size"]) + float(told["output_size"])
            yield Operator(told["op_name"], _flop(told), moved, float(told["parameter_size"]))


def _flop(told: Mapping[str, Any]) -> float:
    if told["op_name"] not in PRODUCTS:
        return 0.0
    (_, second, *_), (result, *_) = (
        [next(iter(shape.values())) for shape in told[key]] for key in ("input_type_shape", "output_type_shape")
    )
    if told["op_name"] == "Conv":
        return float(2.0 * math.prod(result) * math.prod(second[1:]))
    # The second factor may be transposed: one of its sides has the columns of the result, and the other is summed over.
    columns = result[-1]
    inner = second[-2] if second[-1] == columns else second[-1]
    return float(2.0 * math.prod(result) * inner)


def table(artifact: Artifact, options: argparse.Namespace) -> str:
    """Return the counts as a Markdown table."""
    network = artifact.manifest.network
    sizes = {"queries": network.grid_rows * network.grid_cols, "width": options.width, "height": options.height}
    what = f"{artifact.manifest.name} {options.precision}, {options.width}x{options.height}"
    lines = [
        f"{what}, {sizes['queries']} queried pixels",
        "",
        "| graph | GFLOP | weights (MB) | traffic (MB) | border (MB) | operators |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for graph, members in [("encode", 1), *(("denoise", m) for m in options.members), ("decode", options.members[-1])]:
        counted = graph_work(artifact, graph, {**sizes, "members": members}, options.precision)
        name = graph if graph == "encode" else f"{graph}, {members} members"
        flop, weights, moved = (counted.total(field) for field in ("flop", "weight_bytes", "bytes"))
        lines.append(
            f"| {name} | {flop / 1e9:.2f} | {weights / 1e6:.1f} | {moved / 1e6:.1f} | {counted.border_bytes / 1e6:.1f} "
            f"| {len(counted.operators)} |"
        )
        if options.operators:
            kinds = Counter[str]()
            for operator in counted.operators:
                kinds[operator.kind] += int(operator.bytes)
            lines += [f"|   {kind} | | | {size / 1e6:.1f} | | |" for kind, size in kinds.most_common(8)]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--model", default="nano", help="name of a shipped model, or path of an artifact (nano)")
    parse.add_argument(
        "--precision", default="fp32", help="precision of the graphs: fp32, or int8 if the artifact has it (fp32)"
    )
    parse.add_argument("--width", type=int, default=640)
    parse.add_argument("--height", type=int, default=480)
    parse.add_argument("--members", type=int, nargs="+", default=[1, 4])
    parse.add_argument("--operators", action="store_true", help="list the operators that move the most bytes, too")
    options = parse.parse_args(argv)
    print(table(load_artifact(options.model), options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
