# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tiny ONNX files with the interfaces of real teachers. Each undoes the normalisation that the real one expects, reads
the depth of a pixel from its red, and answers as the real one would. The facts are those of the exports, written down
here a second time, so that a wrong contract is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.types import Frame

CAMERA = Camera(320, 200, 250.0, 240.0, 155.0, 104.0)
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
NEAREST_M, DEEPER_M = 1.0, 4.0


def scene() -> tuple[Frame, NDArray[np.float64]]:
    """Return a frame and its depth (H, W) in metres: red rises to the right, the other colours say nothing."""
    image = np.full((CAMERA.height, CAMERA.width, 3), 90, np.uint8)
    image[..., 0] = np.linspace(30, 220, CAMERA.width).astype(np.uint8)
    image[..., 2] = np.linspace(200, 10, CAMERA.height).astype(np.uint8)[:, None]
    return Frame(image, CAMERA), NEAREST_M + DEEPER_M * image[..., 0] / 255.0


@dataclass
class _Graph:
    """Nodes and constants of a graph, added one after the other."""

    nodes: list[Any]
    constants: list[Any]

    def constant(self, value: Any) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        out = name or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def number(self, kind: str, left: str, right: float, name: str = "") -> str:
        return self.add(kind, left, self.constant(np.float32(right)), name=name)


def _save(path: Path, graph: _Graph, inputs: Sequence[Any], outputs: dict[str, Sequence[Any]]) -> Path:
    declared = [helper.make_tensor_value_info(n, TensorProto.FLOAT, list(shape)) for n, shape in outputs.items()]
    made = helper.make_graph(graph.nodes, "tiny", list(inputs), declared, graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, path)
    return path


def _depth(graph: _Graph, image: str, mean: float, std: float, white: float) -> str:
    """Add the depth (1, 1, h, w) of the red channel."""
    red = graph.add("Slice", image, *(graph.constant(np.array([k])) for k in (0, 1, 1)))
    red = graph.number("Div", graph.number("Add", graph.number("Mul", red, std), mean), white)
    return graph.number("Add", graph.number("Mul", red, DEEPER_M), NEAREST_M)


def _image(name: str, *size: Any) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, *size])


def depth_anything_v2_metric(path: Path) -> Path:
    graph = _Graph([], [])
    depth = _depth(graph, "image", IMAGENET[0][0], IMAGENET[1][0], 1.0)
    graph.add("Squeeze", depth, graph.constant(np.array([1])), name="depth")
    return _save(path, graph, [_image("image", 518, 518)], {"depth": (1, 518, 518)})


def depth_anything_v2_relative(path: Path) -> Path:
    graph = _Graph([], [])
    depth = _depth(graph, "pixel_values", IMAGENET[0][0], IMAGENET[1][0], 1.0)
    inverse = graph.number("Add", graph.number("Mul", graph.add("Reciprocal", depth), 40.0), 3.0)
    graph.add("Squeeze", inverse, graph.constant(np.array([1])), name="predicted_depth")
    return _save(path, graph, [_image("pixel_values", "h", "w")], {"predicted_depth": (1, "h", "w")})


def depth_anything_3_metric(path: Path) -> Path:
    graph = _Graph([], [])
    depth = _depth(graph, "image", IMAGENET[0][0], IMAGENET[1][0], 1.0)
    focal = 0.5 * (CAMERA.fx * 504 / CAMERA.width + CAMERA.fy * 280 / CAMERA.height)
    graph.number("Mul", depth, 300.0 / focal, name="depth")
    far = graph.add("Greater", depth, graph.constant(np.float32(NEAREST_M + DEEPER_M * 210 / 255)))
    graph.add("Cast", far, name="sky", to=TensorProto.FLOAT)  # high where there is sky
    return _save(path, graph, [_image("image", 280, 504)], {"depth": (1, 1, 280, 504), "sky": (1, 1, 280, 504)})


def metric3d_v2(path: Path) -> Path:
    graph = _Graph([], [])
    depth = _depth(graph, "image", 0.0, 1.0, 255.0)
    share = min(1064 / CAMERA.width, 616 / CAMERA.height)
    focal = 0.5 * (CAMERA.fx + CAMERA.fy) * share
    graph.number("Mul", depth, 1000.0 / focal, name="pred_depth")
    return _save(path, graph, [_image("image", 616, 1064)], {"pred_depth": (1, 1, 616, 1064)})


def unidepth_v2(path: Path) -> Path:
    graph = _Graph([], [])
    depth = _depth(graph, "rgbs", IMAGENET[0][0], IMAGENET[1][0], 1.0)
    other = graph.number("Mul", depth, 0.5)
    graph.add("Concat", other, other, depth, name="pts_3d", axis=1)
    graph.number("Mul", depth, 0.0, name="confidence")
    graph.number("Add", graph.constant(np.zeros((1, 3, 3), np.float32)), 1.0, name="intrinsics")
    outputs = {"pts_3d": (1, 3, 462, 630), "confidence": (1, 1, 462, 630), "intrinsics": (1, 3, 3)}
    return _save(path, graph, [_image("rgbs", 462, 630)], outputs)


def moge_2(path: Path, shift: float = 0.7, scale: float = 1.6) -> Path:
    """Free sizes: the slopes of the rays are those of CAMERA, brought to the size of the image."""
    graph = _Graph([], [])
    depth = _depth(graph, "image", 0.0, 1.0, 1.0)
    affine = graph.number("Div", depth, scale)
    size = graph.add("Shape", "image")
    tail = graph.add("Slice", size, *(graph.constant(np.array([k])) for k in (2, 4)))
    whole = graph.add("Concat", graph.constant(np.array([1, 1], np.int64)), tail, axis=0)
    v, u = np.mgrid[0 : CAMERA.height, 0 : CAMERA.width].astype(np.float32)
    slopes = {"x": (u - CAMERA.cx) / CAMERA.fx, "y": (v - CAMERA.cy) / CAMERA.fy}
    parts = []
    for slope in slopes.values():
        grid = graph.add(
            "Resize", graph.constant(slope[None, None].astype(np.float32)), "", "", whole, mode="linear",
            coordinate_transformation_mode="half_pixel",
        )  # fmt: skip
        parts.append(graph.add("Mul", grid, affine))
    parts.append(graph.number("Sub", affine, shift))
    stacked = graph.add("Concat", *parts, axis=1)
    graph.add("Transpose", stacked, name="points", perm=[0, 2, 3, 1])
    graph.add("Transpose", stacked, name="normal", perm=[0, 2, 3, 1])
    ones = graph.number("Add", graph.number("Mul", depth, 0.0), 1.0)
    graph.add("Squeeze", ones, graph.constant(np.array([1])), name="mask")
    tokens = graph.add("Cast", "num_tokens", to=TensorProto.FLOAT)  # used, so that it stays an input
    graph.number("Add", graph.number("Mul", tokens, 0.0), scale, name="metric_scale")
    inputs = [_image("image", "h", "w"), helper.make_tensor_value_info("num_tokens", TensorProto.INT64, [])]
    outputs = {"points": (1, "h", "w", 3), "normal": (1, "h", "w", 3), "mask": (1, "h", "w"), "metric_scale": ()}
    return _save(path, graph, inputs, outputs)


def depth_pro(path: Path) -> Path:
    graph = _Graph([], [])
    depth = _depth(graph, "input", 0.5, 0.5, 1.0)
    inverse = graph.number("Mul", graph.add("Reciprocal", depth), CAMERA.fx / CAMERA.width)
    graph.number("Mul", inverse, 1.0, name="canonical_inverse_depth")
    graph.number("Add", graph.constant(np.zeros(1, np.float32)), 55.0, name="fov_deg")
    outputs = {"canonical_inverse_depth": (1, 1, 1536, 1536), "fov_deg": (1,)}
    return _save(path, graph, [_image("input", 1536, 1536)], outputs)


TINY = {
    made.__name__: made
    for made in (
        depth_anything_v2_metric, depth_anything_v2_relative, depth_anything_3_metric, metric3d_v2, unidepth_v2, moge_2,
        depth_pro,
    )
}  # fmt: skip
