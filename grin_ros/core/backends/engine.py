# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The interface of every backend: an engine runs the three graphs of one artifact."""

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


class EngineError(RuntimeError):
    """The engine cannot be opened or gave a wrong answer; the text says what was got, expected, and what to do."""


class EngineUnavailableError(EngineError):
    """The backend's runtime, provider or device is not on this machine; the text says what is, and what to install."""


class Engine(ABC):
    """Runs the three graphs of one artifact. Not thread safe: one caller at a time.

    A backend implements `run`. One that has a faster way through all steps returns a `FusedDenoiser` from `denoiser`.
    """

    precision: ClassVar[str] = "fp32"
    graphs: ClassVar[str] = "fp32"
    """Which of the artifact's graphs it loads; the runtime may compute these in another precision."""
    first_frame_s: ClassVar[float] = 60.0
    """What the first frame of a size may take, as the runtime builds or allocates for it."""

    def __init__(self, artifact: Artifact, threads: int = 0) -> None:
        """threads: 0 lets the runtime choose."""
        self.artifact = artifact
        self.threads = threads
        self.caveat = ""
        """Why it runs in place of a preferred backend; empty where it is the preferred one."""

    @property
    @abstractmethod
    def description(self) -> str:
        """Runtime, version and device, for diagnostics: 'onnxruntime 1.31.1 CPUExecutionProvider'."""

    @abstractmethod
    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run 'encode', 'denoise' or 'decode'. Inputs may be NumPy arrays or this engine's own outputs."""

    def graph_path(self, graph: str) -> Path:
        """The ONNX file to load. Raises EngineUnavailableError where the artifact has none of the precision."""
        try:
            return self.artifact.graph(graph, self.graphs)
        except ArtifactError as error:
            raise EngineUnavailableError(str(error)) from error

    def to_host(self, tensor: Tensor) -> NDArray[Any]:
        """The tensor as a NumPy array."""
        return np.asarray(tensor)

    def close(self) -> None:  # noqa: B027 - an engine that holds nothing has nothing to do here
        """Free what the runtime holds; the engine is not used afterwards."""

    def settle(self) -> None:  # noqa: B027 - an engine that is the same for all frames has nothing to do here
        """It has answered the golden sample, and frames come now: what pays over many frames alike may be built."""

    def encode(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Once a frame. image (1, H, W, 3) uint8; queries (1, N, 2), query_rays (1, N, 3), scene_rays (1, G, 3),
        mounting (1, 5) float32 -> local_tokens, scene_kv: all that `denoise` reads."""
        return self.run("encode", inputs)

    def denoiser(self, tokens: Mapping[str, Tensor]) -> Denoiser:
        """Return what `sampler.sample` calls: the graph 'denoise' with the tokens that `encode` gave for a frame."""
        return GraphDenoiser(self, tokens)

    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """x, log_variance (S, N); image (1, H, W, 3) uint8; ray_z (1, H, W) float32 -> depth_m, sigma_m (H, W)."""
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
