# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The diffusion check with networks whose answer is known: it passes only if both image and noisy input count."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from grin_ros.lab.datasets.shards import ShardDataset, TrainingSample
from grin_ros.lab.network.checkpoint import load_model, save_weights
from grin_ros.lab.network.grin import Prediction
from grin_ros.lab.training.diffusion_check import DiffusionCheck, check_diffusion, main
from tests.lab.network.tiny import TINY, StandIn, fresh
from tests.lab.training.recordings import HEIGHT, WIDTH, InMemory, addressed, write_shards

TYPICAL_M = 2.0
ESTIMATE = float(TINY.depth_encoding.encode(TYPICAL_M)) / TINY.data_std
"""The answer from the image alone in these tests: every pixel is about 2 m away."""


def recordings(spread_ln: float, frames: int = 48) -> InMemory:
    """Return samples with ranges that scatter around TYPICAL_M by `spread_ln`, the error of the image alone."""
    rng = np.random.default_rng(0)
    blank = addressed()
    range_m = TYPICAL_M * np.exp(spread_ln * rng.standard_normal((frames, HEIGHT, WIDTH)))
    return InMemory([TrainingSample(blank.image, r.astype(np.float16), blank.camera) for r in range_m])


CleanSample = Callable[[Tensor, float, float], Tensor]
"""(x_t, signal, noise) -> x_0."""


class Known(StandIn):
    """A network with a given answer, which is either a clean sample or a velocity."""

    def __init__(self, clean: CleanSample | None = None, velocity: CleanSample | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.clean, self.velocity = clean, velocity
        self.latents_seen: list[float] = []

    def predict(
        self, x: Tensor, signal: Tensor, noise: Tensor, latents: Tensor, _local: Tensor, _scene_kv: Tensor
    ) -> Prediction:
        s, n = float(signal[0]), float(noise[0])
        self.latents_seen.append(float(latents.mean()))
        if self.velocity is not None:
            v = self.velocity(x, s, n)
        else:
            assert self.clean is not None
            v = (s * x - self.clean(x, s, n)) / n
        return Prediction(v, latents + 1.0, torch.zeros_like(x))


def check(network: nn.Module, spread_ln: float = 0.25, frames: int = 48) -> DiffusionCheck:
    return check_diffusion(network, recordings(spread_ln, frames), frames)  # type: ignore[arg-type]


def bayes(spread_ln: float) -> CleanSample:
    """Return the best estimate from the image and from x_t / signal, weighted by their precisions."""
    prior = (TINY.ln_per_unit / spread_ln) ** 2

    def clean(x: Tensor, s: float, n: float) -> Tensor:
        return (prior * ESTIMATE + (s / n) ** 2 * x / max(s, 1e-9)) / (prior + (s / n) ** 2)

    return clean


@pytest.mark.parametrize("spread_ln", [0.1, 0.25])
def test_a_network_that_weighs_both_inputs_passes(spread_ln: float) -> None:
    measured = check(Known(bayes(spread_ln)), spread_ln)
    assert measured.rmse_ln == pytest.approx(spread_ln, rel=0.05)
    assert measured.matched_rmse_ln / spread_ln == pytest.approx(math.sqrt(0.5), abs=0.06)
    assert measured.passed
    assert "passed" in str(measured)


@pytest.mark.parametrize("spread_ln", [0.1, 0.25, 0.4])
def test_a_network_whose_answer_ignores_the_noisy_input_fails(spread_ln: float) -> None:
    measured = check(Known(clean=lambda x, _s, _n: torch.full_like(x, ESTIMATE)), spread_ln)
    assert measured.matched_rmse_ln / measured.rmse_ln == pytest.approx(1.0, abs=0.02)
    assert not measured.passed
    assert "FAILED" in str(measured)


@pytest.mark.parametrize("spread_ln", [0.1, 0.25, 0.4])
def test_a_network_whose_velocity_ignores_the_noisy_input_fails(spread_ln: float) -> None:
    # The output of the network is the velocity. If it ignores x_t, its best value is the mean, -noise * estimate. The
    # formula for the clean sample then contains x_t, which must not count in favour of the network.
    measured = check(Known(velocity=lambda x, _s, n: torch.full_like(x, -n * ESTIMATE)), spread_ln)
    assert measured.rmse_ln == pytest.approx(spread_ln, rel=0.05)
    assert not measured.passed, str(measured)


@pytest.mark.parametrize("spread_ln", [0.25, 0.4])
def test_a_network_that_returns_only_the_noisy_input_fails(spread_ln: float) -> None:
    measured = check(Known(clean=lambda x, s, _n: x / s if s > 0.01 else x), spread_ln)
    assert measured.matched_rmse_ln / measured.rmse_ln == pytest.approx(1.0, abs=0.1)
    assert not measured.passed


@pytest.mark.parametrize("spread_ln", [0.25, 0.7])
def test_a_network_that_always_answers_zero_fails(spread_ln: float) -> None:
    measured = check(Known(velocity=lambda x, _s, _n: torch.zeros_like(x)), spread_ln)
    assert not measured.passed, str(measured)


def test_an_untrained_network_fails() -> None:
    measured = check(fresh(), 0.5, frames=16)
    assert not measured.passed, str(measured)


def test_a_constant_factor_is_reported_as_scale_and_not_as_shape() -> None:
    offset = math.log(1.1) / TINY.ln_per_unit

    def clean(x: Tensor, _s: float, _n: float) -> Tensor:
        return torch.full_like(x, ESTIMATE + offset)

    measured = check(Known(clean), 1e-6)
    assert measured.rmse_ln == pytest.approx(math.log(1.1), rel=0.01)
    assert measured.abs_rel == pytest.approx(0.1, rel=0.01)
    assert measured.shape_rmse_ln < 1e-3


def test_the_second_pass_starts_from_the_latents_of_the_first() -> None:
    network = Known(bayes(0.25))
    check(network)
    first = network.latents_seen[:3]  # 48 frames, 16 at once
    assert first == [0.0] * 3
    assert {*network.latents_seen[3:]} == {1.0}


def test_the_check_is_deterministic() -> None:
    assert check(fresh(), frames=4) == check(fresh(), frames=4)


def test_the_command_checks_a_weights_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_weights(tmp_path / "weights.safetensors", fresh().state_dict(), TINY, torch.float32)
    data = write_shards(tmp_path / "shards", shards=1)
    code = main([str(tmp_path / "weights.safetensors"), "--data", str(data), "--frames", "4"])
    printed = capsys.readouterr().out.strip()
    assert printed == str(check_diffusion(load_model(tmp_path / "weights.safetensors"), ShardDataset(data), 4))
    assert code == (0 if printed.endswith("passed") else 1)


def test_nan_fails() -> None:
    assert not DiffusionCheck(**{field.name: math.nan for field in dataclasses.fields(DiffusionCheck)}).passed
