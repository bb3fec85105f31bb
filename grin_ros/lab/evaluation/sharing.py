# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""An engine that computes nothing twice: a frame is encoded once for many settings, and small ensembles are parts of
larger ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.backends.engine import Engine
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.sampling.sampler import Denoiser, Sample, Tensor, sample
from grin_ros.core.types import DepthEstimate, Frame


@dataclass(frozen=True)
class _Known:
    """A sample with the noise (S, N) and the latents (S, L, C) that it began with."""

    noise: NDArray[np.float32]
    latents: NDArray[np.float32]
    answer: Sample

    def begins_with(self, noise: NDArray[np.float32], latents: NDArray[np.float32]) -> bool:
        """Return True if the first members began with `noise` and `latents`."""
        members = len(noise)
        return np.array_equal(self.noise[:members], noise) and np.array_equal(self.latents[:members], latents)


class SharedWork(Engine):
    """An engine that keeps the last encoding of another engine and the samples made from it, for evaluations.

    The encoding is used again as long as the inputs are equal. Members do not influence each other, and member m has
    the same noise in every ensemble, so that a smaller ensemble is a part of a larger one. Run the largest ensemble
    first. Close the inner engine where it was opened.
    """

    def __init__(self, inner: Engine) -> None:
        super().__init__(inner.artifact, inner.threads)
        self.inner = inner
        self.encoded = 0
        """The number of frames that were encoded."""
        self._inputs: dict[str, NDArray[Any]] = {}
        self._tokens: dict[str, Tensor] = {}
        self._sampled: dict[bytes, _Known] = {}
        """Levels -> the sample with them."""

    @property
    def description(self) -> str:
        return self.inner.description

    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return self.inner.run(graph, inputs)

    def to_host(self, tensor: Tensor) -> NDArray[Any]:
        return self.inner.to_host(tensor)

    def encode(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        same = inputs.keys() == self._inputs.keys() and all(
            np.array_equal(value, self._inputs[name], equal_nan=value.dtype != np.uint8)
            for name, value in inputs.items()
        )
        if not same:
            self._tokens = self.inner.encode(inputs)
            self._inputs = {name: np.array(value) for name, value in inputs.items()}
            self._sampled.clear()
            self.encoded += 1
        return self._tokens

    def denoiser(self, tokens: Mapping[str, Tensor]) -> Denoiser:
        return self.inner.denoiser(tokens)

    def sample(self, denoise: Denoiser, x: Tensor, latents: Tensor, levels: NDArray[np.float32], /) -> Sample:
        """Return the result of `sampler.sample` for the frame that was encoded last.

        This is a sampler for Estimator.
        """
        known = self._sampled.get(levels.tobytes())
        if known is None or not known.begins_with(x, latents):
            found = sample(denoise, x, latents, levels)
            known = _Known(x, latents, Sample(*map(denoise.to_host, found)))
            self._sampled[levels.tobytes()] = known
        return Sample(*(tensor[: len(x)] for tensor in known.answer))

    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return self.inner.decode(inputs)


def shared_estimates(
    engine: Engine, base: Settings, steps: Sequence[int], members: Sequence[int]
) -> dict[tuple[int, int], Callable[[Frame], DepthEstimate]]:
    """Return (steps, members) -> a method with them and with all other settings from `base`.

    The methods share their work on a frame if they are called in this order. Raises ValueError if a number is out of
    range.
    """
    shared = SharedWork(engine)
    estimator = Estimator(shared, base, shared.sample)

    def with_settings(chosen: Settings) -> Callable[[Frame], DepthEstimate]:
        def estimate(frame: Frame) -> DepthEstimate:
            estimator.settings = chosen
            return estimator(frame)

        return estimate

    return {
        (k, m): with_settings(replace(base, steps=k, members=m)) for k in steps for m in sorted(members, reverse=True)
    }
