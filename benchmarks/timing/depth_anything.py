# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The network of Depth Anything V2 Small (arXiv 2406.09414), to compare speed with.

It has the shape of the released network and random weights, and runs in the same runtime with the same threads. It maps
an image to relative depth at its own resolution, without anything before or after. It needs the extra `bench`.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.timing.rounds import Run
from grin_ros.core.backends.engine import Engine
from grin_ros.core.backends.onnxruntime import OrtEngine

SIZES = ((518, 686), (252, 336))
"""(height, width) of a 640x480 image at the default size and at half of it, in multiples of the patch of 14."""
_CONFIG: dict[str, Any] = {
    "reassemble_hidden_size": 384,
    "patch_size": 14,
    "neck_hidden_sizes": [48, 96, 192, 384],
    "fusion_hidden_size": 64,
    "head_hidden_size": 32,
    "head_in_index": -1,
    "reassemble_factors": [4, 2, 1, 0.5],
}
_BACKBONE: dict[str, Any] = {
    "hidden_size": 384,
    "num_attention_heads": 6,
    "num_hidden_layers": 12,
    "mlp_ratio": 4,
    "image_size": 518,
    "patch_size": 14,
    "out_indices": [3, 6, 9, 12],
    "reshape_hidden_states": False,
    "apply_layernorm": True,
}


class _Depth(nn.Module):
    """The network from an image (1, 3, H, W) to depth (1, H, W)."""

    def __init__(self) -> None:
        super().__init__()
        from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config

        torch.manual_seed(0)
        config = DepthAnythingConfig(backbone_config=Dinov2Config(**_BACKBONE), **_CONFIG)
        self.network: nn.Module = DepthAnythingForDepthEstimation(config)
        self.network.train(False)

    def forward(self, pixels: Tensor) -> Tensor:
        depth: Tensor = self.network(pixels).predicted_depth
        return depth


def export(size: tuple[int, int], folder: Path) -> Path:
    """Write the network at a fixed size as ONNX, and return its path. Raises ImportError without transformers."""
    path = folder / f"depth_anything_v2_small_{size[0]}x{size[1]}.onnx"
    if not path.is_file():
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                _Depth(), (torch.zeros(1, 3, *size),), dynamo=True, opset_version=20, verbose=False
            )
        if program is None:
            raise ValueError("torch.onnx.export returned nothing; use the torch release of setup.py")
        program.save(str(path), external_data=False)
    return path


def runner(engine: Engine, path: Path, size: tuple[int, int]) -> Run | None:
    """Return a run of the network in the runtime and precision of `engine`.

    Return None for int8, for which the network would have to be quantised, and for other runtimes.
    """
    pixels = np.random.default_rng(0).standard_normal((1, 3, *size)).astype(np.float32)
    infer: Callable[[], Any]
    if engine.graphs != "fp32":
        return None
    if isinstance(engine, OrtEngine):
        infer = _ort(engine, path, pixels)
    elif engine.description.startswith("openvino"):
        infer = _openvino(engine, path, pixels)
    else:
        return None

    def run() -> dict[str, float]:
        start = time.perf_counter()
        infer()
        return {"total": (time.perf_counter() - start) * 1e3}

    return run


def _ort(engine: OrtEngine, path: Path, pixels: NDArray[np.float32]) -> Callable[[], Any]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = engine.threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # as in the engine
    options.log_severity_level = 3
    provider = (engine.provider, engine.provider_options())
    session = onnxruntime.InferenceSession(str(path), options, providers=[provider])
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: pixels})


def _openvino(engine: Engine, path: Path, pixels: NDArray[np.float32]) -> Callable[[], Any]:
    import openvino

    options = {
        "INFERENCE_PRECISION_HINT": "bf16" if engine.precision == "bf16" else "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": engine.threads,
    }
    request = openvino.Core().compile_model(str(path), "CPU", options).create_infer_request()
    return lambda: request.infer([pixels], share_inputs=True, share_outputs=True)
