# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Members share their first step, and lose nothing by it where its answer does not hang on their noise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.stand_in.engine import write_artifact
from grin_ros.core.artifact import Artifact, load_artifact
from grin_ros.core.backends.engine import Engine, Tensor
from grin_ros.core.sampling.schedule import Schedule

QUERIES = 5


class Ddim(Engine):
    """A denoiser whose clean sample is `level`, plus `trust` times what the noisy input says where there is signal."""

    description = "DDIM of the tests"

    def __init__(self, artifact: Artifact, trust: float) -> None:
        super().__init__(artifact)
        self.trust = trust
        self.members: list[int] = []
        """Of every call of `denoise`."""

    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        assert graph == "denoise"
        x, (a, b, a_next, b_next) = inputs["x"].astype(np.float64), inputs["levels"].astype(np.float64)
        self.members.append(len(x))
        clean = inputs["level"] + self.trust * a * (x - a * inputs["level"])
        eps = (x - a * clean) / b
        state = (a_next * clean + b_next * eps).astype(np.float32)
        latents = inputs["latents"] + clean.mean(axis=1, keepdims=True)[..., None].astype(np.float32)
        return {"x_next": state, "latents_next": latents, "log_variance": np.abs(state)}


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    path: Path = tmp_path_factory.mktemp("members") / "fake"
    return load_artifact(write_artifact(path))


def noise(members: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(members, QUERIES)).astype(np.float32)


def host(engine: Engine, tensors: tuple[Tensor, ...]) -> list[NDArray[Any]]:
    return [engine.to_host(tensor) for tensor in tensors]


@settings(max_examples=40, deadline=None)
@given(
    steps=st.integers(1, 10),
    members=st.integers(1, 6),
    shift=st.floats(0.1, 3.0),
    trust=st.floats(0.0, 1.0),
    seed=st.integers(0, 99),
)
def test_it_is_the_whole_loop_where_the_first_answer_hangs_on_no_noise(
    artifact: Artifact, steps: int, members: int, shift: float, trust: float, seed: int
) -> None:
    engine = Ddim(artifact, trust)
    pairs, x = Schedule(shift).pairs(steps), noise(members, seed)
    tokens, latents = {"level": np.float32(0.4)}, engine.no_latents(members)
    got = host(engine, engine.sample_members(tokens, x, latents, pairs))
    for a, b in zip(got, host(engine, engine.sample_from(tokens, x, latents, pairs)), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize(
    ("steps", "members", "calls"),
    [(1, 1, [1]), (1, 4, [4]), (2, 1, [1, 1]), (2, 4, [1, 4]), (4, 3, [1, 3, 3, 3])],
)
def test_the_first_step_is_paid_for_once(artifact: Artifact, steps: int, members: int, calls: list[int]) -> None:
    engine = Ddim(artifact, trust=0.3)
    engine.sample({"level": np.float32(0.1)}, noise(members), Schedule().pairs(steps))
    assert engine.members == calls


def test_members_still_differ_after_it(artifact: Artifact) -> None:
    engine = Ddim(artifact, trust=0.5)
    clean, _ = engine.sample({"level": np.float32(0.1)}, noise(3), Schedule().pairs(2))
    assert np.ptp(clean, axis=0).min() > 1e-3


def test_a_loop_that_begins_with_a_signal_shares_nothing(artifact: Artifact) -> None:
    engine = Ddim(artifact, trust=0.3)
    engine.sample({"level": np.float32(0.1)}, noise(4), Schedule().pairs(3)[1:])
    assert engine.members == [4, 4]
