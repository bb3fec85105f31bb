# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Is the diffusion real? Held-out errors of the clean sample, from pure noise and from a matched noise level.

At the matched level the noisy input alone is exactly as wrong as the image alone was. A network whose clean sample
ignores the noisy input stays as wrong there as at pure noise. But the network's output is the velocity, and one whose
velocity ignores the noisy input gets better for nothing: the formula for the clean sample mixes x_t in by itself. So
the bar is the better of both blind answers, made of what the network itself says at pure noise, second pass against
second pass. Only one that weighs both image and x_t clears it. No claim about steps or spread means anything before.

Errors are stated in ln(range) of log-depth: of a model of linear depth only the ratio means anything.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from grin_ros.core.sampling.ddim import clean, noised
from grin_ros.core.sampling.schedule import Level
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.network.checkpoint import load_model
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.training.batches import Batch, Sampling, batch

PASS_RATIO = 0.9
"""RMSE at the matched level must lie below this share of the RMSE of the best answer that is blind to x_t."""
_BATCH = 16


@dataclass(frozen=True)
class Gate:
    """rmse_ln: of ln(range), from pure noise; matched_rmse_ln: at the level where x_t alone has that same RMSE;
    blind_rmse_ln: there, had the network not looked at x_t; shape_rmse_ln: from pure noise, each image's mean error
    removed; abs_rel: from pure noise."""

    rmse_ln: float
    matched_rmse_ln: float
    blind_rmse_ln: float
    shape_rmse_ln: float
    abs_rel: float

    @property
    def ratio(self) -> float:
        return self.matched_rmse_ln / self.blind_rmse_ln

    @property
    def passed(self) -> bool:
        return self.ratio < PASS_RATIO

    def __str__(self) -> str:
        return (
            f"held out, one step: AbsRel {self.abs_rel:.3f}, RMSE of ln(range) {self.rmse_ln:.3f}, of its shape "
            f"{self.shape_rmse_ln:.3f}; noise gate: {self.matched_rmse_ln:.3f} at the matched level, "
            f"{self.ratio:.2f} of {self.blind_rmse_ln:.3f} blind to the noisy input (must be below {PASS_RATIO}): "
            f"{'holds' if self.passed else 'FAILS'}"
        )


@torch.no_grad()
def measure(model: Grin, dataset: ShardDataset, frames: int, seed: int = 0) -> Gate:
    """Errors over `frames` samples of `dataset`, unaugmented, mounting unknown, two passes as a sampler runs them."""
    rng = np.random.default_rng(seed)
    indices = np.linspace(0, len(dataset) - 1, min(frames, len(dataset))).astype(np.int64)
    sampling = Sampling(queries=1024, mounting_share=0.0, pattern_share=0.0, sky=False, augment=False)
    device = next(model.parameters()).device
    batches = [
        batch(dataset, indices[start : start + _BATCH], model.config, sampling, rng).to(device)
        for start in range(0, len(indices), _BATCH)
    ]
    encoded = [
        model.encode(drawn.image, drawn.queries, drawn.query_rays, drawn.scene_rays, drawn.mounting)
        for drawn in batches
    ]
    pure = [_error(model, *known, Level(0.0, 1.0), None) for known in zip(batches, encoded, strict=True)]
    first = torch.cat([error for error, _ in pure])
    rmse = float(first.square().mean().sqrt())
    phi = math.atan(rmse / model.config.ln_per_unit)
    level = Level(math.cos(phi), math.sin(phi))
    matched, ignored, skipped = [], [], []
    for drawn, tokens, (_, latents) in zip(batches, encoded, pure, strict=True):
        matched.append(_error(model, drawn, tokens, level, latents)[0])
        # The second pass at pure noise again: all that it knows without x_t, with the same computation spent.
        again = _error(model, drawn, tokens, Level(0.0, 1.0), latents)[0]
        ignored.append(again)
        # The clean sample of the velocity -noise * estimate: what x_t adds by the formula alone.
        x_noise = drawn.noise[0] * model.config.ln_per_unit
        skipped.append(level.noise**2 * again + level.signal * level.noise * x_noise)
    return Gate(
        rmse_ln=rmse,
        matched_rmse_ln=_rmse(matched),
        blind_rmse_ln=min(_rmse(ignored), _rmse(skipped)),
        shape_rmse_ln=float((first - first.mean(1, keepdim=True)).square().mean().sqrt()),
        abs_rel=float((torch.exp(first) - 1.0).abs().mean()),
    )


def _rmse(errors: list[torch.Tensor]) -> float:
    return float(torch.cat(errors).square().mean().sqrt())


def _error(
    model: Grin,
    drawn: Batch,
    tokens: tuple[torch.Tensor, torch.Tensor],
    level: Level,
    latents: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Error of ln(range) (B, N) at one level, and the latents after it. tokens: what `encode` gave for the batch."""
    network = model.config
    local, scene_kv = tokens
    count = len(drawn.x_0)
    if latents is None:
        latents = local.new_zeros(count, network.latent_count, network.latent_dim)
    x_t = noised(drawn.x_0, drawn.noise[0], level.signal, level.noise)
    ones = torch.ones(count, device=x_t.device)
    v, _, after = model.predict(x_t, level.signal * ones, level.noise * ones, latents, local, scene_kv)
    return (clean(x_t, v.float(), level.signal, level.noise) - drawn.x_0) * network.ln_per_unit, after


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m grin_ros.lab.training.gate", description="The gate of a weights file.")
    parser.add_argument("weights", type=Path, help="weights*.safetensors written by grin train or export/blend.py")
    parser.add_argument("--data", type=Path, required=True, help="folder of shards that training has not seen")
    parser.add_argument("--frames", type=int, default=128)
    arguments = parser.parse_args(argv)
    gate = measure(load_model(arguments.weights), ShardDataset(arguments.data), arguments.frames)
    print(gate)
    return 0 if gate.passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
