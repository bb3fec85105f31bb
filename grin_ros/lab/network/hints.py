# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The hint network: which pixels share an error of the frozen model, and how large it is.

It reads what the frozen model knows of each queried pixel and gives the features with which the Gaussian process of
`grin_ros.core.hints.posterior` compares pixels. The process itself stays a closed form, so any number of hints is
allowed. With its last layer at zero, the process is that without a network.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from grin_ros.core.hints.likeness import BASES, CHANNELS, LOCAL, SMOOTH

LARGEST = 4.0
"""Bounds the features: two pixels are at most some lengths apart by them."""


class HintNetwork(nn.Module):
    """token_dim: of the frozen model. rows, cols: its query grid."""

    def __init__(self, token_dim: int, rows: int, cols: int, width: int = 32) -> None:
        super().__init__()
        self.rows, self.cols = rows, cols
        self.hint_norm = nn.LayerNorm(token_dim)
        self.hint_tokens = nn.Linear(token_dim, width)
        self.hint_answer = nn.Linear(4, width)
        self.hint_mix = nn.Linear(width, width)
        self.hint_out = nn.Linear(width, CHANNELS)
        nn.init.zeros_(self.hint_out.weight)
        nn.init.zeros_(self.hint_out.bias)
        # Coordinates and bases enter by their products, whose gradient at zero is zero.
        nn.init.normal_(self.hint_out.weight[: BASES + SMOOTH + LOCAL], std=0.06)

    @classmethod
    def of(cls, weights: Mapping[str, Tensor], rows: int, cols: int) -> HintNetwork:
        """Return the network with these weights. Raises RuntimeError if they are not those of a hint network."""
        width, token_dim = weights["hint_tokens.weight"].shape
        network = cls(token_dim, rows, cols, width)
        network.load_state_dict(weights)
        return network

    def forward(self, local_tokens: Tensor, x: Tensor, log_variance: Tensor) -> Tensor:
        """Return features (B, N, CHANNELS) of the grid from local_tokens (B, N, D), x and log_variance (B, N)."""
        return self.pixels(local_tokens, answers(x, log_variance, self.rows, self.cols))

    def pixels(self, tokens: Tensor, answers: Tensor) -> Tensor:
        """Return features (..., CHANNELS) of pixels from their tokens (..., D) and answers (..., 4)."""
        hidden = functional.gelu(self.hint_tokens(self.hint_norm(tokens)) + self.hint_answer(answers))
        out = self.hint_out(hidden + functional.gelu(self.hint_mix(hidden)))
        return LARGEST * torch.tanh(out / LARGEST)


def answers(x: Tensor, log_variance: Tensor, rows: int, cols: int) -> Tensor:
    """Return (B, N, 4): the model's depth against the mean, its variance, and the contrast of depth around."""
    grid = x.unflatten(1, (1, rows, cols))
    contrast = [_largest(grid, k) + _largest(-grid, k) for k in (3, 9)]
    near, far = (torch.log(one.flatten(1) + 0.02) + 2.0 for one in contrast)
    return torch.stack([x - x.mean(1, keepdim=True), 0.5 * (log_variance + 2.0), near, far], -1)


def _largest(grid: Tensor, side: int) -> Tensor:
    """Return the largest value of the square around each cell, by columns and then by rows, which takes less time."""
    for kernel in ((side, 1), (1, side)):
        grid = functional.max_pool2d(grid, kernel, 1, (kernel[0] // 2, kernel[1] // 2))
    return grid
