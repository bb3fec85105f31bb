# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime: on the CPU everywhere, and through its CUDA and TensorRT providers where they are installed.

A provider that is missing or does not start is an error, never a silent fall back to the CPU.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from grin_ros.core.artifact.loading import Artifact
from grin_ros.core.artifact.manifest import GRAPHS
from grin_ros.core.backends.cache import provider_folder
from grin_ros.core.backends.engine import Engine, EngineError, EngineUnavailableError
from grin_ros.core.sampling.sampler import Tensor

logger = logging.getLogger(__name__)


class OrtEngine(Engine):
    """ONNX Runtime on the CPU. Tensors stay where the provider put them (OrtValue) until `to_host`."""

    provider: ClassVar[str] = "CPUExecutionProvider"
    device: ClassVar[str] = "cpu"

    def __init__(self, artifact: Artifact, threads: int = 0) -> None:
        """threads: of each operator; 0 lets ONNX Runtime choose. Raises EngineUnavailableError where the provider
        is missing or does not start, EngineError where a graph does not load."""
        super().__init__(artifact, threads)
        self._sessions: dict[str, Any] = {}
        available = onnxruntime.get_available_providers()
        if self.provider not in available:
            raise EngineUnavailableError(
                f"{self.provider}: not in the installed onnxruntime {onnxruntime.__version__}, which has "
                f"{', '.join(available)}; install the onnxruntime build that brings it (onnxruntime-gpu), "
                "or choose backend 'ort'"
            )
        self._prepare()
        for graph in GRAPHS:
            self._sessions[graph] = self._open(self.graph_path(graph))
        logger.info("%s, artifact %s", self.description, artifact.digest)

    @property
    def description(self) -> str:
        return f"onnxruntime {onnxruntime.__version__} {self.provider}"

    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        if graph not in self._sessions:
            raise EngineError(f"{self.description}: '{graph}' is not open; the engine was closed, open a new one")
        session = self._sessions[graph]
        names = [output.name for output in session.get_outputs()]
        try:
            binding = session.io_binding()
            # Held until the run is over: a binding of host memory does not own it.
            held = {name: self._to_device(value) for name, value in inputs.items()}
            for name, value in held.items():
                binding.bind_ortvalue_input(name, value)
            for name in names:
                binding.bind_output(name, self.device)
            session.run_with_iobinding(binding)
            return dict(zip(names, binding.get_outputs(), strict=True))
        except Exception as error:  # the runtime's own exceptions share no other base class
            shapes = ", ".join(f"{name} {_shape(value)}" for name, value in inputs.items())
            raise EngineError(f"{self.description}: graph '{graph}' failed on {shapes}: {error}") from error

    def to_host(self, tensor: Tensor) -> NDArray[Any]:
        return np.asarray(tensor if isinstance(tensor, np.ndarray) else tensor.numpy())

    def close(self) -> None:
        self._sessions.clear()

    def provider_options(self) -> dict[str, str]:
        """Options of the provider, as ONNX Runtime names them."""
        return {}

    def _prepare(self) -> None:
        """What a provider needs before its first session."""

    def _open(self, path: Path) -> Any:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL  # the graphs are chains: nothing runs abreast
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        # Waiting threads sleep instead of spinning: a robot's cores have other work between two operators.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3  # errors; what matters is checked and raised here
        try:
            # By path, not bytes: the weights lie beside the graph, and ONNX Runtime reads nothing outside its folder.
            session = onnxruntime.InferenceSession(
                str(path), options, providers=[(self.provider, self.provider_options())]
            )
        except Exception as error:  # the runtime's own exceptions share no other base class
            raise EngineError(f"{path}: {self.description} cannot load it: {error}") from error
        started = session.get_providers()[0]
        if started != self.provider:
            raise EngineUnavailableError(
                f"{self.provider} did not start and onnxruntime {onnxruntime.__version__} fell back to {started}; "
                "check the driver and the CUDA, cuDNN and TensorRT versions this build needs, or choose backend 'ort'"
            )
        return session

    def _to_device(self, value: Tensor) -> Any:
        if isinstance(value, np.ndarray):
            return onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(value), self.device, 0)
        return value


class OrtInt8Engine(OrtEngine):
    """`denoise` in int8, by the artifact's Q/DQ graph; worth it where the processor has VNNI or dot products."""

    precision: ClassVar[str] = "int8"
    graphs: ClassVar[str] = "int8"


class OrtCudaEngine(OrtEngine):
    """ONNX Runtime on an NVIDIA GPU (package onnxruntime-gpu). The whole DDIM loop stays on the device."""

    provider: ClassVar[str] = "CUDAExecutionProvider"
    device: ClassVar[str] = "cuda"

    def provider_options(self) -> dict[str, str]:
        # TF32 would round every product to 10 bits: this engine says fp32 and is held to fp32's tolerance.
        return {"use_tf32": "0"}

    def _prepare(self) -> None:
        # Finds CUDA and cuDNN where pip put them (onnxruntime-gpu[cuda,cudnn]); a system installation needs no help.
        onnxruntime.preload_dlls()


class OrtTensorrtEngine(OrtCudaEngine):
    """ONNX Runtime's TensorRT provider in fp16. Engines are built at the first frame of each size, and kept."""

    provider: ClassVar[str] = "TensorrtExecutionProvider"
    precision: ClassVar[str] = "fp16"
    first_frame_s: ClassVar[float] = 1800.0

    def provider_options(self) -> dict[str, str]:
        # TensorRT's version, the GPU and the shapes are in the provider's own file names and checks.
        cache = provider_folder() / f"{self.artifact.digest}-onnxruntime-{onnxruntime.__version__}"
        cache.mkdir(parents=True, exist_ok=True)
        return {
            "trt_fp16_enable": "1",
            "trt_engine_cache_enable": "1",
            "trt_engine_cache_path": str(cache),
            "trt_timing_cache_enable": "1",
            "trt_timing_cache_path": str(cache),
        }


def _shape(value: Tensor) -> str:
    shape = value.shape if isinstance(value, np.ndarray) else value.shape()
    return "x".join(str(size) for size in shape)
