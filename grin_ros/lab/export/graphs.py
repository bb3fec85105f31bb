# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Export of Grin as three ONNX graphs that hold no weights: every parameter is external data in a safetensors file.

The artifact thus holds the weights once, in fp16, and the torch reference reads the same numbers as the graphs. In a
graph each parameter is a FLOAT16 initialiser and a Cast to FLOAT, which runtimes fold while they load. Arithmetic is
fp32.
"""

from __future__ import annotations

import json
import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper
from torch import Tensor, nn

from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.network.grin import Grin

OPSET = 20
"""The newest opset that TensorRT 10 reads. Gelu is one operator in it."""
MAX_INLINE_BYTES = 4096
"""A larger constant inside a graph is refused, because it would be a weight that the artifact holds twice."""
MAX_INDEX_BYTES = 100_000_000
"""The largest header of a safetensors file, as in the safetensors library."""

Shape = tuple[int | str, ...]
"""The sizes of a tensor. A string names a size that is free."""

_EXAMPLE = {"members": 3, "queries": 101, "height": 83, "width": 107}
"""The free sizes while tracing: any numbers that are not 0, 1 or a size of the network."""


def signature(config: ModelConfig) -> dict[str, tuple[dict[str, Shape], tuple[str, ...]]]:
    """Return graph -> (name of input -> shape, names of outputs). `image` is uint8, everything else is float32."""
    scene, dense = config.scene_rows * config.scene_cols, config.grid_rows * config.grid_cols
    image: Shape = (1, "height", "width", 3)
    return {
        "encode": (
            {
                "image": image,
                "queries": (1, "queries", 2),
                "query_rays": (1, "queries", 3),
                "scene_rays": (1, scene, 3),
                "mounting": (1, 5),
            },
            ("local_tokens", "scene_kv"),
        ),
        "denoise": (
            {
                "x": ("members", "queries"),
                "levels": (4,),
                "latents": ("members", config.latent_count, config.latent_dim),
                "local_tokens": (1, "queries", config.token_dim),
                "scene_kv": (config.blocks, 1, scene, 2 * config.token_dim),
            },
            ("x_next", "latents_next", "log_variance"),
        ),
        "decode": (
            {
                "x": ("members", dense),
                "log_variance": ("members", dense),
                "image": image,
                "ray_z": (1, "height", "width"),
            },
            ("depth_m", "sigma_m"),
        ),
    }


def export_graph(model: Grin, graph: str, path: Path, weights: str) -> onnx.ModelProto:
    """Write one method of `model` to `path` as ONNX, with its parameters in the file `weights` of the same folder.

    Raises ValueError if the parameters of `model` are not the numbers in that file, and if the graph has a large
    constant that is not a parameter.
    """
    inputs, outputs = signature(model.config)[graph]
    return export_module(model, graph, inputs, outputs, path, weights)


def export_module(
    module: nn.Module, method: str, inputs: dict[str, Shape], outputs: tuple[str, ...], path: Path, weights: str
) -> onnx.ModelProto:
    """Write one method of any module to `path`, as `export_graph` does."""
    with _quiet_exporter():
        program = torch.onnx.export(
            _Method(module, method),
            tuple(_example(name, shape) for name, shape in inputs.items()),
            dynamo=True,
            opset_version=OPSET,
            optimize=False,
            input_names=list(inputs),
            output_names=list(outputs),
            # This is nested once more because the arguments arrive as one *args.
            dynamic_shapes=(tuple(_free_axes(shape) for shape in inputs.values()),),
            verbose=False,
        )
        if program is None:
            raise ValueError(
                f"graph '{path.stem}': torch.onnx.export returned nothing; use the torch release of setup.py"
            )
        parameters = _simplify(program)
    proto = _clean(program.model_proto, set(parameters))
    _store_outside(proto, parameters, path.parent / weights)
    onnx.save(proto, path)
    onnx.checker.check_model(str(path))  # by path, so that external data is checked too
    return proto


def tensor_list(values: Any) -> list[dict[str, Any]]:
    """Return inputs or outputs of an ONNX graph as the manifest lists them: name, dtype, shape."""
    return [
        {
            "name": value.name,
            "dtype": str(helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)),
            "shape": [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim],
        }
        for value in values
    ]


class _Method(nn.Module):
    """One method of a model as a module, because the exporter takes modules."""

    def __init__(self, model: nn.Module, method: str) -> None:
        super().__init__()
        self.model = model
        self.method = method

    def forward(self, *tensors: Tensor) -> Any:
        return getattr(self.model, self.method)(*tensors)


def _example(name: str, shape: Shape) -> Tensor:
    sizes = [_EXAMPLE[size] if isinstance(size, str) else size for size in shape]
    return torch.zeros(sizes, dtype=torch.uint8 if name == "image" else torch.float32)


def _free_axes(shape: Shape) -> dict[int, str]:
    return {axis: size for axis, size in enumerate(shape) if isinstance(size, str)}


def _simplify(program: Any) -> dict[str, NDArray[Any]]:
    """Simplify the graph and return its parameters by their names in the state dict of the model.

    Parameters become inputs of the graph first, so that none is folded into a new constant without a name.
    """
    parameters: dict[str, NDArray[Any]] = {}
    graph = program.model.graph
    for name in list(graph.initializers):
        value = graph.initializers.pop(name)
        parameters[name] = value.const_value.numpy()
        value.const_value = None
        graph.inputs.append(value)
    program.optimize()
    return parameters


def _clean(source: onnx.ModelProto, parameters: set[str]) -> onnx.ModelProto:
    """Return the model without the inputs for its parameters and without metadata about source files."""
    proto = onnx.ModelProto()
    proto.CopyFrom(source)
    graph = proto.graph
    kept = [value for value in graph.input if value.name not in parameters]
    del graph.input[:]
    graph.input.extend(kept)
    del graph.value_info[:]
    for item in (proto, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        del item.metadata_props[:]
        item.doc_string = ""
    return proto


def _store_outside(proto: onnx.ModelProto, parameters: dict[str, NDArray[Any]], weights: Path) -> None:
    """Give the graph its parameters as FLOAT16 initialisers in `weights`, each followed by a Cast to FLOAT."""
    graph = proto.graph
    large = [tensor.name for tensor in graph.initializer if len(tensor.raw_data) > MAX_INLINE_BYTES]
    if large:
        raise ValueError(
            f"{graph.name}: got large constants {', '.join(large)}; make them parameters or buffers of the model"
        )
    stored = safetensors_index(weights)
    used = {name for node in graph.node for name in node.input}
    casts = []
    for exported, values in parameters.items():
        if exported not in used:
            continue
        name = exported.removeprefix("model.")
        if name not in stored:
            raise ValueError(
                f"{weights}: has no tensor '{name}', which the graph needs; make it a parameter or a buffer"
            )
        dtype, shape, offset, length = stored[name]
        raw = np.fromfile(weights, np.float16, count=length // 2, offset=offset).reshape(shape)
        if dtype != "F16" or not np.array_equal(raw.astype(np.float32), values):
            raise ValueError(
                f"{weights}: tensor '{name}' ({dtype}) differs from that of the model; save the model in fp16 first"
            )
        # The name is extended because the parameter 'latents' and the input 'latents' are different tensors.
        tensor = TensorProto(name=f"{exported}.fp16", data_type=TensorProto.FLOAT16, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        for key, entry in (("location", weights.name), ("offset", str(offset)), ("length", str(length))):
            tensor.external_data.add(key=key, value=entry)
        graph.initializer.append(tensor)
        casts.append(helper.make_node("Cast", [tensor.name], [exported], name=f"{exported}.cast", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def safetensors_index(path: Path) -> dict[str, tuple[str, tuple[int, ...], int, int]]:
    """Read the header of a safetensors file: tensor -> (dtype, shape, offset in the file, length in bytes)."""
    with path.open("rb") as stream:
        (size,) = struct.unpack("<Q", stream.read(8))
        if size > MAX_INDEX_BYTES:
            raise ValueError(
                f"{path}: got a header of {size} bytes, expected at most {MAX_INDEX_BYTES}; export the weights again"
            )
        header = json.loads(stream.read(size))
    return {
        name: (entry["dtype"], tuple(entry["shape"]), 8 + size + start, end - start)
        for name, entry in header.items()
        if name != "__metadata__"
        for start, end in [entry["data_offsets"]]
    }


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silence notes of the exporter about packages and operators that are not used here. Errors are still raised."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
