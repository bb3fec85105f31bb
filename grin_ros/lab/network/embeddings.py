# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How numbers become tokens: rays, noised log-depth, noise levels."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

RAY_OCTAVES = 6
ANCHOR_OCTAVES = 5
VALUE_OCTAVES = 5
LEVEL_OCTAVES = 5
_LN_10 = math.log(10.0)


def fourier(x: Tensor, octaves: int) -> Tensor:
    """(..., C) -> (..., C * (2 * octaves + 1)): x itself, sines and cosines of pi / 2 * 2^k * x (arXiv 2003.08934)."""
    scales = 0.5 * math.pi * 2.0 ** torch.arange(octaves, device=x.device, dtype=x.dtype)
    angles = (x[..., None] * scales).flatten(-2)
    return torch.cat([x, torch.sin(angles), torch.cos(angles)], -1)


class RayEmbedding(nn.Module):
    """3D rays, and where the camera's mounting is known, their elevation and origin above the ground."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        per_number = 2 * RAY_OCTAVES + 1
        self.project = nn.Linear(4 * per_number + 2 * (2 * ANCHOR_OCTAVES + 1) + 1, dim)

    def forward(self, rays: Tensor, mounting: Tensor) -> Tensor:
        """rays (B, N, 3) unit, optical frame; mounting (B, 5): up direction, height_m, known -> (B, N, dim).

        What depends on an unknown mounting is zero, and the flag's weights are the learned "unknown".
        """
        known = mounting[:, None, 4:5].expand(-1, rays.shape[1], -1)
        elevation = (rays * mounting[:, None, 0:3]).sum(-1, keepdim=True)
        height = mounting[:, None, 3:4].clamp(min=0.01).expand_as(elevation)
        # Where the ray would meet level ground: the metric anchor that a known mounting gives.
        ground = torch.log(height / (-elevation).clamp(min=0.02))
        anchors = torch.cat([torch.log(height), ground], -1) / _LN_10
        about = torch.cat([fourier(elevation, RAY_OCTAVES), fourier(anchors, ANCHOR_OCTAVES)], -1)
        return self.project(torch.cat([fourier(rays, RAY_OCTAVES), about * known, known], -1))


class ValueEmbedding(nn.Module):
    """Noised log-depth of each queried pixel, (B, N) -> (B, N, dim); octaves let a small difference be seen."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.project = nn.Linear(2 * VALUE_OCTAVES + 1, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.project(fourier(x[..., None], VALUE_OCTAVES))


class LevelEmbedding(nn.Module):
    """Noise level -> (B, dim). From the amplitudes, not from t: the graph then holds no schedule."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(2 * (2 * LEVEL_OCTAVES + 1), dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, signal: Tensor, noise: Tensor) -> Tensor:
        """signal, noise: (B,)."""
        out: Tensor = self.mlp(fourier(torch.stack([signal, noise], -1), LEVEL_OCTAVES))
        return out
