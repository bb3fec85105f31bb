# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The TensorRT gate: TensorRT-RTX builds every graph of every shipped artifact, in every precision, without a GPU.

TensorRT-RTX has another compiler than TensorRT, but the same parser and the same operators. It also builds the graphs,
which a parser alone does not.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from grin_ros.core.artifact.loading import SHIPPED, Artifact, load_artifact
from grin_ros.core.artifact.manifest import GRAPHS
from grin_ros.core.backends.engine import EngineError
from grin_ros.core.backends.tensorrt.build import bounds, build

tensorrt = pytest.importorskip("tensorrt_rtx", reason="TensorRT-RTX is not here: pip install 'grin_ros[gate]'")
pytestmark = [pytest.mark.gate, pytest.mark.filterwarnings("ignore:.*[Tt]iming cache:DeprecationWarning")]


def graphs(artifact: Artifact) -> dict[str, Path]:
    """Return names such as 'denoise int8' with their files, for all graphs that the manifest lists."""
    found: dict[Path, str] = {}
    for precision in ("fp32", *artifact.manifest.variants):
        for graph in artifact.graphs:
            found.setdefault(artifact.graph(graph, precision), f"{graph} {precision}")
    return {name: path for path, name in found.items()}


SHIPPED_GRAPHS = [
    pytest.param(folder, name, id=f"{folder.name} {name}")
    for folder in sorted(SHIPPED.iterdir())
    if folder.is_dir()
    for name in graphs(load_artifact(folder))
]


@pytest.mark.parametrize(("folder", "name"), SHIPPED_GRAPHS)
def test_every_shipped_graph_builds(folder: Path, name: str) -> None:
    artifact = load_artifact(folder)
    plan = build(tensorrt, graphs(artifact)[name], bounds(artifact, name.split()[0]))
    assert len(plan.engine) > (100_000 if name.split()[0] in GRAPHS else 10_000)


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_newly_exported_artifact_builds(tiny_artifact: Path, graph: str) -> None:
    artifact = load_artifact(tiny_artifact)
    assert len(build(tensorrt, artifact.graph(graph), bounds(artifact, graph)).engine) > 10_000


def test_a_graph_that_tensorrt_cannot_take_is_refused_with_the_operator(tmp_path: Path) -> None:
    """This shows that the gate can fail: TensorRT accepts uint8 only as the input of a Cast."""
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [4, 6])
    row = helper.make_tensor_value_info("row", TensorProto.FLOAT, [6])
    index = onnx.numpy_helper.from_array(np.array(0), "index")
    nodes = [
        helper.make_node("Gather", ["image", "index"], ["first"], name="select"),
        helper.make_node("Cast", ["first"], ["row"], to=TensorProto.FLOAT),
    ]
    graph = helper.make_graph(nodes, "wrong", [image], [row], [index])
    path = tmp_path / "wrong.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]), path)
    with pytest.raises(EngineError, match="cannot read it: .*unsupported input type of UINT8.*Gather"):
        build(tensorrt, path, {})


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "not.onnx"
    path.write_bytes(b"not a graph")
    with pytest.raises(EngineError, match="cannot read it"):
        build(tensorrt, path, {})


def test_the_interface_that_the_backend_uses_is_there() -> None:
    """TensorRT-RTX has the interface of TensorRT. These parts of it cannot be called without a GPU."""
    wanted = {
        "Runtime": ["deserialize_cuda_engine"],
        "ICudaEngine": [
            *("num_io_tensors", "get_tensor_name", "get_tensor_mode", "get_tensor_dtype", "get_tensor_shape"),
            *("get_tensor_profile_shape", "create_execution_context", "device_memory_size_v2"),
        ],
        "IExecutionContext": ["set_input_shape", "get_tensor_shape", "set_tensor_address", "execute_async_v3"],
        "TensorIOMode": ["INPUT", "OUTPUT"],
    }
    called = [(owner, name) for owner, names in wanted.items() for name in names]
    missing = [f"{owner}.{name}" for owner, name in called if not hasattr(getattr(tensorrt, owner), name)]
    assert not missing
    assert tensorrt.nptype(tensorrt.DataType.FLOAT) is np.float32
    assert tensorrt.nptype(tensorrt.DataType.UINT8) is np.uint8
