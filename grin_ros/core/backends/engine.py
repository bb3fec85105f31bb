# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The interface of every backend: an engine runs the three graphs of one artifact."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.artifact import Artifact, ArtifactError
from grin_ros.core.sampling.schedule import Level

Tensor = Any
"""An engine's own tensor: a NumPy array on the host, or whatever stays on its device between graphs."""


class EngineError(RuntimeError):
    """The engine cannot be opened or gave a wrong answer; the text says what was got, expected, and what to do."""


class EngineUnavailableError(EngineError):
    """The backend's runtime, provider or device is not on this machine; the text says what is, and what to install."""


class Engine(ABC):
    """Runs the three graphs of one artifact. Not thread safe: one caller at a time.

    A backend implements `run`; one that can keep the whole loop on its device overrides `sample_from` too.
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

    def warm_up(self, width: int, height: int, members: int) -> None:
        """Run one black frame of this size, so that what the runtime builds or allocates for it is there."""
        network = self.artifact.manifest.network
        count, scene = network.grid_rows * network.grid_cols, network.scene_rows * network.scene_cols
        ahead = np.array([0.0, 0.0, 1.0], np.float32)
        image = np.zeros((1, height, width, 3), np.uint8)
        tokens = self.encode(
            {
                "image": image,
                "queries": np.zeros((1, count, 2), np.float32),
                "query_rays": np.tile(ahead, (1, count, 1)),
                "scene_rays": np.tile(ahead, (1, scene, 1)),
                "mounting": np.zeros((1, 5), np.float32),
            }
        )
        start, middle, end = Level(0.0, 1.0), Level(0.6, 0.8), Level(1.0, 0.0)
        # Two steps: the first is run for one member, whatever their number.
        steps = [(start, middle), (middle, end)]
        x, log_variance = self.sample(tokens, np.zeros((members, count), np.float32), steps)
        ray_z = np.ones((1, height, width), np.float32)
        self.decode({"x": x, "log_variance": log_variance, "image": image, "ray_z": ray_z})

    def encode(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Once a frame. image (1, H, W, 3) uint8; queries (1, N, 2), query_rays (1, N, 3), scene_rays (1, G, 3),
        mounting (1, 5) float32 -> local_tokens, scene_kv: all that `denoise` reads."""
        return self.run("encode", inputs)

    def sample(
        self, tokens: Mapping[str, Tensor], x: NDArray[np.float32], pairs: Sequence[tuple[Level, Level]]
    ) -> tuple[Tensor, Tensor]:
        """The DDIM loop. x: (S, N) float32 noise, one row a member -> clean sample (S, N), log variance (S, N)."""
        return self.sample_members(tokens, x, self.no_latents(len(x)), pairs)[:2]

    def sample_members(
        self,
        tokens: Mapping[str, Tensor],
        x: NDArray[np.float32],
        latents: NDArray[np.float32],
        pairs: Sequence[tuple[Level, Level]],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """As `sample_from`, with the first step done once for all members.

        Where there is no signal yet the input tells nothing of the scene: the best answer is the same for all of them.
        They part after it, each with its own noise, and pay for the later steps only.
        """
        here, there = pairs[0]
        if len(x) == 1 or len(pairs) == 1 or here.signal > 0.0:
            return self.sample_from(tokens, x, latents, pairs)
        shared, _, latents_next = self.sample_from(tokens, x[:1], latents[:1], pairs[:1])
        # Without signal all of x is noise, and DDIM keeps it: exchanged for each member's own.
        parted = self.to_host(shared) + np.float32(there.noise / here.noise) * (x - x[:1])
        return self.sample_from(tokens, parted, np.repeat(self.to_host(latents_next), len(x), axis=0), pairs[1:])

    def sample_from(
        self,
        tokens: Mapping[str, Tensor],
        x: NDArray[np.float32],
        latents: Tensor,
        pairs: Sequence[tuple[Level, Level]],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The DDIM loop with the latents (S, L, C) it begins with: zero, or those of a frame before. x: (S, N) float32
        at the first level -> clean sample (S, N), log variance (S, N), latents (S, L, C)."""
        state: Tensor = x
        log_variance: Tensor = None
        for here, there in pairs:
            levels = np.array([here.signal, here.noise, there.signal, there.noise], np.float32)
            out = self.run("denoise", {"x": state, "levels": levels, "latents": latents, **tokens})
            state, latents, log_variance = out["x_next"], out["latents_next"], out["log_variance"]
        return state, log_variance, latents

    def no_latents(self, members: int) -> NDArray[np.float32]:
        """What the sampler begins with where no frame came before."""
        network = self.artifact.manifest.network
        return np.zeros((members, network.latent_count, network.latent_dim), np.float32)

    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """x, log_variance (S, N); image (1, H, W, 3) uint8; ray_z (1, H, W) float32 -> depth_m, sigma_m (H, W)."""
        out = self.run("decode", inputs)
        return self.to_host(out["depth_m"]), self.to_host(out["sigma_m"])
