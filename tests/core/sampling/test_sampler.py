# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The sampler runs every step, shares the first one among members, and uses a backend's own loop if there is one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from grin_ros.core.sampling.sampler import Sample, sample
from grin_ros.core.sampling.schedule import Schedule

QUERIES = 5


class Denoiser:
    """A denoiser whose clean sample is `truth`, plus `trust` times the signal of the noisy input."""

    def __init__(self, trust: float, truth: float = 0.1) -> None:
        self.trust, self.truth = np.float32(trust), np.float32(truth)
        self.members: list[int] = []
        """The number of members of every call."""

    def __call__(self, x: NDArray[Any], latents: NDArray[Any], levels: NDArray[Any]) -> Sample:
        x, (a, b, a_next, b_next) = x.astype(np.float64), levels.astype(np.float64)
        self.members.append(len(x))
        clean = self.truth + self.trust * a * (x - a * self.truth)
        eps = (x - a * clean) / b
        state = (a_next * clean + b_next * eps).astype(np.float32)
        latents = latents + clean.mean(axis=1, keepdims=True)[..., None].astype(np.float32)
        return Sample(state, latents, np.abs(state))

    def to_host(self, tensor: NDArray[Any]) -> NDArray[Any]:
        return tensor


class LoopOfItsOwn(Denoiser):
    """A denoiser that does all steps by itself; it counts how many steps each loop has."""

    def __init__(self) -> None:
        super().__init__(trust=0.3)
        self.steps: list[int] = []

    def loop(self, x: NDArray[Any], latents: NDArray[Any], levels: NDArray[Any]) -> Sample:
        self.steps.append(len(levels))
        return sample(Denoiser(0.3), x, latents, levels, share_first_step=False)


def noise(members: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(members, QUERIES)).astype(np.float32)


def latents(members: int) -> NDArray[np.float32]:
    return np.zeros((members, 2, 3), np.float32)


@settings(max_examples=40)
@given(
    steps=st.integers(1, 10),
    members=st.integers(1, 6),
    shift=st.floats(0.1, 3.0),
    trust=st.floats(0.0, 1.0),
    seed=st.integers(0, 99),
)
def test_sharing_the_first_step_changes_nothing_if_its_answer_does_not_depend_on_the_noise(
    steps: int, members: int, shift: float, trust: float, seed: int
) -> None:
    levels, x = Schedule(shift).levels(steps), noise(members, seed)
    denoise = Denoiser(trust, truth=0.4)
    shared = sample(denoise, x, latents(members), levels)
    unshared = sample(denoise, x, latents(members), levels, share_first_step=False)
    for a, b in zip(shared, unshared, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize(
    ("steps", "members", "calls"),
    [(1, 1, [1]), (1, 4, [4]), (2, 1, [1, 1]), (2, 4, [1, 4]), (4, 3, [1, 3, 3, 3])],
)
def test_the_first_step_runs_for_one_member(steps: int, members: int, calls: list[int]) -> None:
    denoise = Denoiser(trust=0.3)
    sample(denoise, noise(members), latents(members), Schedule().levels(steps))
    assert denoise.members == calls


def test_members_still_differ_after_a_shared_step() -> None:
    found = sample(Denoiser(trust=0.5), noise(3), latents(3), Schedule().levels(2))
    assert np.ptp(found.x, axis=0).min() > 1e-3


def test_members_that_begin_with_a_signal_share_nothing() -> None:
    denoise = Denoiser(trust=0.3)
    sample(denoise, noise(4), latents(4), Schedule().levels(3)[1:])
    assert denoise.members == [4, 4]


@pytest.mark.parametrize(("members", "loops"), [(1, [3]), (4, [1, 2])])
def test_the_loop_of_a_backend_runs_all_steps(members: int, loops: list[int]) -> None:
    denoise = LoopOfItsOwn()
    given_ = noise(members), latents(members), Schedule().levels(3)
    got, expected = sample(denoise, *given_), sample(Denoiser(0.3), *given_)
    assert denoise.steps == loops and denoise.members == []
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)
