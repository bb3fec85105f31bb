# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Low-rank adapters (LoRA, Hu et al., arXiv 2106.09685) in the linear layers of the RIN. They are merged before export,
so that the graphs do not change."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from grin_ros.lab.network.grin import Grin


class LowRank(nn.Module):
    """Adds down @ up, a product of two narrow matrices that begins at zero, to a weight.

    Both have the device and the type of the weight. generator: one of the CPU, so that all devices begin alike.
    """

    def __init__(self, weight: Tensor, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        rows, columns = weight.shape
        drawn = torch.randn(rank, columns, generator=generator) * columns**-0.5
        self.down = nn.Parameter(weight.new_zeros(rows, rank))
        self.up = nn.Parameter(drawn.to(weight))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.down @ self.up


def add_adapters(model: Grin, rank: int, seed: int) -> None:
    """Freeze the model, and give each linear layer of its RIN blocks an adapter of this rank to train."""
    generator = torch.Generator().manual_seed(seed)
    model.requires_grad_(False)
    for module in list(model.blocks.modules()):
        if isinstance(module, nn.Linear):
            parametrize.register_parametrization(module, "weight", LowRank(module.weight, rank, generator))


def merge_adapters(model: Grin) -> None:
    """Put the adapters into the weights. A model without adapters does not change."""
    for module in list(model.modules()):
        if parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)
            module.requires_grad_(False)
