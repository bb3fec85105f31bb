# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The optimiser and the schedule of its learning rate."""

from __future__ import annotations

import math
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
        for decay, matrices in ((config.weight_decay, True), (0.0, False)):
            chosen = [
                p
                for p in model.parameters()
                if p.requires_grad and (id(p) in pretrained) == inside and (p.ndim > 1) == matrices
            ]
            groups.append({"params": chosen, "weight_decay": decay, "lr_factor": lr_factor})
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=config.lr, betas=(0.9, 0.98))


def learning_rate(step: int, config: TrainConfig) -> float:
    """Return the learning rate at a step: a linear warm-up, then a cosine to a fiftieth of the peak."""
    if step < config.warmup_steps:
        return config.lr * (step + 1) / config.warmup_steps
    return config.lr * cosine((step - config.warmup_steps) / max(1, config.steps - config.warmup_steps))


def cosine(done: float) -> float:
    """Return the share of the peak at a share of the way, by a cosine from 1 to a fiftieth; from 1 on a fiftieth."""
    return 0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(done, 1.0)))
