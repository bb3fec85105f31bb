# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From the query grid to the camera's pixels, guided by the image, without inventing points between surfaces."""

from __future__ import annotations

import torch
from torch import Tensor

from grin_ros.model.encoder import resize_image

COLOUR_STD = 12.0
"""Colour difference (of 255, per channel) at which a neighbouring cell loses its say."""
STEP_STD_LN = 0.05
"""Difference of ln(range) at which two cells count as two surfaces."""


def guided_upsample(ln_range: Tensor, sigma_ln: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
    """ln_range, sigma_ln (rows, cols); image (1, H, W, 3) uint8 -> ln_range, sigma_ln (H, W).

    Joint bilateral upsampling (Kopf et al., SIGGRAPH 2007) over the four cells around each pixel, in two rounds: the
    first finds the surface that the pixel's colour speaks for, the second averages only cells of that surface. A plain
    weighted mean would hang points in the air between foreground and background.
    """
    rows, cols = ln_range.shape
    height, width = image.shape[1], image.shape[2]
    guide = resize_image(image, rows, cols)[0]
    pixels = image[0].to(torch.float32).permute(2, 0, 1)
    y0, y1, wy = _neighbours(height, rows, image.device)
    x0, x1, wx = _neighbours(width, cols, image.device)
    field = torch.cat([ln_range[None], sigma_ln[None], guide], 0)
    taps = []
    for y, weight_y in ((y0, 1.0 - wy), (y1, wy)):
        row = field.index_select(1, y)
        for x, weight_x in ((x0, 1.0 - wx), (x1, wx)):
            tap = row.index_select(2, x)
            colour = ((pixels - tap[2:]) ** 2).sum(0)
            # The floor keeps a bilinear answer where no cell resembles the pixel.
            weight = weight_y[:, None] * weight_x[None, :] * (torch.exp(-colour / (6.0 * COLOUR_STD**2)) + 1e-3) + 1e-9
            taps.append((tap[0], tap[1], weight))
    sharp = [weight**3 for _, _, weight in taps]
    surface = _mean([tap[0] for tap in taps], sharp)
    # Relative to the nearest cell: where no colour decides, the first round ends half-way between two surfaces, and
    # cells equally far from there must not be averaged.
    apart = [(d - surface) ** 2 for d, _, _ in taps]
    least = torch.minimum(torch.minimum(apart[0], apart[1]), torch.minimum(apart[2], apart[3]))
    near = [
        w * (torch.exp((least - a) / (2.0 * STEP_STD_LN**2)) + 1e-4) for a, (_, _, w) in zip(apart, taps, strict=True)
    ]
    ln_fine = _mean([tap[0] for tap in taps], near)
    # What the four cells disagree about, by the first round's weights, is uncertainty of the edge's place.
    spread = _mean([(d - ln_fine) ** 2 for d, _, _ in taps], [w for _, _, w in taps])
    sigma = torch.sqrt(_mean([s**2 for _, s, _ in taps], near) + 0.5 * spread)
    return ln_fine, sigma


def _neighbours(size: int, cells: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Of each pixel along one axis: the two cells around it and the weight of the second."""
    # Tensors, not a quotient of Python numbers: the size is an unknown while the graph is exported.
    pitch = torch.scalar_tensor(cells, device=device) / torch.scalar_tensor(size, device=device)
    position = (torch.arange(size, device=device, dtype=torch.float32) + 0.5) * pitch - 0.5
    position = position.clamp(0.0, float(cells - 1))
    first = torch.floor(position).clamp(max=float(cells - 2))
    return first.to(torch.int64), (first + 1.0).to(torch.int64), position - first


def _mean(values: list[Tensor], weights: list[Tensor]) -> Tensor:
    total = weights[0] * values[0]
    norm = weights[0]
    for value, weight in zip(values[1:], weights[1:], strict=True):
        total = total + weight * value
        norm = norm + weight
    return total / norm
