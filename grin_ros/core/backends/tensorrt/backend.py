# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""TensorRT without ONNX Runtime or torch in between: the loop of k steps is one captured CUDA graph.

Engines are built when the backend is opened, for all sizes, and kept in the engine cache. While frames run, nothing is
built, and memory is allocated only for an image that is larger than all before. The precision of a layer is that of the
ONNX graph.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import tensorrt
from numpy.typing import NDArray

from grin_ros.core.artifact.loading import Artifact
from grin_ros.core.backends.cache import EngineKey, engine_key, load, store
from grin_ros.core.backends.engine import Engine, EngineError, EngineSizeError, FusedDenoiser
from grin_ros.core.backends.tensorrt import cuda
from grin_ros.core.backends.tensorrt.build import MAX_MEMBERS, WORKSPACE_BYTES, Plan, bounds, build, trt_logger
from grin_ros.core.backends.tensorrt.program import DeviceTensor, Program
from grin_ros.core.sampling.sampler import Denoiser, Sample, Tensor

logger = logging.getLogger(__name__)

MAX_STEPS = 50
"""The largest number of steps; the levels of all of them have a place in one buffer."""
KEPT_LOOPS = 4
"""The number of captured loops that are kept, one for each (steps, members, pixels). Each has memory of its own."""
LEVELS_STRIDE = cuda.ALIGNMENT
"""Bytes from the levels of one step to those of the next, because TensorRT reads from aligned addresses only."""


@dataclass(frozen=True)
class _Loop:
    """A context for one size of the loop, and the graph captured from it; None if it cannot be captured."""

    context: Any
    graph: cuda.CapturedGraph | None

    def close(self) -> None:
        if self.graph is not None:
            self.graph.close()


class TrtEngine(Engine):
    """TensorRT in fp32. Its tensors stay on the GPU; they are valid until their graph runs again."""

    def __init__(self, artifact: Artifact, threads: int = 0) -> None:
        """Load or build the engines of the graphs.

        threads: not used. Raises EngineUnavailableError if there is no GPU or the artifact has no graphs of this
        precision, EngineError if a graph cannot be built.
        """
        super().__init__(artifact, threads)
        self._programs: dict[str, Program] = {}
        self._loops: OrderedDict[tuple[int, ...], _Loop] = OrderedDict()
        self._buffers: dict[str, cuda.DeviceBuffer] = {}
        self._pinned: dict[str, cuda.PinnedBuffer] = {}
        self._paths = {graph: self.graph_path(graph) for graph in artifact.graphs}
        self._gpu = cuda.gpu()
        self._runtime_name = f"tensorrt {tensorrt.__version__} driver {self._gpu.driver}"
        self._device_name = f"{self._gpu.name} sm {self._gpu.compute_capability}"
        self._stream = cuda.CudaStream()
        try:
            self._runtime = tensorrt.Runtime(trt_logger(tensorrt))
            for graph in artifact.graphs:
                self._programs[graph] = Program(graph, self._deserialised(graph), self._stream)
            self._allocate()
        except BaseException:
            self.close()
            raise
        logger.info("%s, artifact %s", self.description, artifact.digest)

    @property
    def description(self) -> str:
        return f"tensorrt {tensorrt.__version__} {self._gpu.name} {self.precision}"

    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        program = self._programs.get(graph)
        if program is None:
            raise self.not_open(graph)
        try:
            outputs = program.run(inputs)
            self._stream.wait()
            return dict(outputs)
        except Exception as error:  # TensorRT's exceptions share no other base class
            raise self.failure(graph, inputs, error) from error

    def denoiser(self, tokens: Mapping[str, Tensor]) -> Denoiser:
        return FusedDenoiser(self, tokens, self.denoise_loop)

    def denoise_loop(
        self, tokens: Mapping[str, Tensor], x: Tensor, latents: Tensor, levels: NDArray[np.float32]
    ) -> Sample:
        """Do all steps. The first loop of its size runs step by step and is captured for the next ones."""
        program = self._programs.get("denoise")
        if program is None:
            raise self.not_open("denoise")
        steps, (members, queries) = len(levels), x.shape
        if not (1 <= steps <= MAX_STEPS and 1 <= members <= MAX_MEMBERS):
            raise EngineSizeError(
                f"{self.description}: got {steps} steps and {members} members, expected 1 to {MAX_STEPS} and 1 to "
                f"{MAX_MEMBERS}"
            )
        program.load(tokens)
        self._load_state(x, latents, levels)
        key = (steps, members, queries)
        loop = self._loops.get(key)
        if loop is not None and loop.graph is not None:
            loop.graph.launch(self._stream)
        else:
            context = program.new_context() if loop is None else loop.context
            self._enqueue_loop(context, key, tokens)
            if loop is None:
                self._loops[key] = self._captured(context, key, tokens)
        self._loops.move_to_end(key)
        if len(self._loops) > KEPT_LOOPS:
            self._loops.popitem(last=False)[1].close()
        self._stream.wait()
        program.generation += 1
        return self._results(key, latents)

    def to_host(self, tensor: Tensor) -> NDArray[Any]:
        if not isinstance(tensor, DeviceTensor):
            return np.asarray(tensor)
        tensor.check()
        staged = self._staging("out").array(tensor.shape, tensor.dtype)
        self._stream.download(staged, tensor.address)
        self._stream.wait()
        return staged.copy()  # the next download overwrites it

    def close(self) -> None:
        """Free everything: first what refers to memory, then the memory."""
        while self._loops:
            self._loops.popitem()[1].close()
        while self._programs:
            self._programs.popitem()[1].close()
        while self._buffers:
            self._buffers.popitem()[1].free()
        while self._pinned:
            self._pinned.popitem()[1].free()
        self._stream.close()

    def _deserialised(self, graph: str) -> Any:
        """Return the engine of a graph, from the cache or built and stored there."""
        key = engine_key(
            self.artifact,
            graph,
            runtime=self._runtime_name,
            device=self._device_name,
            precision=self.precision,
            options={"bounds": bounds(self.artifact, graph), "workspace": WORKSPACE_BYTES},
        )
        start = time.perf_counter()
        kept = load(key)
        if kept is not None:
            engine = self._runtime.deserialize_cuda_engine(kept)
            if engine is not None:
                logger.info("%s: %s from the cache in %.1f s", self.description, graph, time.perf_counter() - start)
                return engine
            logger.warning("%s refuses %s in the cache; built again", self.description, key.file_name)
        logger.info("%s: building %s; this takes minutes, but only the first time", self.description, graph)
        plan = self._built(graph)
        engine = self._runtime.deserialize_cuda_engine(plan.engine)
        if engine is None:
            raise EngineError(f"{self.description}: cannot load '{graph}', which it has just built; see the log above")
        store(key, plan.engine)
        logger.info("%s: %s built in %.1f s", self.description, graph, time.perf_counter() - start)
        return engine

    def _built(self, graph: str) -> Plan:
        """Build the engine of a graph, with the timings that earlier builds on this device stored."""
        timings = EngineKey("timings", "any", self._runtime_name, self._device_name, "any", "{}", "{}")
        plan = build(tensorrt, self._paths[graph], bounds(self.artifact, graph), load(timings) or b"")
        store(timings, plan.timings)
        return plan

    def _allocate(self) -> None:
        """Allocate all that the loop writes, for the most members: captured graphs contain the addresses."""
        network = self.artifact.manifest.network
        floats = {
            "x": MAX_MEMBERS * network.grid_rows * network.grid_cols,
            "latents": MAX_MEMBERS * network.latent_count * network.latent_dim,
        }
        sizes = {f"{name}.{index}": 4 * count for name, count in floats.items() for index in (0, 1)}
        sizes |= {"log_variance": 4 * floats["x"], "levels": MAX_STEPS * LEVELS_STRIDE}
        for name, nbytes in sizes.items():
            self._buffers[name] = cuda.DeviceBuffer(nbytes)
        self._programs["denoise"].reserve_largest(("local_tokens", "scene_kv"), bounds(self.artifact, "denoise"))

    def _load_state(self, x: Tensor, latents: Tensor, levels: NDArray[np.float32]) -> None:
        """Copy to the GPU what the first step reads: noise, latents, and the levels of all steps."""
        staged = self._staging("levels").array((len(levels), LEVELS_STRIDE // 4), np.dtype(np.float32))
        staged[:, :4] = levels
        self._stream.upload(self._buffers["levels"].address, staged)
        for name, value in (("x", x), ("latents", latents)):
            address = self._buffers[f"{name}.0"].address
            if isinstance(value, DeviceTensor):
                value.check()
                self._stream.copy(address, value.address, value.nbytes)
            else:
                staged = self._staging(name).array(value.shape, np.dtype(np.float32))
                np.copyto(staged, value)
                self._stream.upload(address, staged)

    def _enqueue_loop(self, context: Any, key: tuple[int, ...], tokens: Mapping[str, Tensor]) -> None:
        """Enqueue all steps. x and latents have two buffers each, which are input and output in turn."""
        steps, members, queries = key
        program, buffers = self._programs["denoise"], self._buffers
        network = self.artifact.manifest.network
        shapes = {
            "x": (members, queries),
            "levels": (4,),
            "latents": (members, network.latent_count, network.latent_dim),
            **{name: tuple(value.shape) for name, value in tokens.items()},
        }
        for step in range(steps):
            here, there = step % 2, (step + 1) % 2
            addresses = {
                "x": buffers[f"x.{here}"].address,
                "levels": buffers["levels"].address + step * LEVELS_STRIDE,
                "latents": buffers[f"latents.{here}"].address,
                **{name: program.buffers[name].address for name in tokens},
                "x_next": buffers[f"x.{there}"].address,
                "latents_next": buffers[f"latents.{there}"].address,
                "log_variance": buffers["log_variance"].address,
            }
            program.enqueue(context, shapes, addresses)

    def _captured(self, context: Any, key: tuple[int, ...], tokens: Mapping[str, Tensor]) -> _Loop:
        """Capture the loop, which has just run, as one graph. If that fails, the loop runs step by step."""
        self._stream.wait()
        try:
            return _Loop(context, self._stream.capture(lambda: self._enqueue_loop(context, key, tokens)))
        except EngineError as error:
            logger.warning(
                "%s: the loop cannot be captured, so it runs step by step, which is slower: %s", self.description, error
            )
            # The failed capture may have left the old context unusable.
            return _Loop(self._programs["denoise"].new_context(), None)

    def _results(self, key: tuple[int, ...], latents: Tensor) -> Sample:
        steps, members, queries = key
        program, last = self._programs["denoise"], steps % 2

        def tensor(buffer: str, shape: tuple[int, ...]) -> DeviceTensor:
            return DeviceTensor(self._buffers[buffer].address, shape, np.dtype(np.float32), program, program.generation)

        return Sample(
            tensor(f"x.{last}", (members, queries)),
            tensor(f"latents.{last}", (members, *latents.shape[1:])),
            tensor("log_variance", (members, queries)),
        )

    def _staging(self, name: str) -> cuda.PinnedBuffer:
        return self._pinned.setdefault(name, cuda.PinnedBuffer())


class TrtFp16Engine(TrtEngine):
    """TensorRT with products in fp16, for artifacts with such graphs."""

    precision: ClassVar[str] = "fp16"
    graphs: ClassVar[str] = "fp16"


class TrtBf16Engine(TrtEngine):
    """TensorRT with products in bf16, which has the range of fp32; for GPUs of compute capability 8.0 and later."""

    precision: ClassVar[str] = "bf16"
    graphs: ClassVar[str] = "bf16"


class TrtInt8Engine(TrtEngine):
    """TensorRT with products in int8, with the scales of the graph."""

    precision: ClassVar[str] = "int8"
    graphs: ClassVar[str] = "int8"
