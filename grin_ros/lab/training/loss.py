# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The training objective: two passes a sample, as a two-step sampler runs them.

The first starts from pure noise with empty latents, the second at a random level with the first's latents (latent
self-conditioning, RIN section 3.2), so the second encodes nothing again and nothing is computed without being trained.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from grin_ros.core.sampling.ddim import clean, noised, velocity
from grin_ros.core.sampling.schedule import Schedule
from grin_ros.lab.network.encoder import EfficientNetLite, normalised_image
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.training.batches import Batch


@dataclass(frozen=True)
class LossConfig:
    """Weights of the parts.

    huber_delta: where the velocity loss turns from squared to absolute, units of x. refine: the second pass, relative
    to the first. rollout: share of samples whose second pass starts as in sampling, some or all of the way towards what
    the first answered and with noise of the model's temperature; else errors of one step are taken for evidence by the
    next. shape: error after
    removing each sample's mean error, so that layout is learnt beside scale. likelihood: of the log-variance head.
    keep_latents: share of samples whose second pass starts from the first's latents. scene_tokens: share of scene
    tokens kept, drawn anew each batch between this and 1.
    """

    huber_delta: float = 0.1
    refine: float = 0.5
    rollout: float = 0.5
    shape: float = 0.5
    likelihood: float = 0.05
    keep_latents: float = 0.8
    scene_tokens: float = 0.5


class Objective(nn.Module):
    """Model and loss as one module, so that DistributedDataParallel sees one forward pass a step."""

    def __init__(self, model: Grin, config: LossConfig, renders_encoder: EfficientNetLite | None = None) -> None:
        """renders_encoder: sees the renders in place of the model's, which then sees photographs only (model/align.py);
        it does not learn."""
        super().__init__()
        self.model = model
        self.config = config
        self.renders_encoder = None if renders_encoder is None else renders_encoder.requires_grad_(False)

    def forward(
        self, batch: Batch, t: Tensor, scene_kept: Tensor, keep_latents: Tensor, rolled: Tensor
    ) -> dict[str, Tensor]:
        """t (B,): the second pass's times; scene_kept: indices; keep_latents (B,) of 0 or 1; rolled (B,): how much of
        the first answer's error is in the second pass's input, 0 to 1 -> losses and 'total'."""
        model, config = self.model, self.config
        camera = (batch.queries, batch.query_rays, batch.scene_rays, batch.mounting)
        if self.renders_encoder is None:
            local, scene_kv = model.encode(batch.image, *camera, scene_kept)
        else:
            local, scene_kv = model.condition(*self._maps(batch, self.renders_encoder), *camera, scene_kept)
        ones = torch.ones_like(t)
        network = model.config
        empty = local.new_zeros(len(t), network.latent_count, network.latent_dim)
        # From pure noise: v = -x_0.
        v, log_variance, latents = model.predict(batch.noise[0], 0.0 * ones, ones, empty, local, scene_kv)
        error = -v.float() - batch.x_0
        # In log-depth a scale is a sum: where it is not to be learnt, the truth is moved to the answer's own.
        scale = batch.unscaled[:, None] * error.detach().mean(1, keepdim=True)
        x_0, error = batch.x_0 + scale, error - scale
        losses = {"first": self._huber(error), "shape": self._huber(error - error.mean(1, keepdim=True))}
        likelihood = _negative_log_likelihood(error, log_variance)
        # From a random level.
        signal, noise = levels(model.config.schedule, t)
        seen = x_0 + rolled[:, None] * error.detach()
        eps = batch.noise[1] * torch.where(rolled[:, None] > 0.0, model.config.temperature, 1.0)
        x_t = noised(seen, eps, signal[:, None], noise[:, None])
        v, log_variance, _ = model.predict(
            x_t, signal, noise, latents.detach() * keep_latents[:, None, None], local, scene_kv
        )
        v = v.float()
        error = clean(x_t, v, signal[:, None], noise[:, None]) - x_0
        # After a rollout no velocity leads to the truth at low noise; there the clean sample itself is compared.
        wrong = v - velocity(x_0, batch.noise[1], signal[:, None], noise[:, None])
        losses["refine"] = self._huber(torch.where(rolled[:, None] > 0.0, error, wrong))
        losses["likelihood"] = 0.5 * (likelihood + _negative_log_likelihood(error, log_variance))
        losses["total"] = (
            losses["first"]
            + config.shape * losses["shape"]
            + config.refine * losses["refine"]
            + config.likelihood * losses["likelihood"]
        )
        return losses

    def _maps(self, batch: Batch, renders_encoder: EfficientNetLite) -> tuple[Tensor, Tensor]:
        """The pyramid's maps, of each sample from the encoder of its kind."""
        pyramid, rendered = self.model.pyramid, batch.rendered
        x = normalised_image(batch.image, *pyramid.size)
        kinds = (
            (renders_encoder, torch.nonzero(rendered)[:, 0]),
            (pyramid.backbone, torch.nonzero(~rendered)[:, 0]),
        )
        parts = [encoder(x[which]) for encoder, which in kinds if len(which)]
        back = torch.argsort(torch.cat([which for _, which in kinds]))
        return pyramid.merge([torch.cat(level)[back] for level in zip(*parts, strict=True)])

    def _huber(self, error: Tensor) -> Tensor:
        delta = self.config.huber_delta
        return functional.huber_loss(error, torch.zeros_like(error), delta=delta) / delta


def levels(schedule: Schedule, t: Tensor) -> tuple[Tensor, Tensor]:
    """Signal and noise amplitudes (B,) of times (B,): the schedule's own numbers."""
    pairs = [schedule.level(float(time)) for time in t]
    signal = torch.tensor([level.signal for level in pairs], dtype=torch.float32, device=t.device)
    noise = torch.tensor([level.noise for level in pairs], dtype=torch.float32, device=t.device)
    return signal, noise


def _negative_log_likelihood(error: Tensor, log_variance: Tensor) -> Tensor:
    """Of a Gaussian, for the variance only: the mean is trained by the velocity loss. Errors are capped at 3 units."""
    squared = error.detach().clamp(-3.0, 3.0) ** 2
    log_variance = log_variance.float()
    return 0.5 * (squared * torch.exp(-log_variance) + log_variance).mean()
