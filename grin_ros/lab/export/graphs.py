# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Grin -> three ONNX graphs without weights in them: every parameter is external data in a safetensors file.

So the weights lie in the artifact once, in fp16, and the torch reference reads the very numbers that the graphs read.
In the graphs each is a FLOAT16 initialiser and a Cast to FLOAT, which runtimes fold when they load: arithmetic is fp32.
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
"""The newest that TensorRT 10 reads; it has Gelu as one operator."""
MAX_INLINE_BYTES = 4096
"""A larger constant inside a graph would be a weight that the artifact holds twice."""
MAX_INDEX_BYTES = 100_000_000
"""Of a safetensors file's header, as its own library has it."""

Shape = tuple[int | str, ...]
"""A string is a free size, by its name."""

_EXAMPLE = {"members": 3, "queries": 101, "height": 83, "width": 107}
"""Free sizes while tracing: any number that is neither 0 nor 1 nor one of the network's own sizes."""


def signature(config: ModelConfig) -> dict[str, tuple[dict[str, Shape], tuple[str, ...]]]:
    """graph -> (inputs: name -> shape, names of outputs). `image` is uint8, all else float32."""
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
    """Write one method of `model` to `path` as ONNX; its parameters are found in the file `weights` in the same folder.

    The parameters of `model` must be that file's numbers. Raises ValueError where they are not, or where a large
    constant is none of them.
    """
    inputs, outputs = signature(model.config)[graph]
    with _quiet_exporter():
        program = torch.onnx.export(
            _Method(model, graph),
            tuple(_example(name, shape) for name, shape in inputs.items()),
            dynamo=True,
            opset_version=OPSET,
            optimize=False,
            input_names=list(inputs),
            output_names=list(outputs),
            # One more level of nesting: the method's arguments arrive as one *args.
            dynamic_shapes=(tuple(_free_axes(shape) for shape in inputs.values()),),
            verbose=False,
        )
        if program is None:
            raise ValueError(f"graph '{graph}': torch.onnx.export gave nothing; use the torch release of the README")
        parameters = _simplify(program)
    proto = _clean(program.model_proto, set(parameters))
    _store_outside(proto, parameters, path.parent / weights)
    onnx.save(proto, path)
    onnx.checker.check_model(str(path))  # by path: it looks at the external data too
    return proto


def tensor_list(values: Any) -> list[dict[str, Any]]:
    """Inputs or outputs of an ONNX graph as the manifest lists them: name, dtype, shape."""
    return [
        {
            "name": value.name,
            "dtype": str(helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)),
            "shape": [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim],
        }
        for value in values
    ]


class _Method(nn.Module):
    """One method of Grin as a module of its own, which is what the exporter takes."""

    def __init__(self, grin: Grin, method: str) -> None:
        super().__init__()
        self.grin = grin
        self.method = method

    def forward(self, *tensors: Tensor) -> Any:
        return getattr(self.grin, self.method)(*tensors)


def _example(name: str, shape: Shape) -> Tensor:
    sizes = [_EXAMPLE[size] if isinstance(size, str) else size for size in shape]
    return torch.zeros(sizes, dtype=torch.uint8 if name == "image" else torch.float32)


def _free_axes(shape: Shape) -> dict[int, str]:
    return {axis: size for axis, size in enumerate(shape) if isinstance(size, str)}


def _simplify(program: Any) -> dict[str, NDArray[Any]]:
    """Simplify the graph with its parameters held out, so that none is folded into a new, nameless constant.

    They end up as inputs of the graph; returned by the name they have in the model's state dict.
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
    """The same model without its parameters' inputs and without notes on where in which source file nodes come from."""
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
        raise ValueError(f"{graph.name}: constants {', '.join(large)} are no parameters of the model; make them some")
    stored = safetensors_index(weights)
    used = {name for node in graph.node for name in node.input}
    casts = []
    for exported, values in parameters.items():
        if exported not in used:
            continue
        name = exported.removeprefix("grin.")
        if name not in stored:
            raise ValueError(f"{weights}: has no tensor '{name}' that the graph needs; make it a parameter or a buffer")
        dtype, shape, offset, length = stored[name]
        raw = np.fromfile(weights, np.float16, count=length // 2, offset=offset).reshape(shape)
        if dtype != "F16" or not np.array_equal(raw.astype(np.float32), values):
            raise ValueError(f"{weights}: tensor '{name}' ({dtype}) is not what the model holds; save it in fp16 first")
        # Not by its bare name: the parameter 'latents' and the input 'latents' are two things.
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
    """tensor -> (dtype, shape, offset in the file, length in bytes), from the header of a safetensors file."""
    with path.open("rb") as stream:
        (size,) = struct.unpack("<Q", stream.read(8))
        if size > MAX_INDEX_BYTES:
            raise ValueError(f"{path}: its header says that it has {size} bytes, expected at most {MAX_INDEX_BYTES}")
        header = json.loads(stream.read(size))
    return {
        name: (entry["dtype"], tuple(entry["shape"]), 8 + size + start, end - start)
        for name, entry in header.items()
        if name != "__metadata__"
        for start, end in [entry["data_offsets"]]
    }


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Without the exporter's notes on packages and renamings that concern none of our operators; errors still raise."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
