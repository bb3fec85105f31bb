# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The tuning of a trained network on a robot's frames, within a number of steps or minutes. It resumes where it was."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.teaching.lora import add_adapters
from grin_ros.lab.training.batches import Batch, Samples, Sampling, batch
from grin_ros.lab.training.loss import LossConfig, Objective, draw_passes
from grin_ros.lab.training.optimiser import decay_groups, rate_share
from grin_ros.lab.training.processes import first_says, of_first, own_device, rank_and_world, share_gradients
from grin_ros.lab.training.state import Average, load_state, save_state

CLOCK = "minutes.json"
"""The file that holds the minutes of training before a run was interrupted."""


@dataclass(frozen=True)
class TuneConfig:
    """The settings of a tuning. Raises ValueError for a value outside its range."""

    steps: int = 600
    minutes: float = 30.0
    """The tuning ends after so many steps or minutes, whichever comes first."""
    batch: int = 6
    """Samples per step, of each process."""
    replay: int = 3
    """The samples of a step that are old frames, where there are any."""
    lr: float = 5e-4
    """The peak of the learning rate. A cosine to a fiftieth of it follows."""
    adapters: int = 0
    """The rank of the adapters (LoRA) that are trained in the RIN instead of its weights; 0 trains the weights."""
    warmup_steps: int = 20
    weight_decay: float = 0.02
    clip_norm: float = 1.0
    ema: float = 0.98
    """The decay of the averaged weights, which are the result."""
    save_every: int = 50
    seed: int = 0
    sampling: Sampling = field(
        default_factory=lambda: Sampling(
            queries=384,
            resize=(0.8, 1.25),
            mounting_share=1.0,
            pattern_share=0.0,
            mirrored_share=0.0,
            photometric_share=0.5,
        )
    )
    """The drawing of the robot's frames. The robot always has the same camera and is in the same building, so that less
    is changed than in a training for all cameras."""
    old_sampling: Sampling = field(default_factory=lambda: Sampling(queries=384, pattern_share=0.0))
    """The drawing of old frames, with as many queries."""
    loss: LossConfig = field(default_factory=LossConfig)
    second_pass_every: int = 4
    """Every so many steps the second pass is trained too, which answers that take several steps need. It is nearly half
    of the time of a step."""

    def __post_init__(self) -> None:
        if not (self.steps >= 1 and self.minutes > 0.0 and 0 <= self.replay < self.batch and self.adapters >= 0):
            raise ValueError(
                f"got steps {self.steps}, minutes {self.minutes}, batch {self.batch}, replay {self.replay}, adapters "
                f"{self.adapters}; expected at least 1 step, more than 0 minutes, 0 <= replay < batch, adapters >= 0"
            )


@dataclass(frozen=True)
class Tuned:
    """The result of a tuning. finished: False if it was interrupted; the same call goes on."""

    steps: int
    minutes: float
    finished: bool


@dataclass(frozen=True)
class Progress:
    """The progress of a tuning. eta_s: seconds that are left, as far as the steps until now tell."""

    step: int
    steps: int
    eta_s: float
    loss: float


def tune(
    model: Grin,
    lessons: Samples,
    replay: Samples | None,
    config: TuneConfig,
    out: Path,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Tuned:
    """Tune `model` in place and keep the state in the folder `out`, from which the same call resumes.

    It runs on a GPU where there is one, and on several under torchrun. lessons: the robot's frames. replay: old frames
    that are learnt again; None for none. The encoder is frozen. Ctrl-C (KeyboardInterrupt) ends the tuning with the
    weights that it has reached, and the same call goes on from there.
    """
    out.mkdir(parents=True, exist_ok=True)
    rank, world = rank_and_world()
    device = own_device()
    model.to(device)
    model.pyramid.backbone.requires_grad_(False)
    if config.adapters:
        add_adapters(model, config.adapters, config.seed)
    optimiser = torch.optim.AdamW(
        decay_groups(model.parameters(), config.weight_decay), lr=config.lr, betas=(0.9, 0.98)
    )
    average = Average(model, config.ema)
    step = load_state(out, model, average, optimiser)
    before_s = float(json.loads((out / CLOCK).read_text())["seconds"]) if (out / CLOCK).is_file() else 0.0
    first, start, limit_s = step, time.monotonic(), config.minutes * 60.0
    both, first_only = (Objective(model.train(), loss) for loss in (config.loss, replace(config.loss, refine=0.0)))
    spent_s, finished, loss = of_first(before_s, device), True, math.nan

    def keep() -> None:
        if rank:
            return
        save_state(out, model, average, optimiser, step)
        (out / CLOCK).write_text(json.dumps({"seconds": spent_s}))

    try:
        while first_says(step < config.steps and spent_s < limit_s, device):
            done = max(step / config.steps, spent_s / limit_s)
            for group in optimiser.param_groups:
                group["lr"] = config.lr * rate_share(step, config.warmup_steps, done)
            objective = both if step % config.second_pass_every == 0 else first_only
            seed = (config.seed, step) if world == 1 else (config.seed, step, rank)
            loss = _step(objective, draw(lessons, replay, model.config, config, seed), config, optimiser, seed)
            average.update(model, step)
            step += 1
            now_s = time.monotonic() - start
            # The learning rate follows from it. Processes share gradients only, so with times of their own they would
            # drift apart.
            spent_s = of_first(before_s + now_s, device)
            each_s = now_s / (step - first)
            eta_s = min((config.steps - step) * each_s, limit_s - spent_s)
            tell(Progress(step, config.steps, max(eta_s, 0.0), loss))
            if step % config.save_every == 0:
                keep()
    except KeyboardInterrupt:
        finished = False
    keep()
    model.load_state_dict(average.weights)
    model.cpu()
    return Tuned(step, spent_s / 60.0, finished)


def draw(
    lessons: Samples, replay: Samples | None, model: ModelConfig, config: TuneConfig, seed: tuple[int, ...]
) -> Batch:
    """Draw the batch of a seed: the robot's frames, and old frames after them."""
    rng = np.random.default_rng(seed)
    old = 0 if replay is None else config.replay
    own = batch(lessons, rng.integers(0, len(lessons), config.batch - old), model, config.sampling, rng)
    if replay is None or not old:
        return own
    return own.beside(batch(replay, rng.integers(0, len(replay), old), model, config.old_sampling, rng))


def _step(
    objective: Objective, drawn: Batch, config: TuneConfig, optimiser: torch.optim.Optimizer, seed: tuple[int, ...]
) -> float:
    """Take one step and return its loss."""
    device = next(objective.parameters()).device
    rng = np.random.default_rng((*seed, 1))
    passes = draw_passes(objective.model.config, config.loss, config.batch, rng, device)
    with torch.autocast(device.type, torch.bfloat16):
        losses = objective(drawn.to(device), *passes)
    optimiser.zero_grad(set_to_none=True)
    losses["total"].backward()
    share_gradients(objective.parameters())
    norm = nn.utils.clip_grad_norm_([p for p in objective.parameters() if p.requires_grad], config.clip_norm)
    if bool(torch.isfinite(norm)):
        optimiser.step()
    return float(losses["total"].detach())
