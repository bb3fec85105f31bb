# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Embeddings of numbers as tokens: rays, noised log-depth, noise levels."""

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
    """Return Fourier features (..., C * (2 * octaves + 1)) of x (..., C): x and sin, cos of pi / 2 * 2^k * x.

    Source: NeRF, arXiv 2003.08934.
    """
    frequencies = 0.5 * math.pi * 2.0 ** torch.arange(octaves, device=x.device, dtype=x.dtype)
    angles = (x[..., None] * frequencies).flatten(-2)
    return torch.cat([x, torch.sin(angles), torch.cos(angles)], -1)


class RayEmbedding(nn.Module):
    """An embedding of 3D rays and, if the mounting of the camera is known, of their elevation and height."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        per_number = 2 * RAY_OCTAVES + 1
        self.project = nn.Linear(4 * per_number + 2 * (2 * ANCHOR_OCTAVES + 1) + 1, dim)

    def forward(self, rays: Tensor, mounting: Tensor) -> Tensor:
        """Return (B, N, dim) from unit rays (B, N, 3) in the optical frame and mounting (B, 5).

        mounting holds the up direction, height_m, and 1 if they are known. If they are not, all features that depend on
        them are zero.
        """
        known = mounting[:, None, 4:5].expand(-1, rays.shape[1], -1)
        elevation = (rays * mounting[:, None, 0:3]).sum(-1, keepdim=True)
        height = mounting[:, None, 3:4].clamp(min=0.01).expand_as(elevation)
        # The distance at which the ray meets level ground. This is how a known mounting gives metric scale.
        ground = torch.log(height / (-elevation).clamp(min=0.02))
        anchors = torch.cat([torch.log(height), ground], -1) / _LN_10
        about = torch.cat([fourier(elevation, RAY_OCTAVES), fourier(anchors, ANCHOR_OCTAVES)], -1)
        return self.project(torch.cat([fourier(rays, RAY_OCTAVES), about * known, known], -1))


class ValueEmbedding(nn.Module):
    """An embedding (B, N, dim) of the noised log-depth (B, N). High octaves make small differences visible."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.project = nn.Linear(2 * VALUE_OCTAVES + 1, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.project(fourier(x[..., None], VALUE_OCTAVES))


class LevelEmbedding(nn.Module):
    """An embedding of the noise level. It takes amplitudes instead of the time, so that the graph has no schedule."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(2 * (2 * LEVEL_OCTAVES + 1), dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, signal: Tensor, noise: Tensor) -> Tensor:
        """Return (B, dim) from the amplitudes signal and noise (B,)."""
        out: Tensor = self.mlp(fourier(torch.stack([signal, noise], -1), LEVEL_OCTAVES))
        return out
