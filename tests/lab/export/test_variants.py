# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""fp16, bf16 and int8 graphs: they have the inputs, outputs and weights file of the fp32 ones, and answer correctly."""

from __future__ import annotations

import dataclasses
import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

pytest.importorskip("torch", reason="export is torch's (pip install grin_ros[train])")

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.artifact.manifest import GRAPHS, ArtifactError, write_manifest
from grin_ros.core.backends.engine import EngineError, EngineUnavailableError
from grin_ros.core.backends.golden_check import check_golden
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.types import Frame
from grin_ros.lab.export import half as onnx_half
from grin_ros.lab.export import int8 as onnx_int8
from grin_ros.lab.export.graphs import MAX_INLINE_BYTES, OPSET, tensor_list
from grin_ros.lab.export.variants import GRAPHS_IN, add_precision, checking_engine

OPENVINO = importlib.util.find_spec("openvino") is not None


def checks_bf16() -> bool:
    """Return whether this machine can check bf16: OpenVINO does it, on a processor that multiplies in bf16."""
    if not OPENVINO:
        return False
    from openvino import Core

    return "BF16" in Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


NO_BF16 = "bf16 is checked by openvino, on a processor with AMX or AVX512-BF16"
PRECISIONS = [precision for precision in GRAPHS_IN if precision != "bf16" or checks_bf16()]
VARIANTS = [(precision, graph) for precision in PRECISIONS for graph in GRAPHS_IN[precision]]


@pytest.fixture(scope="module", autouse=True)
def _small_products_count() -> Iterator[None]:
    """Lower the limit for small matrices, because the tiny model has no larger ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnx_half, "SMALLEST_WEIGHT", 1024)
        patch.setattr(onnx_int8, "SMALLEST_WEIGHT", 1024)
        yield


def frames(frame: Frame) -> list[Frame]:
    return [frame, Frame(np.ascontiguousarray(frame.image[::-1]), frame.camera)]


@pytest.fixture(scope="module")
def folder(tiny_artifact: Path, tiny_frame: Frame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the tiny artifact with all precisions that can be checked on this machine."""
    copy = tmp_path_factory.mktemp("variants") / "tiny"
    shutil.copytree(tiny_artifact, copy)
    for precision in PRECISIONS:
        report = add_precision(copy, precision, frames(tiny_frame), threads=1)
        assert 0.0 < report.max_error_ln <= report.tolerance_ln
    return copy


def graph_of(folder: Path, precision: str, graph: str) -> onnx.GraphProto:
    return onnx.load(load_artifact(folder).graph(graph, precision), load_external_data=False).graph


def types(graph: onnx.GraphProto) -> dict[str, int]:
    """Return name of tensor -> element type, by shape inference."""
    opset = [onnx.helper.make_opsetid("", OPSET)]
    inferred = onnx.shape_inference.infer_shapes(onnx.helper.make_model(graph, opset_imports=opset)).graph
    values = (*inferred.value_info, *inferred.input, *inferred.output)
    return {value.name: value.type.tensor_type.elem_type for value in values} | {
        tensor.name: tensor.data_type for tensor in graph.initializer
    }


@pytest.mark.parametrize(("precision", "graph"), VARIANTS)
def test_inputs_and_outputs_are_those_of_fp32(folder: Path, precision: str, graph: str) -> None:
    plain, other = graph_of(folder, "fp32", graph), graph_of(folder, precision, graph)
    assert tensor_list(other.input) == tensor_list(plain.input)
    assert tensor_list(other.output) == tensor_list(plain.output)


@pytest.mark.parametrize(("precision", "graph"), VARIANTS)
def test_all_precisions_use_one_weights_file(folder: Path, precision: str, graph: str) -> None:
    for tensor in graph_of(folder, precision, graph).initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            assert {entry.key: entry.value for entry in tensor.external_data}["location"] == "weights.safetensors"
        else:
            assert len(tensor.raw_data) <= MAX_INLINE_BYTES, tensor.name
    onnx.checker.check_model(str(load_artifact(folder).graph(graph, precision)), full_check=True)


def test_nothing_else_of_the_artifact_changes(folder: Path, tiny_artifact: Path) -> None:
    before, after = load_artifact(tiny_artifact), load_artifact(folder)
    assert before.manifest.sha256.items() <= after.manifest.sha256.items()
    assert len(after.manifest.sha256) == len(before.manifest.sha256) + len(VARIANTS)
    assert {path.name for path in folder.iterdir()} == {*after.manifest.sha256, "manifest.json"}
    assert {path.name for path in folder.parent.iterdir()} == {folder.name}
    for graph in GRAPHS:
        assert after.graph(graph).read_bytes() == before.graph(graph).read_bytes()
    assert after.graph("decode", "int8") == after.graph("decode")


@pytest.mark.parametrize(("precision", "low"), [("fp16", TensorProto.FLOAT16), ("bf16", TensorProto.BFLOAT16)])
def test_only_products_are_in_half_precision(folder: Path, precision: str, low: int) -> None:
    if precision not in PRECISIONS:
        pytest.skip(NO_BF16)
    graph = graph_of(folder, precision, "denoise")
    kind = types(graph)
    rounded = [node for node in graph.node if node.op_type == "MatMul" and kind[node.output[0]] == low]
    assert len(rounded) > 20
    for node in rounded:
        assert {kind[name] for name in node.input} == {low}
    for node in graph.node:
        if node.op_type in ("LayerNormalization", "Softmax", "Sin", "Cos"):
            assert kind[node.input[0]] == TensorProto.FLOAT, node.name
    encode = graph_of(folder, precision, "encode")
    made = types(encode)
    convolutions = {made[node.output[0]] for node in encode.node if node.op_type == "Conv"}
    assert convolutions == {low if precision == "fp16" else TensorProto.FLOAT}


def test_int8_is_symmetric_and_by_output_channel(folder: Path) -> None:
    graph = graph_of(folder, "int8", "denoise")
    values = {t.name: numpy_helper.to_array(t) for t in graph.initializer if t.data_location != TensorProto.EXTERNAL}
    pairs = [node for node in graph.node if node.op_type == "QuantizeLinear"]
    assert len(pairs) > 20
    for node in pairs:
        assert values[node.input[2]].dtype == np.int8
        assert not values[node.input[2]].any()
    assert sum(values[node.input[1]].size > 1 for node in pairs) >= len(pairs) // 3
    weights = {tensor.name for tensor in graph.initializer if tensor.data_location == TensorProto.EXTERNAL}
    assert weights == {
        t.name for t in graph_of(folder, "fp32", "denoise").initializer if t.data_location == TensorProto.EXTERNAL
    }


@pytest.mark.parametrize("backend", ["ort-int8", "openvino-int8"])
def test_int8_engines_pass_the_golden_check(folder: Path, backend: str) -> None:
    if backend.startswith("openvino") and not OPENVINO:
        pytest.skip("openvino is not installed")
    engine = open_engine(backend, load_artifact(folder), threads=1)
    report = check_golden(engine)
    engine.close()
    assert engine.precision == "int8"
    assert 1e-4 < report.max_error_ln <= report.tolerance_ln  # a smaller error would mean fp32


@pytest.mark.parametrize("backend", ["ort-int8", "openvino-int8"])
def test_a_missing_int8_variant_is_refused_with_the_remedy(tiny_artifact: Path, backend: str) -> None:
    if backend.startswith("openvino") and not OPENVINO:
        pytest.skip("openvino is not installed")
    with pytest.raises(EngineUnavailableError, match=r"got precision int8, expected .*; make it with grin precision"):
        open_engine(backend, load_artifact(tiny_artifact), threads=1)


def test_a_changed_variant_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "tiny"
    shutil.copytree(folder, copy)
    path = copy / "denoise.int8.onnx"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ArtifactError, match=r"denoise\.int8\.onnx: got SHA-256"):
        load_artifact(copy)


def test_int8_needs_frames(tiny_artifact: Path, tmp_path: Path) -> None:
    copy = tmp_path / "tiny"
    shutil.copytree(tiny_artifact, copy)
    with pytest.raises(ValueError, match="got no frames for the calibration"):
        add_precision(copy, "int8", threads=1)
    with pytest.raises(ValueError, match="got 'fp8', expected one of fp16, bf16, int8"):
        add_precision(copy, "fp8")
    assert load_artifact(copy).manifest.variants == {}
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_a_variant_that_fails_its_check_is_not_added(tiny_artifact: Path, tiny_frame: Frame, tmp_path: Path) -> None:
    copy = tmp_path / "tiny"
    shutil.copytree(tiny_artifact, copy)
    manifest = load_artifact(copy).manifest
    write_manifest(copy, dataclasses.replace(manifest, golden_tolerance_ln={"int8": 1e-9}))
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    with pytest.raises(EngineError, match=r"int8: .* differs from the fp32 model by up to"):
        add_precision(copy, "int8", frames(tiny_frame)[:1], threads=1)
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before


def test_the_check_of_bf16_computes_in_bf16(folder: Path) -> None:
    if "bf16" not in PRECISIONS:
        pytest.skip(NO_BF16)
    engine = checking_engine("bf16")(load_artifact(folder), 1)
    report = check_golden(engine)
    engine.close()
    assert 1e-4 < report.max_error_ln <= report.tolerance_ln
