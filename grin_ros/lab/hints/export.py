# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Export of a hint network into an artifact: its graph, its weights, and what it answers to the golden sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from grin_ros.core.artifact.loading import Artifact, load_artifact
from grin_ros.core.artifact.manifest import GOLDEN, HINT_WEIGHTS, HINTS, HintModel, graph_file
from grin_ros.core.backends.engine import OF_CAMERA, Engine
from grin_ros.core.backends.golden_check import GoldenReport
from grin_ros.core.backends.onnxruntime import OrtEngine
from grin_ros.lab.export.exporter import changing, checked, update_manifest
from grin_ros.lab.export.graphs import Shape, export_module, tensor_list
from grin_ros.lab.network.checkpoint import load_weights, write_tensors
from grin_ros.lab.network.hints import HintNetwork


def add_hint_network(folder: Path, network: HintNetwork, hints: HintModel) -> GoldenReport:
    """Add a hint network to the artifact `folder`, or replace it, and return the errors on the golden sample.

    hints: its entry in the manifest. The artifact changes as a whole or not at all; the files of the model itself stay
    as they are. Raises EngineError if ONNX Runtime differs from torch.
    """
    folder = Path(folder).absolute()
    artifact = load_artifact(folder)
    with changing(folder) as copy:
        stored = {name: tensor.detach().half().contiguous() for name, tensor in network.state_dict().items()}
        write_tensors(copy / HINT_WEIGHTS, stored)
        rounded = HintNetwork.of(load_weights(copy / HINT_WEIGHTS), network.rows, network.cols).eval()
        file = graph_file(HINTS, "fp32")
        proto = export_module(rounded, "forward", signature(artifact), ("features",), copy / file, HINT_WEIGHTS)
        with np.load(folder / GOLDEN, allow_pickle=False) as golden:
            given: dict[str, Any] = {name: golden[name] for name in golden.files if not name.startswith("hints_")}
        given |= _golden(artifact, rounded, given)
        np.savez_compressed(copy / GOLDEN, **given)
        tensors = {"inputs": tensor_list(proto.graph.input), "outputs": tensor_list(proto.graph.output)}
        update_manifest(
            copy, (file, HINT_WEIGHTS, GOLDEN), tensors={**artifact.manifest.tensors, HINTS: tensors}, hints=hints
        )
        advice = "the artifact was not changed. Use the torch and onnxruntime releases of setup.py"
        return checked(OrtEngine(load_artifact(copy)), HINTS, "torch", advice)


def signature(artifact: Artifact) -> dict[str, Shape]:
    """Return the inputs of the graph. The number of hints is none of them: the process takes any."""
    network = artifact.manifest.network
    cells = network.grid_rows * network.grid_cols
    width = int(artifact.manifest.model["token_dim"])
    return {"local_tokens": (1, cells, width), "x": (1, cells), "log_variance": (1, cells)}


def _golden(artifact: Artifact, network: HintNetwork, golden: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return inputs and answer of the network for the golden sample, with the tokens of the fp32 graph."""
    engine: Engine = OrtEngine(artifact)
    tokens = engine.to_host(engine.encode({name: golden[name] for name in ("image", *OF_CAMERA)})["local_tokens"])
    engine.close()
    x = np.median(golden["x"], axis=0)[None].astype(np.float32)
    given = {"x": x, "log_variance": np.full_like(x, -2.0)}
    with torch.inference_mode():
        features = network(torch.tensor(tokens), *(torch.tensor(value) for value in given.values())).numpy()
    return {f"hints_{name}": value for name, value in (given | {"features": features}).items()}
