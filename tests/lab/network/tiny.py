# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A GRIN small enough for tests, inputs for it, and a stand-in whose answers a test gives."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.network.encoder import EfficientNetLite
from grin_ros.lab.network.grin import Grin

TINY = ModelConfig(
    image_height=64,
    image_width=64,
    grid_rows=16,
    grid_cols=16,
    feature_dim=16,
    token_dim=32,
    latent_count=8,
    latent_dim=32,
    blocks=2,
    self_layers=1,
    head_dim=16,
    encoder_widths=(8, 8, 8, 8, 16, 16, 16, 16),
    encoder_repeats=(1,) * 7,
)


def init_like_imagenet(encoder: EfficientNetLite, seed: int) -> None:
    """Set random weights (He initialisation, seeded), for test models without pretrained weights."""
    generator = torch.Generator().manual_seed(seed)
    for module in encoder.modules():
        if isinstance(module, nn.Conv2d):
            fan_in = module.weight[0].numel()
            with torch.no_grad():
                module.weight.normal_(0.0, math.sqrt(2.0 / fan_in), generator=generator)
                if module.bias is not None:
                    module.bias.zero_()


def fresh(seed: int = 0, config: ModelConfig = TINY) -> Grin:
    """Return a model as it is before training: latent self-conditioning and level modulation have no effect."""
    torch.manual_seed(seed)
    model = Grin(config)
    init_like_imagenet(model.pyramid.backbone, seed)
    return model.eval()


def awake(seed: int = 0, config: ModelConfig = TINY) -> Grin:
    """Return a model in which every part has an effect, as after training."""
    model = fresh(seed, config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.startswith("pyramid.backbone"):
                scale = float(parameter.std(correction=0)) or 1.0
                parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.3 * scale)
    return model


def scene(batch: int = 1, queries: int = 40, seed: int = 0, size: tuple[int, int] = (64, 64)) -> dict[str, Tensor]:
    """Return random inputs of `Grin.encode` by name, with an image of size (height, width) and a known mounting."""
    generator = torch.Generator().manual_seed(seed)

    def rays(count: int) -> Tensor:
        direction = torch.randn(batch, count, 3, generator=generator) * 0.4 + torch.tensor([0.0, 0.0, 1.0])
        return torch.nn.functional.normalize(direction, dim=-1)

    tilted = torch.nn.functional.normalize(torch.tensor([0.1, -1.0, -0.2]), dim=0)
    return {
        "image": torch.randint(0, 256, (batch, *size, 3), generator=generator, dtype=torch.uint8),
        "queries": torch.rand(batch, queries, 2, generator=generator) * 2.0 - 1.0,
        "query_rays": rays(queries),
        "scene_rays": rays(TINY.scene_rows * TINY.scene_cols),
        "mounting": torch.cat([tilted, torch.tensor([1.3, 1.0])]).expand(batch, -1).clone(),
    }


def latents(count: int, seed: int | None = None) -> Tensor:
    """Return latents (count, L, C): zeros, or random ones with a seed."""
    shape = (count, TINY.latent_count, TINY.latent_dim)
    return torch.zeros(shape) if seed is None else torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def levels(phi: float, count: int) -> tuple[Tensor, Tensor]:
    """Return the amplitudes of signal and noise (count,) at an angle of the schedule in radians."""
    return torch.full((count,), math.cos(phi)), torch.full((count,), math.sin(phi))


def noise(*shape: int, seed: int = 5) -> Tensor:
    """Return standard normal numbers."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


class StandIn(nn.Module):
    """A network without an encoder. Subclasses define `predict`."""

    def __init__(self) -> None:
        super().__init__()
        self.config: ModelConfig = TINY

    def encode(self, *inputs: Tensor, maps: object = None) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        return inputs[1], inputs[2]

    def empty_latents(self, local_tokens: Tensor) -> Tensor:
        return latents(len(local_tokens))
