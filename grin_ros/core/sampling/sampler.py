# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The sampler: from noise to a clean sample in a few denoising steps.

The sampler owns the steps and what members of an ensemble share. A backend only runs the network: see `Denoiser`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Tensor: TypeAlias = Any
"""A backend's own tensor: a NumPy array, or whatever stays on its device between graphs."""


class Sample(NamedTuple):
    """The state of S members at N queried pixels after a step, or after all of them."""

    x: Tensor
    """(S, N) noisy values of depth in the network's units; clean after the last step."""
    latents: Tensor
    """(S, L, C) latents of the network, which the next step (or the next frame) begins with."""
    log_variance: Tensor
    """(S, N) logarithm of the variance of the error of the clean values."""


Loop: TypeAlias = Callable[[Tensor, Tensor, NDArray[np.float32]], Sample]
"""x, latents, levels (steps, 4) -> the sample after all steps."""


class Denoiser(Protocol):
    """The network with the tokens of one frame.

    A denoiser whose backend does several steps faster than one after the other, for example as one CUDA graph, also
    has a method `loop(x, latents, levels)`, which does all steps of `levels` (steps, 4).
    """

    def __call__(self, x: Tensor, latents: Tensor, levels: NDArray[np.float32]) -> Sample:
        """Do one DDIM step. levels: (4,) signal and noise before the step, signal and noise after it."""
        ...

    def to_host(self, tensor: Tensor) -> NDArray[Any]:
        """Return a tensor of this backend as a NumPy array."""
        ...


class Sampler(Protocol):
    """The signature of `sample`, for callers that may be given another one."""

    def __call__(self, denoise: Denoiser, x: Tensor, latents: Tensor, levels: NDArray[np.float32], /) -> Sample: ...


def sample(
    denoise: Denoiser,
    x: Tensor,
    latents: Tensor,
    levels: NDArray[np.float32],
    *,
    share_first_step: bool = True,
) -> Sample:
    """Denoise x (S, N), one row a member, beginning with latents (S, L, C).

    levels: (steps, 4) as `Schedule.levels` gives them. share_first_step: several members that begin with pure noise do
    the first of several steps once for all of them; x and latents must be NumPy arrays then.
    """
    if share_first_step and len(x) > 1 and len(levels) > 1 and levels[0, 0] == 0.0:
        # Without signal the input tells nothing of the scene, so the best answer is the same for all members.
        first = sample(denoise, x[:1], latents[:1], levels[:1])
        # DDIM keeps the noise of its input. It is exchanged here for each member's own.
        x = denoise.to_host(first.x) + levels[0, 3] / levels[0, 1] * (x - x[:1])
        latents = np.repeat(denoise.to_host(first.latents), len(x), axis=0)
        levels = levels[1:]
    loop: Loop | None = getattr(denoise, "loop", None)
    if loop is not None:
        return loop(x, latents, levels)
    state = Sample(x, latents, None)
    for step in levels:
        state = denoise(state.x, state.latents, step)
    return state
