# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The backends of ONNX Runtime: the CPU, and its CUDA and TensorRT providers.

If a provider is missing or does not start, that is an error: the CPU is never used in its place without a word.
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
from grin_ros.core.backends.cache import provider_folder
from grin_ros.core.backends.engine import Engine, EngineError, EngineUnavailableError
from grin_ros.core.sampling.sampler import Tensor

logger = logging.getLogger(__name__)


class OrtEngine(Engine):
    """ONNX Runtime on the CPU. Tensors are OrtValues, which stay on the provider's device until `to_host`."""

    provider: ClassVar[str] = "CPUExecutionProvider"
    device: ClassVar[str] = "cpu"

    def __init__(self, artifact: Artifact, threads: int = 0) -> None:
        """Load the graphs.

        threads: the CPU threads of each operator, 0 lets ONNX Runtime choose. Raises EngineUnavailableError if the
        provider is missing or does not start, EngineError if a graph cannot be loaded.
        """
        super().__init__(artifact, threads)
        self._sessions: dict[str, Any] = {}
        available = onnxruntime.get_available_providers()
        if self.provider not in available:
            raise EngineUnavailableError(
                f"{self.provider}: not in the installed onnxruntime {onnxruntime.__version__}, which has "
                f"{', '.join(available)}",
                "install the onnxruntime build that brings it (onnxruntime-gpu), or choose backend 'ort'",
            )
        self._prepare()
        for graph in artifact.graphs:
            self._sessions[graph] = self._open(self.graph_path(graph))
        logger.info("%s, artifact %s", self.description, artifact.digest)

    @property
    def description(self) -> str:
        return f"onnxruntime {onnxruntime.__version__} {self.provider}"

    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        if graph not in self._sessions:
            raise self.not_open(graph)
        session = self._sessions[graph]
        names = [output.name for output in session.get_outputs()]
        try:
            binding = session.io_binding()
            # These values must live until the run is over: a binding of host memory does not own it.
            held = {name: self._to_device(value) for name, value in inputs.items()}
            for name, value in held.items():
                binding.bind_ortvalue_input(name, value)
            for name in names:
                binding.bind_output(name, self.device)
            session.run_with_iobinding(binding)
            return dict(zip(names, binding.get_outputs(), strict=True))
        except Exception as error:  # the runtime's own exceptions share no other base class
            raise self.failure(graph, inputs, error) from error

    def to_host(self, tensor: Tensor) -> NDArray[Any]:
        return np.asarray(tensor if isinstance(tensor, np.ndarray) else tensor.numpy())

    def close(self) -> None:
        self._sessions.clear()

    def provider_options(self) -> dict[str, str]:
        """Return the options of the provider, by ONNX Runtime's names."""
        return {}

    def _prepare(self) -> None:
        """Do what a provider needs before its first session."""

    def _open(self, path: Path) -> Any:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL  # the graphs are chains of operators
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        # Waiting threads sleep instead of spinning: a robot's cores have other work between two operators.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3  # errors only
        try:
            # It is loaded by its path: the weights lie beside it, and ONNX Runtime reads nothing outside its folder.
            session = onnxruntime.InferenceSession(
                str(path), options, providers=[(self.provider, self.provider_options())]
            )
        except Exception as error:  # the runtime's own exceptions share no other base class
            raise EngineError(f"{path}: {self.description} cannot load it: {error}") from error
        started = session.get_providers()[0]
        if started != self.provider:
            raise EngineUnavailableError(
                f"{self.provider} did not start and onnxruntime {onnxruntime.__version__} fell back to {started}",
                "check the driver and the CUDA, cuDNN and TensorRT versions this build needs, or choose backend 'ort'",
            )
        return session

    def _to_device(self, value: Tensor) -> Any:
        if isinstance(value, np.ndarray):
            return onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(value), self.device, 0)
        return value


class OrtInt8Engine(OrtEngine):
    """The graph 'denoise' in int8 (Q/DQ). It is faster on processors with VNNI or dot products."""

    precision: ClassVar[str] = "int8"
    graphs: ClassVar[str] = "int8"


class OrtCudaEngine(OrtEngine):
    """ONNX Runtime on an NVIDIA GPU (package onnxruntime-gpu). All steps stay on the GPU."""

    provider: ClassVar[str] = "CUDAExecutionProvider"
    device: ClassVar[str] = "cuda"

    def provider_options(self) -> dict[str, str]:
        # TF32 rounds every product to 10 bits, which is not fp32.
        return {"use_tf32": "0"}

    def _prepare(self) -> None:
        # This finds CUDA and cuDNN where pip installed them (onnxruntime-gpu[cuda,cudnn]). Version 1.21 brought it.
        if preload := getattr(onnxruntime, "preload_dlls", None):
            preload()


class OrtTensorrtEngine(OrtCudaEngine):
    """ONNX Runtime's TensorRT provider in fp16. It builds engines at the first frame of each size and keeps them."""

    provider: ClassVar[str] = "TensorrtExecutionProvider"
    precision: ClassVar[str] = "fp16"
    first_frame_s: ClassVar[float] = 1800.0

    def provider_options(self) -> dict[str, str]:
        # The provider itself checks TensorRT's version, the GPU and the shapes, and has them in its file names.
        cache = provider_folder() / f"{self.artifact.digest}-onnxruntime-{onnxruntime.__version__}"
        cache.mkdir(parents=True, exist_ok=True)
        return {
            "trt_fp16_enable": "1",
            "trt_engine_cache_enable": "1",
            "trt_engine_cache_path": str(cache),
            "trt_timing_cache_enable": "1",
            "trt_timing_cache_path": str(cache),
        }
