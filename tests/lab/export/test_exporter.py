# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The exported artifact: complete, with the weights once and outside the graphs, and written whole or not at all."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch", reason="export is torch's (pip install grin_ros[train])")

from grin_ros.core.artifact.loading import load_artifact  # noqa: E402
from grin_ros.core.artifact.manifest import GRAPHS  # noqa: E402
from grin_ros.core.backends.engine import EngineError  # noqa: E402
from grin_ros.core.backends.onnxruntime import OrtEngine  # noqa: E402
from grin_ros.lab.export import exporter as onnx_export  # noqa: E402
from grin_ros.lab.export.graphs import MAX_INLINE_BYTES, safetensors_index, signature  # noqa: E402
from grin_ros.lab.network.checkpoint import load_model, load_weights  # noqa: E402
from grin_ros.lab.network.grin import Grin  # noqa: E402
from tests.lab.network.tiny import TINY, awake  # noqa: E402


def export(model: Grin, folder: Path) -> None:
    onnx_export.export_artifact(model, folder, name="x", licence="y", training={})


def test_every_weight_is_stored_once_and_outside_the_graphs(tiny_artifact: Path, tiny_model: Grin) -> None:
    index = safetensors_index(tiny_artifact / "weights.safetensors")
    used = set()
    for graph in GRAPHS:
        for tensor in onnx.load(tiny_artifact / f"{graph}.onnx", load_external_data=False).graph.initializer:
            if tensor.data_location != onnx.TensorProto.EXTERNAL:
                assert len(tensor.raw_data) <= MAX_INLINE_BYTES, tensor.name
                continue
            place = {entry.key: entry.value for entry in tensor.external_data}
            name = tensor.name.removeprefix("model.").removesuffix(".fp16")
            dtype, shape, offset, length = index[name]
            assert (dtype, tensor.data_type) == ("F16", onnx.TensorProto.FLOAT16)
            assert tuple(tensor.dims) == shape
            assert place == {"location": "weights.safetensors", "offset": str(offset), "length": str(length)}
            used.add(name)
    assert used == set(tiny_model.state_dict()) == set(index)


def test_weights_are_those_of_the_model_rounded_to_fp16(tiny_artifact: Path, tiny_model: Grin) -> None:
    stored = load_weights(tiny_artifact / "weights.safetensors")
    for name, tensor in stored.items():
        torch.testing.assert_close(tensor, tiny_model.state_dict()[name].half().float(), rtol=0.0, atol=0.0)


def test_the_manifest_lists_the_tensors_of_the_graphs(tiny_artifact: Path, tiny_model: Grin) -> None:
    tensors = load_artifact(tiny_artifact).manifest.tensors
    for graph, (inputs, outputs) in signature(tiny_model.config).items():
        listed = tensors[graph]
        assert {entry["name"]: tuple(entry["shape"]) for entry in listed["inputs"]} == inputs
        assert tuple(entry["name"] for entry in listed["outputs"]) == outputs
        for entry in listed["inputs"]:
            assert entry["dtype"] == ("uint8" if entry["name"] == "image" else "float32")
    depth = {entry["name"]: entry["shape"] for entry in tensors["decode"]["outputs"]}
    assert depth == {"depth_m": ["height", "width"], "sigma_m": ["height", "width"]}


def test_the_artifact_is_complete_and_readable_and_holds_no_local_paths(tiny_artifact: Path) -> None:
    assert tiny_artifact.stat().st_mode & 0o777 == 0o755
    assert (tiny_artifact / "golden.npz").stat().st_size < 300_000
    here = str(Path(onnx_export.__file__).parents[3]).encode()
    for path in tiny_artifact.iterdir():
        assert path.stat().st_mode & 0o777 == 0o644, path.name
        assert here not in path.read_bytes(), path.name
    assert [path.name for path in tiny_artifact.parent.iterdir()] == [tiny_artifact.name]


def test_the_golden_sample_has_pixels_with_and_without_depth(tiny_artifact: Path) -> None:
    with np.load(tiny_artifact / "golden.npz") as golden:
        depth_m, sigma_m = golden["depth_m"], golden["sigma_m"]
        assert golden["levels"].shape == (2, 4)
    assert 0.5 < np.isfinite(depth_m).mean() < 1.0
    np.testing.assert_array_equal(np.isfinite(depth_m), np.isfinite(sigma_m))
    assert np.nanstd(np.log(depth_m)) > 0.05
    assert np.nanmin(sigma_m) > 0.0


def test_a_failed_export_leaves_the_old_artifact_and_nothing_else(
    tiny_model: Grin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "nano"
    old.mkdir()
    (old / "manifest.json").write_text("old")

    def fail(*_: object) -> None:
        raise EngineError("no graph today")

    monkeypatch.setattr(onnx_export, "export_graph", fail)
    with pytest.raises(EngineError, match="no graph today"):
        export(tiny_model, old)
    assert [path.name for path in tmp_path.iterdir()] == ["nano"]
    assert (old / "manifest.json").read_text() == "old"


def test_an_artifact_replaces_an_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_model: Grin) -> None:
    old = tmp_path / "nano"
    old.mkdir()
    (old / "manifest.json").write_text("old")
    (old / "left_over").write_text("old")

    def write(_: Grin, folder: Path, *__: object) -> str:
        (folder / "manifest.json").write_text("new")
        return "report"

    monkeypatch.setattr(onnx_export, "write_artifact", write)
    export(tiny_model, old)
    assert [path.name for path in tmp_path.iterdir()] == ["nano"]
    assert [path.name for path in old.iterdir()] == ["manifest.json"]
    assert (old / "manifest.json").read_text() == "new"


@pytest.mark.parametrize(
    ("change", "got"),
    [
        ({"depth": "linear"}, "depth: linear"),
        ({"scene": False}, "depth: log, scene: false"),
        ({"local": False}, "depth: log, local: false"),
        ({"rays": False}, "depth: log, rays: false"),
    ],
)
def test_models_of_ablations_are_not_exported(tmp_path: Path, change: dict[str, Any], got: str) -> None:
    model = awake(config=replace(TINY, **change))
    with pytest.raises(ValueError, match=f"model: got {got}, expected depth: log .* cannot be exported"):
        export(model, tmp_path / "artifact")
    assert not any(tmp_path.iterdir())


def test_the_graph_answers_beyond_range_where_torch_does(tiny_artifact: Path, tiny_model: Grin) -> None:
    config = tiny_model.config
    x = np.tile(np.linspace(-0.5, 1.2, config.grid_cols, dtype=np.float32) / config.data_std, config.grid_rows)[None]
    ray_z = np.linspace(-0.2, 1.0, 50, dtype=np.float32)[None, :, None].repeat(70, 2)
    inputs = {
        "x": x,
        "log_variance": np.full_like(x, -3.0),
        "image": onnx_export.golden_image(70, 50)[None],
        "ray_z": ray_z,
    }
    model = load_model(tiny_artifact / "weights.safetensors")
    with torch.no_grad():
        expected = [t.numpy() for t in model.decode(*map(torch.tensor, inputs.values()))]
    engine = OrtEngine(load_artifact(tiny_artifact))
    got = engine.decode(inputs)
    engine.close()
    depth_m = expected[0]
    assert np.isinf(depth_m).any() and np.isnan(depth_m).any() and np.isfinite(depth_m).any()
    for g, e in zip(got, expected, strict=True):
        np.testing.assert_allclose(g, e, rtol=1e-4)  # inf and nan at the same pixels


def test_a_golden_sample_may_lie_beyond_range(tiny_model: Grin) -> None:
    model = deepcopy(tiny_model)
    with torch.no_grad():
        model.head.weight[0] = 0.0
        model.head.bias[0] = -100.0  # the velocity at pure noise is then far beyond range everywhere
    golden = onnx_export.golden_sample(model)
    assert np.isinf(golden["depth_m"]).any()


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_file_or_folder_that_is_not_an_artifact_is_not_replaced(tiny_model: Grin, tmp_path: Path, kind: str) -> None:
    target = tmp_path / "home"
    if kind == "file":
        target.write_text("precious")
    else:
        target.mkdir()
        (target / "precious").write_text("precious")
    with pytest.raises(ValueError, match="exists and is not an artifact, so it was not replaced"):
        export(tiny_model, target)
    assert (target if kind == "file" else target / "precious").read_text() == "precious"


def test_an_engine_that_differs_from_torch_stops_the_export(tiny_artifact: Path) -> None:
    artifact = load_artifact(tiny_artifact)
    artifact.manifest.golden_tolerance_ln["fp32"] = 0.0
    with pytest.raises(EngineError, match=r"export: .* differs from the torch model by .* at most 0; try again"):
        onnx_export.checked(OrtEngine(artifact), "export", "torch", "try again")


def test_a_model_that_is_not_finite_in_fp16_is_not_exported(tiny_model: Grin) -> None:
    model = deepcopy(tiny_model)
    with torch.no_grad():
        model.head.bias.fill_(torch.inf)
    with pytest.raises(ValueError, match="with fp16 weights its answer to the golden sample is not finite"):
        onnx_export.golden_sample(model)


def test_manifest_is_plain_json(tiny_artifact: Path) -> None:
    values = json.loads((tiny_artifact / "manifest.json").read_text())
    assert values["model"]["token_dim"] == 32
    assert values["training"] == {"data": "none, random weights"}
    assert values["parameterisation"] == "v"


@pytest.mark.parametrize("graph", ["encode", "decode"])
def test_the_uint8_image_is_read_by_casts_only(tiny_artifact: Path, graph: str) -> None:
    """TensorRT accepts uint8 only as the input of a cast."""
    nodes = onnx.load(tiny_artifact / f"{graph}.onnx", load_external_data=False).graph.node
    assert {node.op_type for node in nodes if "image" in node.input} == {"Cast", "Shape"}


def test_decode_has_no_slow_operators_at_camera_size(tiny_artifact: Path) -> None:
    """It has no powers and gathers no single numbers: rows are copied whole, and columns come from the small grid."""
    graph = onnx.shape_inference.infer_shapes(onnx.load(tiny_artifact / "decode.onnx")).graph
    rank = {value.name: len(value.type.tensor_type.shape.dim) for value in graph.value_info}
    # These gather lists of rows or columns; with a single index a gather is a slice.
    gathers = [n for n in graph.node if n.op_type == "Gather" and rank.get(n.input[0], 0) > 1 and rank.get(n.input[1])]
    axes = {a.i % rank[n.input[0]] for n in gathers for a in n.attribute if a.name == "axis"}
    assert len(gathers) >= 20
    assert all(axis < 2 for axis in axes)
    assert not [node for node in graph.node if node.op_type == "Pow" and node.input[1] == "2"]
