# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from grin_ros.lab.network.resize import resize_image, resize_taps


def picture(height: int, width: int, batch: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (batch, height, width, 3), generator=generator, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ((96, 128), (48, 64)),  # half
        ((97, 131), (33, 47)),  # odd to odd
        ((480, 640), (192, 256)),
        ((50, 40), (64, 96)),  # larger
        ((31, 200), (64, 32)),  # larger in one direction, smaller in the other
        ((1, 1), (32, 32)),
        ((64, 64), (1, 1)),
    ],
)
def test_resize_is_the_antialiased_bilinear_resize(source: tuple[int, int], target: tuple[int, int]) -> None:
    image = picture(*source, batch=2)
    expected = functional.interpolate(
        image.permute(0, 3, 1, 2).to(torch.float64), target, mode="bilinear", antialias=True, align_corners=False
    )
    got = resize_image(image, *target)
    assert got.shape == (2, 3, *target)
    assert got.dtype == torch.float32
    torch.testing.assert_close(got.double(), expected, atol=5e-3, rtol=0.0)  # on a scale of 0 to 255


def test_resize_to_the_same_size_changes_nothing() -> None:
    image = picture(45, 63)
    assert torch.equal(resize_image(image, 45, 63), image.permute(0, 3, 1, 2).float())


def test_resize_keeps_a_constant_image_and_the_range_of_any() -> None:
    flat = torch.full((1, 37, 61, 3), 200, dtype=torch.uint8)
    torch.testing.assert_close(resize_image(flat, 24, 80), torch.full((1, 3, 24, 80), 200.0), atol=1e-3, rtol=0.0)
    resized = resize_image(picture(37, 61), 24, 80)
    assert resized.min() >= 0.0
    assert resized.max() <= 255.0


def test_resize_does_not_shift_the_image() -> None:
    # Resized images of u and v hold the coordinates of the cell centres, without a shift of half a pixel.
    height, width = 120, 200
    v, u = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    image = torch.stack([u, v, 0 * u], -1).to(torch.uint8)[None]
    got = resize_image(image, 30, 40)[0, :2, 2:-2, 2:-2]
    centres_u = (torch.arange(40) + 0.5) * width / 40 - 0.5
    centres_v = (torch.arange(30) + 0.5) * height / 30 - 0.5
    torch.testing.assert_close(got[0], centres_u[2:-2].expand(26, -1), atol=1e-3, rtol=0.0)
    torch.testing.assert_close(got[1], centres_v[2:-2, None].expand(-1, 36), atol=1e-3, rtol=0.0)


@pytest.mark.parametrize(("source", "target"), [(7, 7), (640, 256), (33, 64), (1, 5), (9, 1), (1280, 48)])
def test_taps_are_pixels_of_the_image_with_weights_that_sum_to_one(source: int, target: int) -> None:
    indices, weights = resize_taps(source, target, torch.device("cpu"))
    assert indices.shape == weights.shape
    assert len(indices) == target
    assert indices.min() >= 0
    assert indices.max() < source
    assert (weights >= 0.0).all()
    torch.testing.assert_close(weights.sum(1), torch.ones(target))


def test_the_number_of_taps_does_not_grow_with_the_square_of_the_image() -> None:
    """Each target pixel has a few taps for any image size, where the whole matrix would have `source` of them."""
    for source in (256, 640, 1280, 4096):
        assert resize_taps(source, 256, torch.device("cpu"))[0].shape[1] <= 2 * source / 256 + 2
