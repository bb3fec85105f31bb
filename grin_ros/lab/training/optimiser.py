# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The optimiser and the schedule of its learning rate."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from grin_ros.lab.network.grin import Grin
from grin_ros.lab.training.config import TrainConfig


def make_optimiser(model: Grin, config: TrainConfig) -> torch.optim.AdamW:
    """Return AdamW with weight decay on matrices only and a smaller learning rate for the pretrained encoder.

    The first stages of the encoder are frozen, and so are its depthwise kernels: they are 6 % of its weights, and their
    gradients take a third of the backward pass.
    """
    backbone = model.pyramid.backbone
    depthwise = [m for m in backbone.modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
    stages = list(backbone.stages)[: config.frozen_stages if config.encoder_lr > 0.0 else None]
    for frozen in (backbone.stem, *stages, *depthwise):
        frozen.requires_grad_(False)
    pretrained = {id(parameter) for parameter in backbone.parameters()}
    groups: list[dict[str, Any]] = []
    for lr_factor, inside in ((1.0, False), (config.encoder_lr, True)):
        parameters = [p for p in model.parameters() if (id(p) in pretrained) == inside]
        groups += [group | {"lr_factor": lr_factor} for group in decay_groups(parameters, config.weight_decay)]
    return torch.optim.AdamW(groups, lr=config.lr, betas=(0.9, 0.98))


def decay_groups(parameters: Iterable[nn.Parameter], weight_decay: float) -> list[dict[str, Any]]:
    """Return the groups of what is learnt: matrices with weight decay, and the rest without. None of them is empty."""
    learnt = [p for p in parameters if p.requires_grad]
    groups = [
        {"params": [p for p in learnt if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in learnt if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def learning_rate(step: int, config: TrainConfig) -> float:
    """Return the learning rate at a step: a linear warm-up, then a cosine to a fiftieth of the peak."""
    done = (step - config.warmup_steps) / max(1, config.steps - config.warmup_steps)
    return config.lr * rate_share(step, config.warmup_steps, done)


def rate_share(step: int, warmup_steps: int, done: float) -> float:
    """Return the learning rate at a step as a share of its peak: a linear warm-up times a cosine from 1 to a fiftieth.

    done: the share of the way along the cosine. Below 0 the cosine is 1, and above 1 it is a fiftieth.
    """
    cosine = 0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(max(done, 0.0), 1.0)))
    return min(1.0, (step + 1) / max(1, warmup_steps)) * cosine
