# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""fp16 and bf16 graphs: an exported fp32 graph whose products and convolutions compute in half precision.

As in automatic mixed precision, products are rounded, and everything that adds up stays fp32: residuals, norms,
softmax, angles and the DDIM step. Runtimes that take the precision from the graph (strongly typed TensorRT) then need
no flags. Inputs, outputs and the file of weights do not change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import onnx
from onnx import NodeProto, TensorProto, helper

TYPES = {"fp16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16}
PRODUCTS = {"fp16": ("MatMul", "Conv"), "bf16": ("MatMul",)}
"""ONNX has bf16 convolutions only from opset 22 on. Gemm is left out because it only embeds the noise level."""
PASSING = (
    *("Add", "Sub", "Mul", "Clip", "Relu", "Gelu", "Transpose", "Reshape", "Concat", "Split"),
    *("Slice", "Pad", "Expand", "Squeeze", "Unsqueeze", "Identity"),
)
"""Operators that may stay in half precision between two products."""
SMALLEST_WEIGHT = 16384
"""Smaller matrices stay fp32. They are not faster in half precision, and they are the sensitive ones."""


def to_half(source: onnx.ModelProto, precision: str) -> onnx.ModelProto:
    """Return the graph in half precision. source: a graph of graphs.py without its external data.

    precision: a key of TYPES. Raises ValueError if nothing in the graph would compute in it.
    """
    proto = onnx.ModelProto()
    proto.CopyFrom(source)
    graph = _Graph(proto)
    half = _half_nodes(graph, PRODUCTS[precision])
    if not half:
        raise ValueError(f"{precision}: the graph has no product with a weight; leave it in fp32")
    _rewrite(graph, half, TYPES[precision])
    return proto


class _Graph:
    """A graph with the readers of each tensor, and with the sets of floats and weights."""

    def __init__(self, proto: onnx.ModelProto) -> None:
        self.proto = proto
        inferred = onnx.shape_inference.infer_shapes(proto).graph
        values = (*inferred.value_info, *inferred.input, *inferred.output)
        self.floats = {v.name for v in values if v.type.tensor_type.elem_type == TensorProto.FLOAT}
        self.constants = {t.name for t in proto.graph.initializer if t.data_type == TensorProto.FLOAT}
        self.floats |= self.constants
        stored = {t.name: math.prod(t.dims) for t in proto.graph.initializer if t.data_type == TensorProto.FLOAT16}
        self.weights: dict[str, str] = {}
        """Name of a float tensor -> the FLOAT16 initialiser that it is cast from."""
        self.sizes: dict[str, int] = {}
        """Name of a weight, or of a weight in another layout -> the number of its elements."""
        self.readers: dict[str, list[NodeProto]] = {}
        for node in proto.graph.node:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
            if node.op_type == "Cast" and node.input[0] in stored:
                self.weights[node.output[0]] = node.input[0]
                self.sizes[node.output[0]] = stored[node.input[0]]
            elif node.op_type in ("Transpose", "Reshape", "Unsqueeze") and node.input[0] in self.sizes:
                self.sizes[node.output[0]] = self.sizes[node.input[0]]

    def float_inputs(self, node: NodeProto) -> list[str]:
        """Return the inputs of a node that are floats."""
        return [name for name in node.input if name in self.floats]


def _half_nodes(graph: _Graph, products: Sequence[str]) -> set[str]:
    """Return the names of the nodes that compute in half precision: products, and the nodes between them."""
    made: set[str] = set()
    half: set[str] = set()
    grown = True
    while grown:
        grown = False
        for node in graph.proto.graph.node:
            if node.name not in half and _fits(graph, node, products, half, made):
                half.add(node.name)
                made.update(node.output)
                grown = True
    return half


def _fits(graph: _Graph, node: NodeProto, products: Sequence[str], half: set[str], made: set[str]) -> bool:
    inputs = graph.float_inputs(node)
    if node.op_type in products:
        large = any(graph.sizes.get(name, 0) >= SMALLEST_WEIGHT for name in inputs)
        convolution = node.op_type == "Conv" and any(name in graph.sizes for name in inputs)
        attention = node.op_type == "MatMul" and any(name in made for name in inputs)
        small = any(0 < graph.sizes.get(name, 0) < SMALLEST_WEIGHT for name in inputs) and not convolution
        return large or convolution or (attention and not small)
    if node.op_type not in PASSING or not inputs:
        return False
    if inputs[0] in graph.sizes:  # a weight in another layout that only products read
        return all(reader.name in half for reader in graph.readers.get(node.output[0], []))
    return any(name in made for name in inputs) and all(
        name in made or name in graph.sizes or name in graph.constants for name in inputs
    )


def _rewrite(graph: _Graph, half: set[str], kind: int) -> None:
    """Insert a cast where a tensor changes its precision, one for all readers of the tensor."""
    suffix = TensorProto.DataType.Name(kind).lower()
    made = {name for node in graph.proto.graph.node if node.name in half for name in node.output}
    made &= graph.floats
    read_in_full = {
        name for node in graph.proto.graph.node if node.name not in half for name in graph.float_inputs(node)
    } | {output.name for output in graph.proto.graph.output}
    nodes: list[NodeProto] = []
    lowered: set[str] = set()
    for node in graph.proto.graph.node:
        if node.name not in half:
            nodes.append(node)
            continue
        for index, name in enumerate(node.input):
            if name not in graph.floats:
                continue
            if kind == TensorProto.FLOAT16 and name in graph.weights:
                node.input[index] = graph.weights[name]
                continue
            low = f"{name}.{suffix}"
            if name not in made and low not in lowered:
                nodes.append(helper.make_node("Cast", [graph.weights.get(name, name)], [low], name=low, to=kind))
                lowered.add(low)
            node.input[index] = low
        nodes.append(node)
        for index, name in enumerate(node.output):
            if name in made:
                node.output[index] = f"{name}.{suffix}"
                if name in read_in_full:
                    up = helper.make_node("Cast", [f"{name}.{suffix}"], [name], name=f"{name}.up", to=TensorProto.FLOAT)
                    nodes.append(up)
    _keep_what_is_read(graph.proto, nodes)


def _keep_what_is_read(proto: onnx.ModelProto, nodes: Sequence[NodeProto]) -> None:
    """Remove nodes whose outputs nothing reads, which are casts of weights that were replaced."""
    kept: list[NodeProto] = []
    read = {output.name for output in proto.graph.output}
    for node in reversed(nodes):
        if any(name in read for name in node.output):
            kept.append(node)
            read.update(node.input)
    del proto.graph.node[:]
    proto.graph.node.extend(reversed(kept))
