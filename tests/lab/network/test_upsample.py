# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from grin_ros.lab.network.upsample import guided_upsample

SIZES = [(30, 46), (31, 47), (61, 97), (5, 7)]
Colour = tuple[int, int, int]
BLACK, WHITE, GREY, LIGHT_GREY = (20, 30, 40), (220, 200, 180), (90, 90, 90), (130, 130, 130)


def noisy_image(height: int, width: int) -> Tensor:
    return torch.randint(0, 256, (1, height, width, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


@pytest.mark.parametrize("size", SIZES)
def test_constant_depth_stays_constant_for_any_image(size: tuple[int, int]) -> None:
    # Structure in the image alone makes no structure in depth.
    ln_range, sigma = guided_upsample(torch.full((8, 12), 0.7), torch.full((8, 12), 0.05), noisy_image(*size))
    assert ln_range.shape == sigma.shape == size
    torch.testing.assert_close(ln_range, torch.full(size, 0.7), atol=1e-5, rtol=0.0)
    torch.testing.assert_close(sigma, torch.full(size, 0.05), atol=1e-4, rtol=0.0)


@pytest.mark.parametrize("size", SIZES)
def test_depth_lies_between_that_of_the_neighbouring_cells(size: tuple[int, int]) -> None:
    grid = torch.randn(8, 12, generator=torch.Generator().manual_seed(1))
    ln_range, sigma = guided_upsample(grid, torch.full((8, 12), 0.05), noisy_image(*size))
    assert torch.isfinite(ln_range).all()
    assert torch.isfinite(sigma).all()
    assert ln_range.min() >= grid.min() - 1e-5
    assert ln_range.max() <= grid.max() + 1e-5


def test_a_gentle_slope_stays_a_slope() -> None:
    # With 0.01 per cell and no contrast the result is bilinear up to a fraction of a cell, without steps or a shift.
    rows, cols, height, width = 12, 16, 96, 128
    grid = (0.01 * torch.arange(cols)).expand(rows, cols)
    image = torch.full((1, height, width, 3), 90, dtype=torch.uint8)
    ln_range, _ = guided_upsample(grid, torch.full((rows, cols), 0.05), image)
    position = ((torch.arange(width) + 0.5) * cols / width - 0.5).clamp(0.0, cols - 1.0)
    torch.testing.assert_close(ln_range, (0.01 * position).expand(height, width), atol=1e-3, rtol=0.0)
    assert (ln_range[:, 1:] >= ln_range[:, :-1] - 1e-6).all()


def test_the_grid_is_not_flipped_or_transposed() -> None:
    # The centre pixel of each cell has the value of the cell.
    rows, cols, pitch = 4, 5, 9
    grid = 0.02 * torch.arange(rows * cols, dtype=torch.float32).reshape(rows, cols)
    image = torch.full((1, rows * pitch, cols * pitch, 3), 90, dtype=torch.uint8)
    ln_range, _ = guided_upsample(grid, torch.full_like(grid, 0.05), image)
    torch.testing.assert_close(ln_range[pitch // 2 :: pitch, pitch // 2 :: pitch], grid, atol=1e-5, rtol=0.0)


def two_surfaces(
    size: tuple[int, int], edge: int, colours: tuple[Colour, Colour], ratio: float, upright: bool = True
) -> tuple[Tensor, Tensor, Tensor]:
    """Return an image of two flat surfaces that meet at pixel `edge`, ln(range) on a 16 x 16 grid, and the far pixels.

    The far surface is `ratio` times as far as the near one. A cell has the range of the pixel at its centre.
    """
    height, width = size if upright else size[::-1]
    far = (torch.arange(width) >= edge).expand(height, width)
    image = torch.where(far[..., None], torch.tensor(colours[1]), torch.tensor(colours[0])).to(torch.uint8)[None]
    centres = (torch.arange(16) + 0.5) * width / 16 - 0.5
    grid = torch.where(centres >= edge - 0.5, math.log(ratio), 0.0).expand(16, 16)
    if upright:
        return image.contiguous(), grid.contiguous(), far
    return image.transpose(1, 2).contiguous(), grid.T.contiguous(), far.T


def edges(width: int) -> range:
    """Return all places within two cells, so that the edge lies on, beside and between cell centres."""
    return range(width // 2 - width // 16, width // 2 + width // 16)


@pytest.mark.parametrize("size", [(48, 64), (33, 97), (31, 133)])
@pytest.mark.parametrize("ratio", [1.3, 6.0])
@pytest.mark.parametrize("upright", [True, False], ids=["upright", "lying"])
def test_an_edge_in_colour_and_depth_stays_sharp(size: tuple[int, int], ratio: float, upright: bool) -> None:
    for edge in edges(size[1]):
        image, grid, far = two_surfaces(size, edge, (BLACK, WHITE), ratio, upright)
        ln_range, _ = guided_upsample(grid, torch.full_like(grid, 0.05), image)
        expected = torch.where(far, math.log(ratio), 0.0)
        assert (ln_range - expected).abs().max() < 0.01, f"edge at pixel {edge}"


@pytest.mark.parametrize("colours", [(GREY, LIGHT_GREY), (GREY, GREY)], ids=["little contrast", "no contrast"])
@pytest.mark.parametrize("ratio", [2.0, 6.0])
def test_no_pixel_lies_between_two_surfaces(colours: tuple[Colour, Colour], ratio: float) -> None:
    # Where the image shows the edge badly, its place may be wrong, but each pixel is on one of the surfaces.
    for edge in edges(128):
        image, grid, _ = two_surfaces((32, 128), edge, colours, ratio)
        ln_range, _ = guided_upsample(grid, torch.full_like(grid, 0.05), image)
        off = torch.minimum(ln_range.abs(), (ln_range - math.log(ratio)).abs())
        assert off.max() < 0.02, f"edge at pixel {edge}: {int((off >= 0.02).any(0).sum())} columns between the surfaces"


def test_sigma_is_larger_at_an_edge() -> None:
    image, grid, _ = two_surfaces((96, 128), 64, (GREY, GREY), 2.0)
    _, sigma = guided_upsample(grid, torch.full_like(grid, 0.05), image)
    torch.testing.assert_close(sigma[:, :50], torch.full((96, 50), 0.05), atol=1e-3, rtol=0.0)
    assert sigma[:, 62:66].min() > 0.1


def test_sigma_is_that_of_the_cells_on_the_same_surface() -> None:
    image, grid, far = two_surfaces((96, 128), 64, (BLACK, WHITE), 3.0)
    sigma_grid = torch.where(grid > 0.5, 0.4, 0.02)
    _, sigma = guided_upsample(grid, sigma_grid, image)
    assert sigma[~far].max() < 0.1
    assert sigma[far].min() > 0.35
