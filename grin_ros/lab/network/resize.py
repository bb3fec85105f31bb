# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Antialiased resizing of camera images with operators that every backend has.

TensorRT has no antialiased resize operator. Gathers and products with the weights of a triangle filter give the same
pixels everywhere. Each target pixel reads the few source pixels under its filter, one axis after the other. Products
with whole weight matrices, which are nearly all zeros, would take three times as long.
"""

from __future__ import annotations

import torch
from torch import Tensor


def resize_image(image: Tensor, height: int, width: int) -> Tensor:
    """Return image (B, H, W, 3) uint8 as (B, 3, height, width) float32 in 0 to 255, antialiased."""
    # TensorRT accepts uint8 only as the input of a cast.
    rows = _resize_lines(image.to(torch.float32).flatten(2), height).unflatten(2, (-1, 3))
    # With the columns in front, they are read as whole lines too.
    cols = _resize_lines(rows.permute(0, 2, 3, 1).flatten(2), width).unflatten(2, (3, -1))
    return cols.permute(0, 2, 3, 1)


def resize_taps(source: int, target: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the source pixels that each target pixel reads and their weights, (target, taps) int64 and float32.

    The filter is a triangle as wide as the larger of both pixel pitches. Pixels outside the image have no weight.
    """
    # These are tensors and not quotients of Python numbers, because the size is unknown while the graph is exported.
    pitch = torch.scalar_tensor(source, dtype=torch.float32, device=device) / target
    reach = torch.clamp(pitch, min=1.0)
    centres = (torch.arange(target, device=device, dtype=torch.float32) + 0.5) * pitch - 0.5
    # At most ceil(2 * reach) pixels lie strictly under the filter. One more covers rounding and a reach of 1.
    count = (2 * source + target - 1) // target + 1
    taps = torch.floor(centres - reach)[:, None] + torch.arange(1, count + 1, device=device, dtype=torch.float32)
    inside = ((taps >= 0.0) & (taps < source)).to(torch.float32)
    weights = inside * torch.relu(1.0 - torch.abs(taps - centres[:, None]) / reach)
    indices = taps.clamp(min=0.0).to(torch.int64).clamp(max=source - 1)
    return indices, weights / weights.sum(1, keepdim=True)


def _resize_lines(lines: Tensor, target: int) -> Tensor:
    """Resize the second axis of lines (B, source, n) to `target`."""
    indices, weights = resize_taps(lines.shape[1], target, lines.device)
    taken = lines.index_select(1, indices.flatten()).unflatten(1, (target, -1))
    return torch.matmul(weights[:, None], taken)[:, :, 0]
