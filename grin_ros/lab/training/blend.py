# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Averages in weight space: what lies between snapshots of one run often generalises better than each of them.

Snapshots of one trajectory average well (model soups, arXiv 2203.05482), and fine-tuned weights blended with those they
started from keep what these knew of the world (robust fine-tuning, Wortsman et al., arXiv 2109.01903). Training on
renders bends the encoder to renders; part of the way back to ImageNet it sees real pictures better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.network.encoder import load_imagenet
from grin_ros.lab.network.grin import Grin

ENCODER = "pyramid.backbone."


def average(parts: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of weights with the same names and shapes. Raises ValueError where they differ, or for none."""
    if not parts:
        raise ValueError("average: got no weights, expected at least one")
    for part in parts[1:]:
        different = {n for n in part.keys() | parts[0].keys() if n not in part or n not in parts[0]}
        different |= {n for n in part.keys() & parts[0].keys() if part[n].shape != parts[0][n].shape}
        if different:
            raise ValueError(
                f"average: weights of different models, first at '{min(different)}'; "
                "give snapshots of one configuration"
            )
    return {name: torch.stack([part[name] for part in parts]).mean(0) for name in parts[0]}


def towards_imagenet(weights: Mapping[str, Tensor], config: ModelConfig, share: float) -> dict[str, Tensor]:
    """`weights` with the encoder moved by `share` in [0, 1] of the way to its ImageNet weights. Raises ValueError."""
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share: got {share}, expected 0 (as trained) to 1 (ImageNet)")
    start = Grin(config)
    load_imagenet(start.pyramid.backbone)
    pretrained = start.state_dict()
    return {
        name: torch.lerp(tensor, pretrained[name], share) if name.startswith(ENCODER) else tensor
        for name, tensor in weights.items()
    }
