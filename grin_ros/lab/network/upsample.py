# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Upsampling from the query grid to the pixels of the camera, guided by the image, without points between surfaces.

Memory traffic dominates the cost: about 150 passes over planes of the camera's size. Therefore everything that can be
computed per cell is not computed per pixel, columns are selected before rows (rows are copied whole, columns value by
value), and constants are multiplied into the cells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from grin_ros.lab.network.resize import resize_image

COLOUR_STD = 12.0
"""Colour difference (0 to 255, per channel) that takes a neighbouring cell most of its weight."""
STEP_STD_LN = 0.05
"""Difference of ln(range) from which two cells count as two surfaces."""


def guided_upsample(ln_range: Tensor, sigma_ln: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
    """Return ln_range and sigma_ln (H, W) from those of the cells (rows, cols), guided by image (1, H, W, 3) uint8.

    The method is joint bilateral upsampling (Kopf et al., SIGGRAPH 2007) over the four cells around each pixel, in two
    rounds. The first finds the surface that the colour of the pixel belongs to, the second averages only the cells of
    that surface. A plain weighted mean would put points into the air between foreground and background.
    """
    rows, cols = ln_range.shape
    height, width = image.shape[1], image.shape[2]
    guide = resize_image(image, rows, cols)[0]
    red, green, blue = image.to(torch.float32).squeeze(0).permute(2, 0, 1).unbind(0)
    y0, y1, wy = _neighbours(height, rows, image.device)
    x0, x1, wx = _neighbours(width, cols, image.device)
    # The unit is sqrt(2) STEP_STD_LN, so that the weights of the second round are exp(-difference^2).
    step_ln = math.sqrt(2.0) * STEP_STD_LN
    cells = torch.cat([(ln_range / step_ln)[None], _square(sigma_ln)[None], guide], 0).permute(2, 0, 1)
    surfaces, variances, weights = [], [], []
    for x, weight_x in ((x0, 1.0 - wx), (x1, wx)):
        columns = cells.index_select(0, x).permute(1, 2, 0).unbind(0)
        for y, weight_y in ((y0, 1.0 - wy), (y1, wy)):
            surface, variance, r, g, b = (plane.index_select(0, y) for plane in columns)
            colour = _square(red - r) + _square(green - g) + _square(blue - b)
            alike = torch.exp(colour * (-1.0 / (6.0 * COLOUR_STD**2)))
            # The constants keep the result bilinear where no cell has the colour of the pixel.
            weights.append(weight_y[:, None] * weight_x[None, :] * (alike + 1e-3) + 1e-9)
            surfaces.append(surface)
            variances.append(variance)
    sharp = [weight**3 for weight in weights]
    first = _weighted(surfaces, sharp) / _sum(sharp)
    # Differences are taken relative to the nearest cell. Where colour does not decide, the first round ends half-way
    # between two surfaces, and all cells would be equally far away.
    apart = [_square(surface - first) for surface in surfaces]
    least = torch.minimum(torch.minimum(apart[0], apart[1]), torch.minimum(apart[2], apart[3]))
    near = [w * (torch.exp(least - a) + 1e-4) for a, w in zip(apart, weights, strict=True)]
    near_sum = _sum(near)
    fine = _weighted(surfaces, near) / near_sum
    # The spread of the four cells, with the weights of the first round, is the uncertainty of where the edge lies.
    spread = _weighted([_square(surface - fine) for surface in surfaces], weights) / _sum(weights)
    variance = _weighted(variances, near) / near_sum + spread * (0.5 * step_ln**2)
    return fine * step_ln, torch.sqrt(variance)


def _neighbours(size: int, cells: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Return the two cells around each pixel along one axis, and the weight of the second."""
    # These are tensors and not quotients of Python numbers, because the size is unknown while the graph is exported.
    pitch = torch.scalar_tensor(cells, device=device) / torch.scalar_tensor(size, device=device)
    position = (torch.arange(size, device=device, dtype=torch.float32) + 0.5) * pitch - 0.5
    position = position.clamp(0.0, float(cells - 1))
    first = torch.floor(position).clamp(max=float(cells - 2))
    return first.to(torch.int64), (first + 1.0).to(torch.int64), position - first


def _square(x: Tensor) -> Tensor:
    """Return x^2 as a product, which runtimes compute faster than a power."""
    return x * x


def _weighted(values: Sequence[Tensor], weights: Sequence[Tensor]) -> Tensor:
    return _sum([weight * value for value, weight in zip(values, weights, strict=True)])


def _sum(values: Sequence[Tensor]) -> Tensor:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total
