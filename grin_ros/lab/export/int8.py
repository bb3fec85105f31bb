# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""int8 graphs: QuantizeLinear/DequantizeLinear pairs around the large products, by static quantisation of ONNX Runtime.

Quantisation is symmetric, because TensorRT accepts no other: weights per output channel, activations per tensor with
the ranges seen on calibration frames. The graph holds only the scales. Weights are quantised from the weights file of
the artifact when the graph is loaded.
"""

from __future__ import annotations

import logging
import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, numpy_helper

from grin_ros.lab.export.half import SMALLEST_WEIGHT

Feed = Mapping[str, NDArray[Any]]


def to_int8(path: Path, feeds: Iterable[Feed]) -> onnx.ModelProto:
    """Return the graph of an artifact at `path` in int8. feeds: inputs of the graph on calibration frames.

    Products of activations with each other stay fp32, because their ranges depend on the softmax. Raises ValueError if
    there are no feeds.
    """
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime is not typed
        def __init__(self) -> None:
            self.feeds = iter(feeds)

        def get_next(self) -> Feed | None:
            return next(self.feeds, None)

    proto = onnx.load(path, load_external_data=False)
    layout = _Layout(proto)
    whole = layout.with_numbers(onnx.load(path))
    with tempfile.TemporaryDirectory() as folder, _quiet():
        before, after = Path(folder, "fp32.onnx"), Path(folder, "int8.onnx")
        onnx.save(whole, before)
        quantize_static(
            before,
            after,
            Reader(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["MatMul"],
            nodes_to_quantize=layout.large_products,
            per_channel=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"ActivationSymmetric": True, "WeightSymmetric": True, "AddQDQPairToWeight": True},
        )
        quantised = onnx.load(after)
    layout.restore(quantised)
    return quantised


class _Layout:
    """The external weights of a graph, and the nodes that cast them to fp32 and transpose them."""

    def __init__(self, proto: onnx.ModelProto) -> None:
        self.stored = [t for t in proto.graph.initializer if t.data_location == TensorProto.EXTERNAL]
        sizes = {tensor.name: math.prod(tensor.dims) for tensor in self.stored}
        self.nodes: list[NodeProto] = []
        for node in proto.graph.node:
            if node.input and node.input[0] in sizes and node.op_type in ("Cast", "Transpose"):
                sizes[node.output[0]] = sizes[node.input[0]]
                self.nodes.append(node)
        self.brought_in = {name for node in self.nodes for name in node.output}
        self.large_products = [
            node.name
            for node in proto.graph.node
            if node.op_type == "MatMul" and any(sizes.get(name, 0) >= SMALLEST_WEIGHT for name in node.input)
        ]

    def with_numbers(self, proto: onnx.ModelProto) -> onnx.ModelProto:
        """Replace `nodes` of a loaded graph by their results as initialisers, which quantisation needs."""
        values = {tensor.name: numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
        for node in self.nodes:
            value = values[node.input[0]]
            if node.op_type == "Transpose":
                axes = next((list(a.ints) for a in node.attribute if a.name == "perm"), None)
                values[node.output[0]] = np.ascontiguousarray(value.transpose(axes))
            else:
                values[node.output[0]] = value.astype(np.float32)
        names = {tensor.name for tensor in self.stored}
        small = [tensor for tensor in proto.graph.initializer if tensor.name not in names]
        rest = [node for node in proto.graph.node if not self.brought_in.intersection(node.output)]
        read = {name for node in rest for name in node.input}
        del proto.graph.initializer[:], proto.graph.node[:]
        proto.graph.node.extend(rest)
        proto.graph.initializer.extend(small)
        proto.graph.initializer.extend(
            numpy_helper.from_array(values[name], name) for name in sorted(self.brought_in & read)
        )
        return proto

    def restore(self, proto: onnx.ModelProto) -> None:
        """Make the weights external again, in place of the initialisers of `with_numbers`."""
        inside = [tensor for tensor in proto.graph.initializer if tensor.name not in self.brought_in]
        nodes = [*self.nodes, *proto.graph.node]
        del proto.graph.initializer[:], proto.graph.node[:], proto.graph.value_info[:]
        proto.graph.initializer.extend([*inside, *self.stored])
        proto.graph.node.extend(nodes)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the advice to simplify the graph first, which was done."""
    log = logging.getLogger()
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
