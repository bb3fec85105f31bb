# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Training of the hint network: everything of the model is frozen, and only what compares pixels is learnt."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grin_ros.core.hints.process import Process
from grin_ros.lab.hints.batches import HintBatch, hint_batch
from grin_ros.lab.hints.frames import RENDERED, SCALED, UNSCALED, FrozenFrames
from grin_ros.lab.hints.process import LearntProcess
from grin_ros.lab.network.hints import HintNetwork
from grin_ros.lab.training.optimiser import rate_share
from grin_ros.lab.training.state import Average

logger = logging.getLogger(__name__)

EMA = 0.995
"""The decay of the averaged weights, which are the result."""
WIDTH = 32
"""Channels of the network."""
LR, WARMUP_STEPS = 2e-3, 50
"""The peak of the learning rate and the steps until it. The rate follows a cosine to a fiftieth of it."""
WEIGHT_DECAY = 0.02
SHARES = {SCALED: 0.35, UNSCALED: 0.2, RENDERED: 0.45}
"""Kind of frames -> its share of a batch. Every place of a kind of photographs is drawn alike."""
ERROR_WEIGHT, LIKELIHOOD_WEIGHT = 5.0, 0.3
"""The weights of the relative error and of the negative log-likelihood."""


@dataclass(frozen=True)
class HintTraining:
    """The configuration of a run. batch: frames per step. process: the one to start from."""

    steps: int = 9600
    batch: int = 8
    seed: int = 0
    process: Process = field(default_factory=Process)


def train(
    frames: FrozenFrames, config: HintTraining, start: HintNetwork | None = None
) -> tuple[HintNetwork, LearntProcess]:
    """Return network and process after a run, averaged over its last steps. A run follows from its configuration.

    start: a network to begin with, for instance that of an earlier model; None begins with random weights.
    """
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    network = start or HintNetwork(frames.tokens.shape[-1], frames.rows, frames.cols, WIDTH)
    process = LearntProcess(config.process)
    parameters = [*network.parameters(), *process.parameters()]
    optimiser = torch.optim.AdamW(
        [
            {"params": network.parameters(), "lr": LR, "weight_decay": WEIGHT_DECAY},
            {"params": process.parameters(), "lr": 2.5 * LR, "weight_decay": 0.0},
        ],
        betas=(0.9, 0.98),
    )
    peaks = [group["lr"] for group in optimiser.param_groups]
    averages = [(part, Average(part, EMA)) for part in (network, process)]
    probabilities = _probabilities(frames)
    total = 0.0
    for step in range(config.steps):
        share = rate_share(step, WARMUP_STEPS, step / config.steps)
        for group, peak in zip(optimiser.param_groups, peaks, strict=True):
            group["lr"] = peak * share
        indices = np.sort(rng.choice(len(probabilities), config.batch, p=probabilities))
        batch = hint_batch(frames, indices, rng)
        loss = _loss(batch, network, process)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        for part, average in averages:
            average.update(part, step)
        total += float(loss.detach())
        if (step + 1) % 100 == 0:
            logger.info("step %d of %d: loss %.3f", step + 1, config.steps, total / 100)
            total = 0.0
    for part, average in averages:
        part.load_state_dict(average.weights)
    return network.eval(), process.eval()


def _loss(batch: HintBatch, network: HintNetwork, process: LearntProcess) -> Tensor:
    """Return the mean over frames of the relative error and of the likelihood under Student's t with 4 degrees of
    freedom, which a few gross errors do not rule."""
    targets, hints, truth, residual_ln = batch.pixels(network)
    mean, variance = process(targets, hints, residual_ln, batch.sigma_ln, batch.given, batch.answers.middle[:, None])
    error = mean - truth
    relative = torch.sqrt(error.clamp(-1.5, 1.5) ** 2 + 1e-4)
    likelihood = 0.5 * torch.log(variance) + 2.5 * torch.log1p(error**2 / (2.0 * variance))
    count = batch.known.sum(1)
    each = ERROR_WEIGHT * relative + LIKELIHOOD_WEIGHT * likelihood
    return ((each * batch.known).sum(1) / count.clamp_min(1.0) * (count > 0)).mean()


def _probabilities(frames: FrozenFrames) -> NDArray[np.float64]:
    """Return how often each frame is drawn."""
    weights = np.zeros(len(frames))
    for kind, share in SHARES.items():
        chosen = frames.kind == kind
        if kind == RENDERED:
            weights[chosen] = share / max(1, chosen.sum())
        else:
            _, place, count = np.unique(frames.place[chosen], return_inverse=True, return_counts=True)
            weights[chosen] = share / max(1, len(count)) / count[place]
    return np.asarray(weights / weights.sum())
