# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""OpenVINO on the CPU, in f32, bf16 and int8. Compiled graphs are kept in the engine cache.

The precision is always given, because OpenVINO chooses bf16 by itself if the processor has it.
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import openvino

from grin_ros.core.artifact.loading import Artifact
from grin_ros.core.artifact.manifest import WEIGHTS
from grin_ros.core.backends.cache import engine_key, load, store
from grin_ros.core.backends.cpu import cpu_identity
from grin_ros.core.backends.engine import Engine, EngineError, EngineUnavailableError
from grin_ros.core.backends.openvino.graph import Graph, Sizes, Tensors
from grin_ros.core.sampling.sampler import Tensor

logger = logging.getLogger(__name__)

DEVICE = "CPU"
"""OpenVINO's name of the device."""
COPY_THE_FILES = "OpenVINO reads no weights through a link to another folder: copy the folder with cp -rL"
"""The remedy where the files of an artifact are symbolic links, as in caches of model hubs."""


class OpenvinoEngine(Engine):
    """OpenVINO in f32. Its tensors are NumPy arrays."""

    low: ClassVar[Mapping[str, str]] = {}
    """Graph -> OpenVINO's name of its precision, for graphs that are not computed in f32."""

    def __init__(self, artifact: Artifact, threads: int = 0) -> None:
        """Load the graphs, from the cache if they are there.

        threads: the CPU threads of each graph, 0 lets OpenVINO choose. Raises EngineUnavailableError if the processor
        does not compute in the precision, EngineError if a graph cannot be loaded.
        """
        super().__init__(artifact, threads)
        self._graphs: dict[str, Graph] = {}
        self._core = openvino.Core()
        capabilities = [str(name) for name in self._core.get_property(DEVICE, "OPTIMIZATION_CAPABILITIES")]
        self._device_name = str(self._core.get_property(DEVICE, "FULL_DEVICE_NAME"))
        if self.precision == "bf16" and "BF16" not in capabilities:
            raise EngineUnavailableError(
                f"bf16: the processor ({self._device_name}) computes in {', '.join(capabilities)} only, it needs AMX "
                "or AVX512-BF16",
                "choose backend 'openvino'",
            )
        accepted = artifact.manifest.golden_tolerance_ln.get(self.precision, 0.0)
        for name in artifact.graphs:
            axes = {each["name"]: each["shape"] for each in artifact.manifest.tensors[name]["inputs"]}
            self._graphs[name] = Graph(name, axes, accepted, partial(self._open, name))
        logger.info("%s, artifact %s", self.description, artifact.digest)

    @property
    def description(self) -> str:
        return f"openvino {openvino.get_version().partition('-')[0]} {DEVICE} {self.precision}"

    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        runs = self._graphs.get(graph)
        if runs is None:
            raise self.not_open(graph)
        try:
            return runs({name: np.ascontiguousarray(value) for name, value in inputs.items()})
        except Exception as error:  # the runtime's own exceptions share no other base class
            raise self.failure(graph, inputs, error) from error

    def settle(self) -> None:
        for graph in self._graphs.values():
            graph.settle()

    def close(self) -> None:
        self._graphs.clear()

    def _open(self, graph: str, sizes: Sizes, constants: Tensors) -> Any:
        """Return a graph compiled for `sizes` (none: for all sizes), from the cache or built and stored there.

        With constants in place of inputs it is compiled for one camera, and not stored.
        """
        path, precision = self.graph_path(graph), self.low.get(graph, "f32")
        options: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": precision,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": self.threads,
        }
        key = engine_key(
            self.artifact,
            graph,
            runtime=f"openvino {openvino.get_version()}",
            device=f"{DEVICE} {self._device_name} {cpu_identity()}",
            precision=precision if path == self.artifact.graph(graph) else f"{self.graphs}, else {precision}",
            options=options,
            shapes=dict(sizes),
        )
        start = time.perf_counter()
        kept = None if constants else load(key)
        if kept is not None:
            try:
                compiled = self._core.import_model(kept, DEVICE, options)
                logger.info("%s: %s from the cache in %.1f s", self.description, graph, time.perf_counter() - start)
                return compiled
            except Exception as error:  # the runtime's own exceptions share no other base class
                logger.warning(
                    "%s refuses %s from the cache (%s); it is built again", self.description, key.file_name, error
                )
        try:
            compiled = self._core.compile_model(self._model(path, sizes, constants), DEVICE, options)
        except Exception as error:  # the runtime's own exceptions share no other base class
            remedy = f"; {COPY_THE_FILES}" if (path.parent / WEIGHTS).resolve().parent != path.parent.resolve() else ""
            raise EngineError(f"{path}: {self.description} cannot load it: {str(error).strip()}{remedy}") from error
        if not constants:
            buffer = io.BytesIO()
            compiled.export_model(buffer)
            store(key, buffer.getvalue())
        logger.info("%s: %s built in %.1f s", self.description, graph, time.perf_counter() - start)
        return compiled

    def _model(self, path: Path, sizes: Sizes, constants: Tensors) -> Any:
        # It is read by its path, because the weights lie in a safetensors file beside it.
        model = self._core.read_model(path)
        if sizes:
            model.reshape({name: list(shape) for name, shape in sizes})
        for parameter in model.get_parameters():
            values = constants.get(parameter.get_friendly_name())
            if values is not None:
                constant = openvino.opset13.constant(values)
                for reader in parameter.output(0).get_target_inputs():
                    reader.replace_source_output(constant.output(0))
                model.remove_parameter(parameter)
        return model


class OpenvinoBf16Engine(OpenvinoEngine):
    """The graphs 'denoise' and 'hints' in bf16, on processors that compute in it (AMX or AVX512-BF16).

    'encode' and 'decode' stay f32, because OpenVINO in bf16 rounds more than the products. In 'encode' it rounds the
    angles of the ray embedding and the sampled positions: the mean error of ln(range) is then 2e-2 instead of 1e-3. In
    'decode' it rounds the weights of the upsampling, and there are no products to gain from.
    """

    precision: ClassVar[str] = "bf16"
    low: ClassVar[Mapping[str, str]] = {"denoise": "bf16", "hints": "bf16"}


class OpenvinoInt8Engine(OpenvinoEngine):
    """The graph 'denoise' in int8 (Q/DQ); what is not quantised stays f32."""

    precision: ClassVar[str] = "int8"
    graphs: ClassVar[str] = "int8"
