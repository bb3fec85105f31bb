# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Camera images to the network's size, antialiased, by operators that every backend has.

TensorRT has no antialiased resize, hence gathers and products with triangle-filter weights: the same pixels everywhere.
Each target pixel reads the few source pixels under its filter, one axis after the other; products with the whole
matrices of weights, nearly all of them zero, would cost three times as much.
"""

from __future__ import annotations

import torch
from torch import Tensor


def resize_image(image: Tensor, height: int, width: int) -> Tensor:
    """(B, H, W, 3) uint8 -> (B, 3, height, width) float32 in 0..255, antialiased."""
    # TensorRT reads uint8 into a cast only.
    rows = _resize_lines(image.to(torch.float32).flatten(2), height).unflatten(2, (-1, 3))
    # Columns to the front, so that they are read as whole lines too.
    cols = _resize_lines(rows.permute(0, 2, 3, 1).flatten(2), width).unflatten(2, (3, -1))
    return cols.permute(0, 2, 3, 1)


def resize_taps(source: int, target: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Of each target pixel, the source pixels that it reads and their shares: both (target, taps), int64 and float32.

    The filter is a triangle as wide as the larger of both pixel pitches; what it covers outside counts nothing.
    """
    # Tensors, not quotients of Python numbers: the size is an unknown while the graph is exported.
    pitch = torch.scalar_tensor(source, dtype=torch.float32, device=device) / target
    reach = torch.clamp(pitch, min=1.0)
    centres = (torch.arange(target, device=device, dtype=torch.float32) + 0.5) * pitch - 0.5
    # ceil(2 * reach) pixels lie strictly under the filter, or fewer; one more covers roundings, and a reach of 1.
    count = (2 * source + target - 1) // target + 1
    taps = torch.floor(centres - reach)[:, None] + torch.arange(1, count + 1, device=device, dtype=torch.float32)
    inside = ((taps >= 0.0) & (taps < source)).to(torch.float32)
    weights = inside * torch.relu(1.0 - torch.abs(taps - centres[:, None]) / reach)
    indices = taps.clamp(min=0.0).to(torch.int64).clamp(max=source - 1)
    return indices, weights / weights.sum(1, keepdim=True)


def _resize_lines(lines: Tensor, target: int) -> Tensor:
    """(B, source, n) -> (B, target, n)."""
    indices, weights = resize_taps(lines.shape[1], target, lines.device)
    taken = lines.index_select(1, indices.flatten()).unflatten(1, (target, -1))
    return torch.matmul(weights[:, None], taken)[:, :, 0]
