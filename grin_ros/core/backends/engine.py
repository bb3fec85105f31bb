# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The interface of every backend: an opened engine runs the graphs of one artifact."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.artifact.loading import Artifact
from grin_ros.core.artifact.manifest import ArtifactError
from grin_ros.core.sampling.sampler import Denoiser, Sample, Tensor

OF_CAMERA = ("queries", "query_rays", "scene_rays", "mounting")
"""The inputs that stay the same as long as the camera does."""


class EngineError(RuntimeError):
    """The engine cannot be opened, failed or answered wrong; the text says what to do."""


class EngineUnavailableError(EngineError):
    """The backend's runtime, provider or device is not on this machine, or the artifact has no graphs for it.

    text: what is missing. remedy: what to install or choose. The message is the two of them, joined by a semicolon.
    """

    def __init__(self, text: str, remedy: str = "") -> None:
        super().__init__(f"{text}; {remedy}" if remedy else text)
        self.text = text
        self.remedy = remedy


class EngineSizeError(EngineError):
    """The engine takes no image of this size, or not so many members. It is in order, and the same one opened again
    would refuse the frame too."""


class Engine(ABC):
    """Runs the graphs of one artifact: encode, denoise, decode, and hints where it has a hint network.

    On the CPU, threads may share it: each has an `Estimator` of its own. On a GPU, the tensors of a frame stay in the
    memory of the engine, so that every thread needs an engine of its own.

    A backend implements `run`. One that has a faster way through all steps returns a `FusedDenoiser` from `denoiser`.
    """

    precision: ClassVar[str] = "fp32"
    """The precision in which it computes, which decides how exactly it must repeat the golden sample."""
    graphs: ClassVar[str] = "fp32"
    """The precision of the artifact's graphs that it loads; the runtime may compute in another one."""
    first_frame_s: ClassVar[float] = 60.0
    """Seconds that the first frame of a size may take, because the runtime may build or allocate for it."""

    def __init__(self, artifact: Artifact, threads: int = 0) -> None:
        """Open the engine. threads: CPU threads, 0 lets the runtime choose."""
        self.artifact = artifact
        self.threads = threads
        self.reason = ""
        """Why this backend was chosen; empty until `open_engine` has opened it."""
        self.caveat = ""
        """Why it runs in place of a preferred backend; empty if it is the preferred one."""

    @property
    @abstractmethod
    def description(self) -> str:
        """The runtime, version and device for diagnostics, for example 'onnxruntime 1.31.1 CPUExecutionProvider'."""

    @abstractmethod
    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run one of `artifact.manifest.graphs`. Inputs are NumPy arrays or outputs of this engine.

        Raises EngineError if the graph fails, if there is none of this name, or if the engine was closed.
        """

    def not_open(self, graph: str) -> EngineError:
        """Return the error for a graph that is asked for after `close`, or that does not exist."""
        graphs = self.artifact.manifest.graphs
        if graph not in graphs:
            return EngineError(f"{self.description}: the artifact has no graph '{graph}', only {', '.join(graphs)}")
        return EngineError(f"{self.description}: '{graph}' is not open; the engine was closed, open a new one")

    def failure(self, graph: str, inputs: Mapping[str, Tensor], error: Exception) -> EngineError:
        """Return the error for a graph on which the runtime raised `error`, with the shapes of its inputs."""
        shapes = {name: value.shape for name, value in inputs.items()}
        given = ", ".join(
            f"{name} {'x'.join(map(str, shape() if callable(shape) else shape))}" for name, shape in shapes.items()
        )
        kind = EngineSizeError if isinstance(error, EngineSizeError) else EngineError
        return kind(f"{self.description}: graph '{graph}' failed on {given}: {error}")

    def graph_path(self, graph: str) -> Path:
        """Return the ONNX file to load. Raises EngineUnavailableError if the artifact has none of the precision."""
        try:
            return self.artifact.graph(graph, self.graphs)
        except ArtifactError as error:
            raise EngineUnavailableError(error.text, error.remedy) from error

    def to_host(self, tensor: Tensor) -> NDArray[Any]:
        """Return a tensor of this engine as a NumPy array."""
        return np.asarray(tensor)

    def close(self) -> None:  # noqa: B027 - an engine that holds nothing does nothing here
        """Free what the runtime holds. The engine cannot be used afterwards."""

    def settle(self) -> None:  # noqa: B027 - most engines have nothing to do here
        """Prepare for many frames of the same kind: called once, after the engine has repeated the golden sample."""

    def encode(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run the graph 'encode', once a frame, and return its tokens: all that 'denoise' needs to know of the frame.

        inputs: image (1, H, W, 3) uint8; queries (1, N, 2), query_rays (1, N, 3), scene_rays (1, G, 3) and
        mounting (1, 5) float32.
        """
        return self.run("encode", inputs)

    def denoiser(self, tokens: Mapping[str, Tensor]) -> Denoiser:
        """Return what `sampler.sample` calls: the graph 'denoise' with the tokens that `encode` gave for a frame."""
        return GraphDenoiser(self, tokens)

    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the graph 'decode' and return depth_m, sigma_m (H, W) float32, in metres.

        inputs: x, log_variance (S, N); image (1, H, W, 3) uint8; ray_z (1, H, W) float32.
        """
        out = self.run("decode", inputs)
        return self.to_host(out["depth_m"]), self.to_host(out["sigma_m"])


@dataclass(frozen=True)
class GraphDenoiser:
    """The graph 'denoise' of an engine with the tokens of one frame."""

    engine: Engine
    tokens: Mapping[str, Tensor]

    def __call__(self, x: Tensor, latents: Tensor, levels: NDArray[np.float32]) -> Sample:
        out = self.engine.run("denoise", {"x": x, "levels": levels, "latents": latents, **self.tokens})
        return Sample(out["x_next"], out["latents_next"], out["log_variance"])

    def to_host(self, tensor: Tensor) -> NDArray[Any]:
        return self.engine.to_host(tensor)


@dataclass(frozen=True)
class FusedDenoiser(GraphDenoiser):
    """The denoiser of an engine that does several steps by itself."""

    steps: Callable[[Mapping[str, Tensor], Tensor, Tensor, NDArray[np.float32]], Sample]
    """tokens, x, latents, levels (steps, 4) -> the sample after all steps."""

    def loop(self, x: Tensor, latents: Tensor, levels: NDArray[np.float32]) -> Sample:
        return self.steps(self.tokens, x, latents, levels)
