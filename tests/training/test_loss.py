# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from grin_ros.data.sparse import ShardDataset
from grin_ros.diffusion.ddim import noised, velocity
from grin_ros.model.config import ModelConfig
from grin_ros.model.grin import Grin
from grin_ros.training.batches import Batch, Sampling, batch
from grin_ros.training.config import TrainConfig
from grin_ros.training.loop import make_optimiser
from grin_ros.training.loss import LossConfig, Objective, levels
from tests.model.tiny import TINY, awake, fresh
from tests.training.recordings import write_shards

T = torch.tensor([0.2, 0.5, 0.9])
ALL_SCENE_TOKENS = torch.arange(TINY.scene_rows * TINY.scene_cols)
KEEP, DROP = torch.ones(3), torch.zeros(3)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    folder: Path = tmp_path_factory.mktemp("shards")
    sampling = Sampling(queries=48, mounting_share=1.0)
    return batch(ShardDataset(write_shards(folder)), np.array([1, 3, 11]), TINY, sampling, np.random.default_rng(0))


def losses(model: nn.Module, drawn: Batch, keep: Tensor = KEEP, config: LossConfig = LossConfig()) -> dict[str, Tensor]:  # noqa: B008
    out: dict[str, Tensor] = Objective(model, config)(drawn, T, ALL_SCENE_TOKENS, keep)  # type: ignore[arg-type]
    return out


def test_losses_are_finite_and_total_is_their_weighted_sum(drawn: Batch) -> None:
    config = LossConfig(refine=0.3, shape=0.7, likelihood=0.11)
    parts = losses(awake(), drawn, config=config)
    assert all(torch.isfinite(part) and part.ndim == 0 for part in parts.values())
    expected = parts["first"] + 0.7 * parts["shape"] + 0.3 * parts["refine"] + 0.11 * parts["likelihood"]
    torch.testing.assert_close(parts["total"], expected)


@pytest.mark.parametrize("make", [fresh, awake])
def test_gradients_reach_all_that_is_trained(drawn: Batch, make: Callable[[], Grin]) -> None:
    model = make()
    make_optimiser(model, TrainConfig(model=TINY, frozen_stages=1))
    losses(model, drawn)["total"].backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name
            assert parameter.grad.abs().max() > 0.0, name
        else:
            assert parameter.grad is None, name


@torch.no_grad()
def test_second_pass_uses_the_latents_of_the_first(drawn: Batch) -> None:
    model = awake()
    kept, dropped = losses(model, drawn, KEEP), losses(model, drawn, DROP)
    assert torch.equal(kept["first"], dropped["first"])
    assert abs(float(kept["refine"] - dropped["refine"])) > 1e-5
    # Sample by sample: with one kept of three, the refinement loss is a mix of both.
    one = losses(model, drawn, torch.tensor([1.0, 0.0, 0.0]))["refine"]
    assert one != kept["refine"]
    assert one != dropped["refine"]


class Relay(nn.Module):
    """Its first pass only makes latents, from a weight; its second answers with them."""

    def __init__(self) -> None:
        super().__init__()
        self.config: ModelConfig = TINY
        self.first = nn.Parameter(torch.tensor(0.3))
        self.second = nn.Parameter(torch.tensor(0.7))
        self.passes = 0

    def encode(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        return inputs[1], inputs[2]

    def predict(self, x: Tensor, *inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        latents = inputs[2]
        self.passes += 1
        if self.passes == 1:
            return torch.zeros_like(x), torch.zeros_like(x), latents + self.first
        return self.second * latents.mean((1, 2))[:, None] + 0.0 * x, torch.zeros_like(x), latents


def test_latents_go_over_detached(drawn: Batch) -> None:
    relay = Relay()
    losses(relay, drawn)["refine"].backward()
    assert relay.first.grad is None
    assert relay.second.grad is not None
    assert relay.second.grad != 0.0  # the latents did go over


@torch.no_grad()
def test_dropped_scene_tokens_change_the_answer(drawn: Batch) -> None:
    objective = Objective(awake(), LossConfig())
    everything = objective(drawn, T, ALL_SCENE_TOKENS, KEEP)["total"]
    assert objective(drawn, T, ALL_SCENE_TOKENS[::3], KEEP)["total"] != everything


def test_levels_are_the_schedules() -> None:
    signal, noise = levels(TINY.schedule, T)
    for i, t in enumerate(T):
        level = TINY.schedule.level(float(t))
        assert (float(signal[i]), float(noise[i])) == pytest.approx((level.signal, level.noise), abs=1e-6)
    torch.testing.assert_close(signal**2 + noise**2, torch.ones(3))


class Oracle(nn.Module):
    """A network that knows the batch: exact velocity plus `error` in units of the clean sample at pure noise."""

    def __init__(self, drawn: Batch, error: float = 0.0, log_variance: float = 0.0) -> None:
        super().__init__()
        self.config: ModelConfig = TINY
        self.drawn, self.error, self.log_variance = drawn, error, log_variance
        self.inputs: list[tuple[Tensor, Tensor, Tensor]] = []

    def encode(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        return inputs[1], inputs[2]

    def predict(
        self, x: Tensor, signal: Tensor, noise: Tensor, latents: Tensor, _local: Tensor, _scene_kv: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        eps = self.drawn.noise[len(self.inputs)]
        self.inputs.append((x, signal, noise))
        v = velocity(self.drawn.x_0, eps, signal[:, None], noise[:, None])
        return v - self.error, torch.full_like(x, self.log_variance), latents


def test_the_truth_costs_nothing(drawn: Batch) -> None:
    oracle = Oracle(drawn)
    parts = losses(oracle, drawn)
    for name in ("first", "shape", "refine"):
        assert float(parts[name]) == pytest.approx(0.0, abs=1e-6), name
    (pure, signal, noise), (x_t, *level) = oracle.inputs
    assert torch.equal(pure, drawn.noise[0])
    assert (signal == 0.0).all()
    assert (noise == 1.0).all()
    s, n = levels(TINY.schedule, T)
    torch.testing.assert_close(torch.stack(level), torch.stack([s, n]))
    torch.testing.assert_close(x_t, noised(drawn.x_0, drawn.noise[1], s[:, None], n[:, None]))


def test_an_error_of_scale_alone_has_no_shape(drawn: Batch) -> None:
    parts = losses(Oracle(drawn, error=0.4), drawn)
    assert float(parts["shape"]) == pytest.approx(0.0, abs=1e-6)
    # Huber, over delta: |e| - delta / 2 beyond delta.
    assert float(parts["first"]) == pytest.approx(0.4 - 0.05, rel=1e-4)
    assert float(parts["refine"]) == pytest.approx(0.4 - 0.05, rel=1e-4)
    small = losses(Oracle(drawn, error=0.04), drawn)
    assert float(small["first"]) == pytest.approx(0.5 * 0.04**2 / 0.1, rel=1e-3)


def test_the_likelihood_is_best_at_the_true_variance(drawn: Batch) -> None:
    # At t near 1 both passes' clean samples are off by about the same 0.4.
    late = dataclasses.replace(drawn)
    t = torch.full((3,), 0.999)

    def cost(log_variance: float) -> float:
        oracle = Oracle(late, error=0.4, log_variance=log_variance)
        parts = Objective(oracle, LossConfig())(late, t, ALL_SCENE_TOKENS, KEEP)  # type: ignore[arg-type]
        return float(parts["likelihood"])

    best = float(np.log(0.4**2))
    assert cost(best) < min(cost(best - 0.3), cost(best + 0.3))


def test_the_likelihood_trains_the_variance_only(drawn: Batch) -> None:
    model = awake()
    losses(model, drawn)["likelihood"].backward()
    assert model.head.weight.grad is not None
    assert model.head.weight.grad[0].abs().max() == 0.0  # the row of the velocity
    assert model.head.weight.grad[1].abs().max() > 0.0
