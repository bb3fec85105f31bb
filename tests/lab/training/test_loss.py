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

from grin_ros.core.sampling.ddim import noised, velocity
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.network.grin import Grin, Prediction
from grin_ros.lab.training.batches import Batch, Sampling, batch
from grin_ros.lab.training.config import TrainConfig
from grin_ros.lab.training.loss import LossConfig, Objective, amplitudes
from grin_ros.lab.training.optimiser import make_optimiser
from tests.lab.network.tiny import TINY, StandIn, awake, fresh
from tests.lab.training.recordings import write_shards

T = torch.tensor([0.2, 0.5, 0.9])
ALL_SCENE_TOKENS = torch.arange(TINY.scene_rows * TINY.scene_cols)
KEEP, DROP = torch.ones(3), torch.zeros(3)
TRUTH, ANSWER = torch.zeros(3), torch.ones(3)
"""The second pass starts from the truth, or with all of the error of the first answer."""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    folder: Path = tmp_path_factory.mktemp("shards")
    sampling = Sampling(queries=48, mounting_share=1.0)
    return batch(ShardDataset(write_shards(folder)), np.array([1, 3, 11]), TINY, sampling, np.random.default_rng(0))


def losses(
    model: nn.Module,
    drawn: Batch,
    keep: Tensor = KEEP,
    config: LossConfig = LossConfig(),  # noqa: B008
    rolled: Tensor = TRUTH,
) -> dict[str, Tensor]:
    out: dict[str, Tensor] = Objective(model, config)(drawn, T, ALL_SCENE_TOKENS, keep, rolled)  # type: ignore[arg-type]
    return out


def test_losses_are_finite_and_total_is_their_weighted_sum(drawn: Batch) -> None:
    config = LossConfig(refine=0.3, shape=0.7, likelihood=0.11)
    parts = losses(awake(), drawn, config=config)
    assert all(torch.isfinite(part) and part.ndim == 0 for part in parts.values())
    expected = parts["first"] + 0.7 * parts["shape"] + 0.3 * parts["refine"] + 0.11 * parts["likelihood"]
    torch.testing.assert_close(parts["total"], expected)


@pytest.mark.parametrize("make", [fresh, awake])
def test_gradients_reach_everything_that_is_trained(drawn: Batch, make: Callable[[], Grin]) -> None:
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
def test_the_second_pass_uses_the_latents_of_the_first(drawn: Batch) -> None:
    model = awake()
    kept, dropped = losses(model, drawn, KEEP), losses(model, drawn, DROP)
    assert torch.equal(kept["first"], dropped["first"])
    assert abs(float(kept["refine"] - dropped["refine"])) > 1e-5
    # With the latents of one sample of three, the loss is a mix of both.
    one = losses(model, drawn, torch.tensor([1.0, 0.0, 0.0]))["refine"]
    assert one != kept["refine"]
    assert one != dropped["refine"]


class Relay(StandIn):
    """A network whose first pass writes a weight into the latents and whose second pass answers with the latents."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.tensor(0.3))
        self.second = nn.Parameter(torch.tensor(0.7))
        self.passes = 0

    def predict(self, x: Tensor, *inputs: Tensor) -> Prediction:
        latents = inputs[2]
        self.passes += 1
        if self.passes == 1:
            return Prediction(torch.zeros_like(x), latents + self.first, torch.zeros_like(x))
        return Prediction(self.second * latents.mean((1, 2))[:, None] + 0.0 * x, latents, torch.zeros_like(x))


def test_no_gradient_flows_through_the_latents_of_the_first_pass(drawn: Batch) -> None:
    relay = Relay()
    losses(relay, drawn)["refine"].backward()
    assert relay.first.grad is None
    assert relay.second.grad is not None
    assert relay.second.grad != 0.0


@torch.no_grad()
def test_dropped_scene_tokens_change_the_answer(drawn: Batch) -> None:
    objective = Objective(awake(), LossConfig())
    everything = objective(drawn, T, ALL_SCENE_TOKENS, KEEP, TRUTH)["total"]
    assert objective(drawn, T, ALL_SCENE_TOKENS[::3], KEEP, TRUTH)["total"] != everything


class Oracle(StandIn):
    """A network that knows the batch. Its velocity is off by `error`, in units of x_0 at pure noise."""

    def __init__(self, drawn: Batch, error: float = 0.0, log_variance: float = 0.0) -> None:
        super().__init__()
        self.drawn, self.error, self.log_variance = drawn, error, log_variance
        self.inputs: list[tuple[Tensor, Tensor, Tensor]] = []

    def predict(
        self, x: Tensor, signal: Tensor, noise: Tensor, latents: Tensor, _local: Tensor, _scene_kv: Tensor
    ) -> Prediction:
        eps = (x - signal[:, None] * self.drawn.x_0) / noise[:, None]
        self.inputs.append((x, signal, noise))
        v = velocity(self.drawn.x_0, eps, signal[:, None], noise[:, None])
        return Prediction(v - self.error, latents, torch.full_like(x, self.log_variance))


def temperate(drawn: Batch, rolled: Tensor) -> Tensor:
    """Return the noise of the second pass, which is that of sampling where it is rolled out."""
    return drawn.noise[1] * torch.where(rolled[:, None] > 0.0, TINY.temperature, 1.0)


@pytest.mark.parametrize("rolled", [TRUTH, ANSWER, torch.tensor([0.0, 0.4, 1.0])])
def test_the_true_velocity_has_no_loss(drawn: Batch, rolled: Tensor) -> None:
    oracle = Oracle(drawn)
    parts = losses(oracle, drawn, rolled=rolled)
    for name in ("first", "shape", "refine"):
        assert float(parts[name]) == pytest.approx(0.0, abs=1e-6), name
    (pure, signal, noise), (x_t, *level) = oracle.inputs
    assert torch.equal(pure, drawn.noise[0])
    assert (signal == 0.0).all()
    assert (noise == 1.0).all()
    s, n = amplitudes(TINY.schedule, T)
    torch.testing.assert_close(torch.stack(level), torch.stack([s, n]))
    torch.testing.assert_close(x_t, noised(drawn.x_0, temperate(drawn, rolled), s[:, None], n[:, None]))


def test_a_rollout_starts_from_the_answer_of_the_first_pass(drawn: Batch) -> None:
    rolled = torch.tensor([0.0, 0.4, 1.0])
    oracle = Oracle(drawn, error=0.7)
    losses(oracle, drawn, rolled=rolled)
    x_t = oracle.inputs[1][0]
    s, n = (level[:, None] for level in amplitudes(TINY.schedule, T))
    torch.testing.assert_close(x_t, noised(drawn.x_0 + 0.7 * rolled[:, None], temperate(drawn, rolled), s, n))


class Corrected(Oracle):
    """A network whose first answer is wrong, and whose second velocity leads from x_t to the truth."""

    def predict(
        self, x: Tensor, signal: Tensor, noise: Tensor, latents: Tensor, local: Tensor, scene_kv: Tensor
    ) -> Prediction:
        if not self.inputs:
            return super().predict(x, signal, noise, latents, local, scene_kv)
        v = (signal[:, None] * x - self.drawn.x_0) / noise[:, None]
        return Prediction(v, latents, torch.full_like(x, self.log_variance))


def test_a_rollout_that_returns_to_the_truth_has_no_loss(drawn: Batch) -> None:
    parts = losses(Corrected(drawn, error=0.7), drawn, rolled=ANSWER)
    assert float(parts["first"]) > 0.5
    assert float(parts["refine"]) == pytest.approx(0.0, abs=1e-5)
    # A network that keeps its first answer has a loss.
    assert float(losses(Oracle(drawn, error=0.7), drawn, rolled=ANSWER)["refine"]) > 0.1


@torch.no_grad()
def test_only_samples_that_are_rolled_out_change(drawn: Batch) -> None:
    model = awake()

    def refine(sample: slice, rolled: Tensor) -> float:
        names = [field.name for field in dataclasses.fields(drawn)]
        part = {name: getattr(drawn, name)[(slice(None), sample) if name == "noise" else sample] for name in names}
        objective = Objective(model, LossConfig())
        return float(objective(Batch(**part), T[sample], ALL_SCENE_TOKENS, KEEP[sample], rolled[sample])["refine"])

    rolled = torch.tensor([0.0, 1.0, 0.3])
    plain = [refine(slice(i, i + 1), TRUTH) for i in range(3)]
    mixed = [refine(slice(i, i + 1), rolled) for i in range(3)]
    assert mixed[0] == plain[0]
    assert abs(mixed[1] - plain[1]) > 1e-4
    assert abs(mixed[2] - plain[2]) > 1e-4
    assert refine(slice(None), rolled) == pytest.approx(sum(mixed) / 3.0, rel=1e-4)


@torch.no_grad()
def test_without_a_rollout_the_second_pass_is_measured_by_its_velocity(drawn: Batch) -> None:
    model = awake()
    local, scene_kv = model.encode(*drawn.inputs)
    ones, empty = torch.ones(3), torch.zeros(3, TINY.latent_count, TINY.latent_dim)
    latents = model.predict(drawn.noise[0], 0.0 * ones, ones, empty, local, scene_kv).latents
    signal, noise = amplitudes(TINY.schedule, T)
    x_t = noised(drawn.x_0, drawn.noise[1], signal[:, None], noise[:, None])
    v = model.predict(x_t, signal, noise, latents, local, scene_kv).velocity
    wrong = v - velocity(drawn.x_0, drawn.noise[1], signal[:, None], noise[:, None])
    huber = torch.where(wrong.abs() < 0.1, 0.5 * wrong**2 / 0.1, wrong.abs() - 0.05).mean()
    torch.testing.assert_close(losses(model, drawn)["refine"], huber, rtol=1e-4, atol=1e-6)


class Follower(Relay):
    """A network whose first answer is a weight and whose second is the noisy input times another weight."""

    def predict(self, x: Tensor, *inputs: Tensor) -> Prediction:
        self.passes += 1
        v = self.first * torch.ones_like(x) if self.passes == 1 else self.second * x
        return Prediction(v, inputs[2], torch.zeros_like(x))


def test_no_gradient_flows_through_the_answer_that_is_rolled_out(drawn: Batch) -> None:
    follower = Follower()
    losses(follower, drawn, rolled=ANSWER)["refine"].backward()
    assert follower.first.grad is None
    assert follower.second.grad is not None


def test_a_constant_factor_has_no_shape_loss(drawn: Batch) -> None:
    parts = losses(Oracle(drawn, error=0.4), drawn)
    assert float(parts["shape"]) == pytest.approx(0.0, abs=1e-6)
    # The Huber loss divided by delta is |e| - delta / 2 beyond delta.
    assert float(parts["first"]) == pytest.approx(0.4 - 0.05, rel=1e-4)
    assert float(parts["refine"]) == pytest.approx(0.4 - 0.05, rel=1e-4)
    small = losses(Oracle(drawn, error=0.04), drawn)
    assert float(small["first"]) == pytest.approx(0.5 * 0.04**2 / 0.1, rel=1e-3)


def test_the_likelihood_is_best_at_the_true_variance(drawn: Batch) -> None:
    # At t near 1 the clean samples of both passes have about the same error of 0.4.
    late = dataclasses.replace(drawn)
    t = torch.full((3,), 0.999)

    def cost(log_variance: float) -> float:
        oracle = Oracle(late, error=0.4, log_variance=log_variance)
        parts = Objective(oracle, LossConfig())(late, t, ALL_SCENE_TOKENS, KEEP, TRUTH)  # type: ignore[arg-type]
        return float(parts["likelihood"])

    best = float(np.log(0.4**2))
    assert cost(best) < min(cost(best - 0.3), cost(best + 0.3))


def test_the_likelihood_trains_only_the_variance(drawn: Batch) -> None:
    model = awake()
    losses(model, drawn)["likelihood"].backward()
    assert model.head.weight.grad is not None
    assert model.head.weight.grad[0].abs().max() == 0.0  # the row of the velocity
    assert model.head.weight.grad[1].abs().max() > 0.0


@torch.no_grad()
def test_the_scale_does_not_count_for_unscaled_samples(drawn: Batch) -> None:
    """Another scale of the truth adds a constant to its logarithm x_0, which must not change the losses."""
    model = awake()
    for unscaled in (torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 1.0])):
        part = dataclasses.replace(drawn, unscaled=unscaled)
        moved = dataclasses.replace(part, x_0=drawn.x_0 + 0.8 * unscaled[:, None])
        other = dataclasses.replace(part, x_0=drawn.x_0 + 0.8 * (1.0 - unscaled)[:, None])
        before = losses(model, part, rolled=ANSWER)
        for name, after in losses(model, moved, rolled=ANSWER).items():
            torch.testing.assert_close(after, before[name], rtol=1e-4, atol=1e-5)
        assert float(losses(model, other, rolled=ANSWER)["first"]) != pytest.approx(float(before["first"]), rel=0.01)


class Skewed(Relay):
    """A network whose first answer is a weight and errors to one side."""

    def predict(self, x: Tensor, *inputs: Tensor) -> Prediction:
        self.passes += 1
        return Prediction(self.first + x**2, inputs[2], torch.zeros_like(x))


def test_no_gradient_moves_the_scale_of_unscaled_samples(drawn: Batch) -> None:
    for unscaled, pulled in ((torch.ones(3), False), (torch.zeros(3), True)):
        model = Skewed()
        losses(model, dataclasses.replace(drawn, unscaled=unscaled))["first"].backward()
        assert model.first.grad is not None
        assert (abs(float(model.first.grad)) > 1e-3) == pulled


def test_the_right_shape_has_no_loss_where_the_scale_does_not_count(drawn: Batch) -> None:
    part = dataclasses.replace(drawn, unscaled=torch.ones(3))
    assert float(losses(Oracle(drawn, error=0.7), part)["first"]) == pytest.approx(0.0, abs=1e-5)
    assert float(losses(Oracle(drawn, error=0.7), drawn)["first"]) > 0.5
