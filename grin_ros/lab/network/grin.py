# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""GRIN (arXiv 2409.09896): pixel-level diffusion of log-depth, conditioned on image features and rays, locally and
globally.

Three methods are the three graphs of an artifact: `encode` runs once per frame, `denoise` once per step, `decode` once
per frame.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from grin_ros.core.geometry.log_depth import BEYOND
from grin_ros.core.sampling.ddim import ddim
from grin_ros.core.sampling.sampler import Sample
from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.network.embeddings import LevelEmbedding, RayEmbedding, ValueEmbedding
from grin_ros.lab.network.encoder import FeaturePyramid
from grin_ros.lab.network.rin import RinBlock
from grin_ros.lab.network.upsample import guided_upsample

MIN_LOG_VARIANCE, MAX_LOG_VARIANCE = -10.0, 4.0


class Prediction(NamedTuple):
    """The output of the network for S samples of N pixels at one noise level.

    velocity (S, N); latents (S, L, C); log_variance (S, N): the log of the variance of x_0's error.
    """

    velocity: Tensor
    latents: Tensor
    log_variance: Tensor


class Grin(nn.Module):
    """The network, with the sizes of a ModelConfig and random weights."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        d, c = config.token_dim, config.latent_dim
        self.pyramid = FeaturePyramid(config)
        self.local_project = nn.Linear(config.feature_dim, d)
        self.scene_project = nn.Linear(config.feature_dim, d)
        self.local_rays = RayEmbedding(d)
        self.scene_rays = RayEmbedding(d)
        self.value = ValueEmbedding(d)
        self.level = LevelEmbedding(c)
        self.level_to_tokens = nn.Linear(c, 2 * d)
        self.level_to_head = nn.Linear(c, 2 * d)
        self.latents = nn.Parameter(torch.randn(config.latent_count, c) * 0.5)
        self.previous_norm = nn.LayerNorm(c)
        self.blocks = nn.ModuleList(RinBlock(d, c, config.self_layers, config.head_dim) for _ in range(config.blocks))
        self.head_norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, 2)
        # Latent self-conditioning (RIN, section 3.2) and the modulation by the noise level start without effect.
        for zeroed in (self.previous_norm, self.level_to_tokens, self.level_to_head):
            nn.init.zeros_(zeroed.weight)
            nn.init.zeros_(zeroed.bias)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    def encode(
        self,
        image: Tensor,
        queries: Tensor,
        query_rays: Tensor,
        scene_rays: Tensor,
        mounting: Tensor,
        scene_kept: Tensor | None = None,
        *,
        maps: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Compute everything that depends on the image and the camera only.

        image (B, H, W, 3) uint8; queries (B, N, 2) in [-1, 1]; query_rays (B, N, 3) and scene_rays (B, G, 3), unit
        vectors in the optical frame; mounting (B, 5). scene_kept: indices of the scene tokens to keep; None keeps all.
        maps: the output of the feature pyramid, if it was computed before.
        Returns local_tokens (B, N, D) and scene_kv (blocks, B, G, 2D).
        """
        fine, coarse = self.pyramid(image) if maps is None else maps
        if not self.config.rays:
            query_rays = directions(queries)
            scene_rays = directions(cell_centres(*coarse.shape[2:]).to(queries.device)).expand(len(fine), -1, -1)
        local = self.local_rays(query_rays, mounting)
        if self.config.local:
            sampled = functional.grid_sample(fine, queries[:, :, None].to(fine.dtype), align_corners=False).squeeze(-1)
            local = local + self.local_project(sampled.transpose(1, 2))
        scene = self.scene_project(coarse.flatten(2).transpose(1, 2)) + self.scene_rays(scene_rays, mounting)
        if not self.config.scene:
            scene = scene[:, :0]
        elif scene_kept is not None:
            scene = scene.index_select(1, scene_kept)
        return local, torch.stack([block.scene_key_value(scene) for block in self._blocks()])

    def predict(
        self, x: Tensor, signal: Tensor, noise: Tensor, latents: Tensor, local_tokens: Tensor, scene_kv: Tensor
    ) -> Prediction:
        """Run the network on x (S, N) at the noise level given by the amplitudes signal and noise (S,).

        latents (S, L, C): those of the previous step, or zeros. local_tokens and scene_kv may have a batch of 1, which
        the members of an ensemble share.
        """
        level = self.level(signal, noise)
        gain, shift = self.level_to_tokens(level)[:, None].chunk(2, -1)
        tokens = local_tokens + self.value(x) * (1.0 + gain) + shift
        z = self.latents + level[:, None] + self.previous_norm(latents)
        scene_kv = scene_kv.expand(-1, x.shape[0], -1, -1)
        for i, block in enumerate(self._blocks()):
            tokens, z = block(tokens, z, scene_kv[i])
        gain, shift = self.level_to_head(level)[:, None].chunk(2, -1)
        out = self.head(self.head_norm(tokens) * (1.0 + gain) + shift)
        return Prediction(out[..., 0], z, out[..., 1].clamp(MIN_LOG_VARIANCE, MAX_LOG_VARIANCE))

    def denoise(self, x: Tensor, levels: Tensor, latents: Tensor, local_tokens: Tensor, scene_kv: Tensor) -> Sample:
        """Take one DDIM step. levels (4,): signal, noise, next signal, next noise."""
        signal, noise, signal_next, noise_next = levels.unbind(0)
        ones = torch.ones_like(x[:, 0])
        out = self.predict(x, signal * ones, noise * ones, latents, local_tokens, scene_kv)
        x_next = ddim(x, out.velocity, signal, noise, signal_next, noise_next)
        return Sample(x_next, out.latents, out.log_variance)

    def decode(self, x: Tensor, log_variance: Tensor, image: Tensor, ray_z: Tensor) -> tuple[Tensor, Tensor]:
        """Return depth_m and sigma_m (H, W) from the clean samples x (S, N) of the members on the query grid.

        image (1, H, W, 3) uint8; ray_z (1, H, W), the z component of the camera's unit rays. Depth is the median over
        the members, +inf beyond range and NaN where the camera has no forward ray. sigma is uncalibrated: its square,
        in ln(range), is the mean of the predicted variances plus the variance over the members (law of total variance).
        sigma is NaN where depth is not finite.
        """
        config = self.config
        ordered = torch.sort(x, 0).values
        members = x.shape[0]
        median = 0.5 * (ordered[(members - 1) // 2] + ordered[members // 2])
        variance = torch.exp(log_variance).mean(0) + ((x - x.mean(0, keepdim=True)) ** 2).mean(0)
        grid = (config.grid_rows, config.grid_cols)
        ln_range, ln_per_unit = self.ln_range(median)
        sigma_ln = torch.sqrt(variance) * ln_per_unit
        ln_fine, sigma_fine = guided_upsample(ln_range.reshape(grid), sigma_ln.reshape(grid), image)
        depth_m = torch.exp(ln_fine) * ray_z[0]
        sigma_m = depth_m * sigma_fine
        seen, beyond = ray_z[0] > 0.0, ln_fine > math.log(BEYOND * config.max_range_m)
        depth_m = torch.where(seen, torch.where(beyond, torch.inf, depth_m), torch.nan)
        return depth_m, torch.where(seen & ~beyond, sigma_m, torch.nan)

    def ln_range(self, x: Tensor) -> tuple[Tensor, Tensor | float]:
        """Return ln(range in metres) of the network's x, and d ln(range) / d x."""
        config = self.config
        value = (x * config.data_std).clamp(-1.0, 1.0)
        low, high = config.min_range_m, config.max_range_m
        if config.depth == "log":
            return value * (config.ln_per_unit / config.data_std) + 0.5 * math.log(low * high), config.ln_per_unit
        range_m = low + 0.5 * (value + 1.0) * (high - low)
        return torch.log(range_m), 0.5 * config.data_std * (high - low) / range_m

    @property
    def grid(self) -> tuple[int, int]:
        """The rows and columns of the query grid."""
        return self.config.grid_rows, self.config.grid_cols

    def empty_latents(self, local_tokens: Tensor) -> Tensor:
        """Return the latents (B, L, C) that sampling starts from, which are zeros, for local_tokens (B, N, D)."""
        return local_tokens.new_zeros(len(local_tokens), self.config.latent_count, self.config.latent_dim)

    def _blocks(self) -> list[RinBlock]:
        return [block for block in self.blocks if isinstance(block, RinBlock)]


def directions(positions: Tensor) -> Tensor:
    """Return unit rays (..., 3) for image positions (..., 2) in [-1, 1], as if every camera saw 90 degrees.

    Models without rays (config.rays is False) use them.
    """
    ones = torch.ones_like(positions[..., :1])
    return functional.normalize(torch.cat([positions, ones], -1), dim=-1)


def cell_centres(rows: int, cols: int) -> Tensor:
    """Return the centres (rows * cols, 2) of the cells of a grid over the image, x and y in [-1, 1]."""
    y, x = ((2.0 * torch.arange(n) + 1.0) / n - 1.0 for n in (rows, cols))
    return torch.stack([x.repeat(rows), y.repeat_interleave(cols)], -1)
