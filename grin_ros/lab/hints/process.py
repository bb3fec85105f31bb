# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The Gaussian process of `grin_ros.core.hints.posterior` in torch, so that gradients flow through it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from grin_ros.core.hints.likeness import Likeness
from grin_ros.core.hints.process import Process


class Pixels(NamedTuple):
    """The pixels of B frames, N of each: position (B, N, 2) as a share of the width, ln_range (B, N), colour (B, N, 3),
    and the features (B, N, CHANNELS) of the hint network."""

    position: Tensor
    ln_range: Tensor
    colour: Tensor
    features: Tensor


class LearntProcess(nn.Module):
    """The numbers of a Process as parameters, in logarithms. The length in colour stays as it is: it became longer in
    training, which made the errors on other photographs larger."""

    NAMES = (
        "factor_variance", "exponent_variance", "smooth_variance", "smooth_length", "smooth_ln", "local_variance",
        "local_length", "local_ln", "own_ln", "scale_dof",
    )  # fmt: skip

    def __init__(self, start: Process) -> None:
        super().__init__()
        values = torch.tensor([getattr(start, name) for name in self.NAMES])
        self.logarithms = nn.Parameter(torch.log(values))
        self.start = start

    def learnt(self) -> Process:
        """Return the numbers as they are now."""
        numbers: dict[str, Any] = {name: round(float(value.detach()), 5) for name, value in self.values().items()}
        return replace(self.start, **numbers)

    def values(self) -> dict[str, Tensor]:
        return dict(zip(self.NAMES, torch.exp(self.logarithms).unbind(), strict=True))

    def covariance(self, a: Pixels, b: Pixels, middle: Tensor) -> Tensor:
        p = self.values()
        fa, fb = (Likeness.of(one.features) for one in (a, b))
        one, two = a.ln_range - middle, b.ln_range - middle
        total = p["factor_variance"] + p["exponent_variance"] * one[:, :, None] * two[:, None]
        total = total + fa.bases @ fb.bases.transpose(1, 2)
        smooth = [
            torch.cat([q.position / p["smooth_length"], q.ln_range[..., None] / p["smooth_ln"], f.smooth], -1)
            for q, f in ((a, fa), (b, fb))
        ]
        gain = torch.exp(fa.smooth_gain[:, :, None] + fb.smooth_gain[:, None])
        total = total + p["smooth_variance"] * gain * cauchy(*smooth)
        local = [
            torch.cat([
                q.position / p["local_length"], q.ln_range[..., None] / p["local_ln"],
                q.colour / self.start.local_colour, f.local,
            ], -1)
            for q, f in ((a, fa), (b, fb))
        ]  # fmt: skip
        gain = torch.exp(fa.local_gain[:, :, None] + fb.local_gain[:, None])
        covariance: Tensor = total + p["local_variance"] * gain * cauchy(*local)
        return covariance

    def variance(self, a: Pixels, middle: Tensor) -> Tensor:
        p, f = self.values(), Likeness.of(a.features)
        total = p["factor_variance"] + p["exponent_variance"] * (a.ln_range - middle) ** 2 + (f.bases**2).sum(-1)
        total = total + p["smooth_variance"] * torch.exp(2.0 * f.smooth_gain)
        variance: Tensor = total + p["local_variance"] * torch.exp(2.0 * f.local_gain)
        return variance

    def forward(
        self, at: Pixels, hints: Pixels, residual_ln: Tensor, sigma_ln: Tensor, given: Tensor, middle: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return mean and variance (B, N) of ln(range) - ln(range of the network) at pixels.

        residual_ln, sigma_ln (B, M); given (B, M): 1 for a hint, 0 for a place that is not used.
        """
        p = self.values()
        pair = given[:, :, None] * given[:, None]
        k = self.covariance(hints, hints, middle) * pair
        floor = p["own_ln"] ** 2
        own = floor * torch.exp(2.0 * Likeness.of(hints.features).own_gain)
        noise = torch.where(given > 0, own + sigma_ln**2, torch.ones_like(own))
        residual_ln = residual_ln * given
        weight, noise = self._belief(k, noise, residual_ln, given)
        lower = torch.linalg.cholesky(k + torch.diag_embed(noise))
        between = self.covariance(hints, at, middle) * given[:, :, None]
        white = torch.linalg.solve_triangular(lower, torch.cat([between, residual_ln[..., None]], -1), upper=False)
        inner, target = white[..., :-1], white[..., -1]
        mean = (inner * target[..., None]).sum(1)
        prior = self.variance(at, middle)
        left = torch.maximum(prior - (inner**2).sum(1), 1e-3 * prior)
        dof = p["scale_dof"]
        scale = (dof + (target**2).sum(1)) / (dof + (weight * given).sum(1))
        own_here = floor * torch.exp(2.0 * Likeness.of(at.features).own_gain)
        return mean, scale[:, None] * (left + own_here)

    @torch.no_grad()
    def _belief(self, k: Tensor, noise: Tensor, residual_ln: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weight of each hint, and the variance with which it counts."""
        weight, counted = torch.ones_like(noise), noise
        for odds_ln in self.start.odds_ln:
            inverse = torch.linalg.inv(k + torch.diag_embed(counted))
            variance = 1.0 / torch.diagonal(inverse, dim1=1, dim2=2)
            left_out = (inverse @ residual_ln[..., None])[..., 0] * variance
            spread = torch.maximum(variance - counted + noise, noise)
            weight = torch.sigmoid(odds_ln - 0.5 * left_out**2 / spread).clamp_min(1e-4)
            weight = torch.where(given > 0, weight, torch.ones_like(weight))
            counted = noise + (1.0 / weight - 1.0) * spread
        return weight, counted


def cauchy(a: Tensor, b: Tensor) -> Tensor:
    """Return the Cauchy correlation (B, N, M) of rows (B, N, F) and (B, M, F)."""
    squared = (a**2).sum(-1)[:, :, None] + (b**2).sum(-1)[:, None] - 2.0 * a @ b.transpose(1, 2)
    return 1.0 / (1.0 + squared.clamp_min(0.0))
