# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The training objective: two passes per sample, as a two-step sampler runs them.

The first pass starts from pure noise with empty latents. The second starts from a random noise level with the latents
of the first (latent self-conditioning, RIN section 3.2). Both share the encoded image, and both are trained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from grin_ros.core.sampling.ddim import clean, noised, velocity
from grin_ros.core.sampling.schedule import Schedule
from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.network.encoder import EfficientNetLite, normalised_image
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.training.batches import Batch


@dataclass(frozen=True)
class LossConfig:
    """The settings of the loss."""

    huber_delta: float = 0.1
    """The error, in units of x, at which the velocity loss changes from squared to absolute."""
    refine: float = 0.5
    """The weight of the second pass relative to the first; 0 leaves it out."""
    rollout: float = 0.5
    """The share of samples whose second pass starts as in sampling: partly or fully from the answer of the first pass,
    with noise of the model's temperature. Without it the second step would trust the errors of the first."""
    shape: float = 0.5
    """The weight of the error after removing the mean error of each sample, which is the error of the layout."""
    likelihood: float = 0.05
    """The weight of the likelihood that trains the log-variance head."""
    keep_latents: float = 0.8
    """The share of samples whose second pass starts from the latents of the first; the others start from zeros."""
    scene_tokens: float = 0.5
    """The smallest share of scene tokens that is kept. Each batch draws its share between this and 1."""


class Objective(nn.Module):
    """Model and loss as one module, so that DistributedDataParallel sees one forward pass per step."""

    def __init__(self, model: Grin, config: LossConfig, renders_encoder: EfficientNetLite | None = None) -> None:
        """renders_encoder: a frozen encoder for renders; the encoder of the model then encodes photographs only."""
        super().__init__()
        self.model = model
        self.config = config
        self.renders_encoder = None if renders_encoder is None else renders_encoder.requires_grad_(False)

    def forward(
        self, batch: Batch, t: Tensor, scene_kept: Tensor, keep_latents: Tensor, rolled: Tensor
    ) -> dict[str, Tensor]:
        """Return the parts of the loss and their 'total'.

        t (B,): times of the second pass. scene_kept: indices of the scene tokens that are kept. keep_latents (B,): 1
        where the second pass starts from the latents of the first, else 0. rolled (B,): the share of the error of the
        first answer in the input of the second pass, 0 to 1.
        """
        model, config = self.model, self.config
        maps = None if self.renders_encoder is None else self.maps(batch, self.renders_encoder)
        local, scene_kv = model.encode(*batch.inputs, scene_kept, maps=maps)
        ones = torch.ones_like(t)
        # The first pass starts from pure noise, where the velocity is -x_0.
        first = model.predict(batch.noise[0], 0.0 * ones, ones, model.empty_latents(local), local, scene_kv)
        error = -first.velocity.float() - batch.x_0
        # A metric scale is an offset in log-depth. Where it is not to be learnt, the truth takes that of the answer.
        offset = batch.unscaled[:, None] * error.mean(1, keepdim=True)
        x_0, error = batch.x_0 + offset.detach(), error - offset  # no gradient moves the scale of the answer
        losses = {"first": self._huber(error), "shape": self._huber(error - error.mean(1, keepdim=True))}
        likelihood = _negative_log_likelihood(error, first.log_variance)
        total = losses["first"] + config.shape * losses["shape"]
        if config.refine > 0.0:
            # The second pass starts from a random level.
            signal, noise = amplitudes(model.config.schedule, t)
            seen = x_0 + rolled[:, None] * error.detach()
            eps = batch.noise[1] * torch.where(rolled[:, None] > 0.0, model.config.temperature, 1.0)
            x_t = noised(seen, eps, signal[:, None], noise[:, None])
            latents = first.latents.detach() * keep_latents[:, None, None]
            second = model.predict(x_t, signal, noise, latents, local, scene_kv)
            v = second.velocity.float()
            error = clean(x_t, v, signal[:, None], noise[:, None]) - x_0
            # After a rollout at low noise no velocity leads to the truth, so the clean samples are compared instead.
            wrong = v - velocity(x_0, batch.noise[1], signal[:, None], noise[:, None])
            losses["refine"] = self._huber(torch.where(rolled[:, None] > 0.0, error, wrong))
            likelihood = 0.5 * (likelihood + _negative_log_likelihood(error, second.log_variance))
            total = total + config.refine * losses["refine"]
        return losses | {"likelihood": likelihood, "total": total + config.likelihood * likelihood}

    def maps(self, batch: Batch, renders_encoder: EfficientNetLite) -> tuple[Tensor, Tensor]:
        """Return the maps of the pyramid, with `renders_encoder` for renders and the model's own for photographs."""
        pyramid, rendered = self.model.pyramid, batch.rendered
        x = normalised_image(batch.image, *pyramid.size)
        kinds = (
            (renders_encoder, torch.nonzero(rendered)[:, 0]),
            (pyramid.backbone, torch.nonzero(~rendered)[:, 0]),
        )
        parts = [encoder(x[which]) for encoder, which in kinds if len(which)]
        back = torch.argsort(torch.cat([which for _, which in kinds]))
        return pyramid.merge([torch.cat(stride)[back] for stride in zip(*parts, strict=True)])

    def _huber(self, error: Tensor) -> Tensor:
        delta = self.config.huber_delta
        return functional.huber_loss(error, torch.zeros_like(error), delta=delta) / delta


def amplitudes(schedule: Schedule, t: Tensor) -> tuple[Tensor, Tensor]:
    """Return the amplitudes of signal and noise (B,) at the times t (B,)."""
    levels = [schedule.level(float(time)) for time in t]
    signal = torch.tensor([level.signal for level in levels], dtype=torch.float32, device=t.device)
    noise = torch.tensor([level.noise for level in levels], dtype=torch.float32, device=t.device)
    return signal, noise


def draw_passes(
    model: ModelConfig, config: LossConfig, count: int, rng: np.random.Generator, device: torch.device
) -> tuple[Tensor, ...]:
    """Draw the arguments t (stratified over the batch), scene_kept, keep_latents and rolled of `Objective.forward`."""
    t = np.clip((rng.permutation(count) + rng.random(count)) / count, 0.02, 0.98)
    total = model.scene_rows * model.scene_cols
    kept = np.sort(rng.choice(total, max(1, round(total * rng.uniform(config.scene_tokens, 1.0))), replace=False))
    latents = (rng.random(count) < config.keep_latents).astype(np.float32)
    # Half of the rollouts go all the way to the answer, where the second step of a sampler starts.
    rolled = ((rng.random(count) < config.rollout) * np.minimum(1.0, 2.0 * rng.random(count))).astype(np.float32)
    return tuple(torch.from_numpy(a).to(device) for a in (t.astype(np.float32), kept, latents, rolled))


def _negative_log_likelihood(error: Tensor, log_variance: Tensor) -> Tensor:
    """Return the negative log-likelihood of a Gaussian, with a gradient for the variance only.

    Errors are capped at 3 units of x.
    """
    squared = error.detach().clamp(-3.0, 3.0) ** 2
    log_variance = log_variance.float()
    return 0.5 * (squared * torch.exp(-log_variance) + log_variance).mean()
