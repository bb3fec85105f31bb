# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Building a TensorRT engine from an ONNX graph, with calls that TensorRT 10.3 to 11.4 have in common.

Networks are strongly typed: the precision of every layer is that of the graph. The module `tensorrt` is an argument, so
that tests can pass TensorRT-RTX, which has the same interface and builds without a GPU.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from grin_ros.core.artifact.loading import Artifact
from grin_ros.core.backends.engine import EngineError

logger = logging.getLogger(__name__)

WORKSPACE_BYTES = 1 << 30
"""Scratch memory that a layer may use."""
MAX_MEMBERS = 32
"""The largest ensemble that engines are built for."""
MAX_SIDE = 2048
"""The largest width and height of the camera image, in pixels, that engines are built for."""

Bounds = Mapping[str, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]
"""Input -> its smallest, usual and largest shape; only inputs with a free size."""


@dataclass(frozen=True)
class Plan:
    """A built engine, and the timings that make the next build faster."""

    engine: bytes
    timings: bytes


def bounds(artifact: Artifact, graph: str) -> Bounds:
    """Return the shapes that an engine of `graph` must accept.

    They are images up to 2048x2048, up to 32 members, and up to the grid's number of queried pixels. The engine is
    tuned for 640x480 and 4 members.
    """
    network = artifact.manifest.network
    queries = network.grid_rows * network.grid_cols
    free = {
        "members": (1, 4, MAX_MEMBERS),
        "queries": (1, queries, queries),
        "height": (1, 480, MAX_SIDE),
        "width": (1, 640, MAX_SIDE),
    }
    found: dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = {}
    for tensor in artifact.manifest.tensors[graph]["inputs"]:
        sizes = [free[size] if isinstance(size, str) else (size,) * 3 for size in tensor["shape"]]
        if any(isinstance(size, str) for size in tensor["shape"]):
            low, usual, high = (tuple(each) for each in zip(*sizes, strict=True))
            found[tensor["name"]] = (low, usual, high)
    return found


def build(tensorrt: ModuleType, path: Path, shapes: Bounds, timings: bytes = b"") -> Plan:
    """Parse and build the ONNX graph at `path`; its weights lie beside it.

    timings: those of earlier builds on this device, or nothing. Raises EngineError with what TensorRT says, for
    example that it does not know an operator, or that memory is missing.
    """
    log = trt_logger(tensorrt)
    log.said.clear()
    builder = tensorrt.Builder(log)
    network = builder.create_network(1 << int(tensorrt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    # The network refers to memory of its parser, so the parser must live until the engine is built.
    parser = tensorrt.OnnxParser(network, log)
    if not parser.parse_from_file(str(path)):
        errors = [str(parser.get_error(index).desc()) for index in range(parser.num_errors)]
        raise EngineError(f"{path}: TensorRT {tensorrt.__version__} cannot read it: {'; '.join(errors + log.said)}")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(tensorrt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    config.clear_flag(tensorrt.BuilderFlag.TF32)  # TF32 rounds every product to 10 bits, which is not fp32
    cache = config.create_timing_cache(timings)
    config.set_timing_cache(cache, ignore_mismatch=False)
    profile = builder.create_optimization_profile()
    for name, (low, usual, high) in shapes.items():
        profile.set_shape(name, low, usual, high)
    if shapes:
        config.add_optimization_profile(profile)
    built = builder.build_serialized_network(network, config)
    if built is None:
        reason = "; ".join(log.said) or "it gives no reason"
        raise EngineError(f"{path}: TensorRT {tensorrt.__version__} cannot build it: {reason}")
    del parser
    return Plan(bytes(built), bytes(config.get_timing_cache().serialize()))


@lru_cache(maxsize=4)
def trt_logger(tensorrt: ModuleType) -> Any:
    """Return TensorRT's logger for this process. Its messages go to our log, the last errors also to `said`."""
    severity = tensorrt.ILogger.Severity

    class Logger(tensorrt.ILogger):  # type: ignore[misc, name-defined]  # the base class is known only here
        def __init__(self) -> None:
            super().__init__()
            self.said: list[str] = []

        def log(self, level: Any, text: str) -> None:
            if level in (severity.ERROR, severity.INTERNAL_ERROR):
                self.said.append(text)
                del self.said[:-8]
                logger.error("TensorRT: %s", text)
            elif level == severity.WARNING:
                logger.info("TensorRT: %s", text)

    return Logger()
