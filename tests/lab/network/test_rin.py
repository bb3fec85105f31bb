# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from grin_ros.lab.network.rin import Attention, RinBlock


def tokens(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def block() -> RinBlock:
    torch.manual_seed(0)
    return RinBlock(token_dim=32, latent_dim=48, self_layers=2, head_dim=16)


def test_attention_is_scaled_dot_product_attention() -> None:
    torch.manual_seed(0)
    attention = Attention(24, 20, 32, 16)
    x, source = tokens(2, 7, 24), tokens(2, 11, 20, seed=1)
    key, value = attention.key_value(source).chunk(2, -1)

    def heads(t: Tensor) -> Tensor:
        return t.reshape(2, -1, 2, 16).transpose(1, 2)

    mixed = functional.scaled_dot_product_attention(heads(attention.query(x)), heads(key), heads(value))
    expected = attention.out(mixed.transpose(1, 2).flatten(-2))
    torch.testing.assert_close(attention(x, attention.project(source)), expected)


def test_scene_tokens_change_latents_and_pixels(block: RinBlock) -> None:
    pixels, latents = tokens(1, 30, 32), tokens(1, 6, 48)
    outputs = [block(pixels, latents, block.scene_key_value(tokens(1, 9, 32, seed=seed))) for seed in (1, 2)]
    for first, second in zip(*outputs, strict=True):
        assert (first - second).abs().max() > 1e-3  # the latents change, and through them every pixel


def test_scene_tokens_count_like_pixel_tokens(block: RinBlock) -> None:
    # Scene tokens, given as keys and values, count like pixel tokens with the same content, apart from their own norm.
    pixels, scene, latents = tokens(1, 30, 32), tokens(1, 9, 32, seed=1), tokens(1, 6, 48)
    block.token_norm.load_state_dict(block.scene_norm.state_dict())
    apart = block(pixels, latents, block.scene_key_value(scene))[1]
    together = block(torch.cat([pixels, scene], 1), latents, block.scene_key_value(scene[:, :0]))[1]
    torch.testing.assert_close(apart, together, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("count", [1, 5, 333])
def test_any_number_of_tokens_is_accepted(block: RinBlock, count: int) -> None:
    out, latents = block(tokens(2, count, 32), tokens(2, 6, 48), block.scene_key_value(tokens(2, 9, 32)))
    assert out.shape == (2, count, 32)
    assert latents.shape == (2, 6, 48)


def test_the_order_of_tokens_does_not_matter(block: RinBlock) -> None:
    pixels, latents = tokens(1, 50, 32), tokens(1, 6, 48)
    scene_kv = block.scene_key_value(tokens(1, 9, 32, seed=1))
    order = torch.randperm(50, generator=torch.Generator().manual_seed(3))
    out, after = block(pixels, latents, scene_kv)
    out_shuffled, after_shuffled = block(pixels[:, order], latents, scene_kv[:, torch.arange(8, -1, -1)])
    torch.testing.assert_close(out_shuffled, out[:, order], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(after_shuffled, after, atol=1e-5, rtol=1e-5)


def test_pixels_influence_each_other_through_the_latents(block: RinBlock) -> None:
    pixels, latents = tokens(1, 20, 32), tokens(1, 6, 48)
    scene_kv = block.scene_key_value(tokens(1, 9, 32, seed=1))
    changed = pixels.clone()
    changed[:, 0] = -pixels[:, 0]  # a mere shift would be removed by the norm
    difference = (block(changed, latents, scene_kv)[0] - block(pixels, latents, scene_kv)[0])[0].abs().amax(-1)
    assert (difference[1:] > 1e-5).all()
