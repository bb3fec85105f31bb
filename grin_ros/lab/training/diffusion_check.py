# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A check that the network uses its noisy input, that is, that it is a diffusion model and not a plain regressor.

The check compares errors on held-out samples from pure noise and from a matched noise level. At the matched level the
noisy input alone has the same error as the answer from the image alone. There are two ways to ignore the noisy input.
If the clean sample ignores it, the error stays as large as from pure noise. If the velocity ignores it, the error falls
all the same, because the formula for the clean sample contains x_t. The check computes both blind answers from the
output of the network at pure noise, in the second pass, and takes the better one. Only a network that weighs both the
image and x_t has a smaller error. As long as the check fails, sampling steps and ensembles mean nothing.

Errors are those of ln(range) for log-depth. For a model of linear depth only their ratio has a meaning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from grin_ros.core.command_line import DONE, FAILED, CommandParser, existing, one_line_errors, whole
from grin_ros.core.evenly import evenly
from grin_ros.core.sampling.ddim import clean, noised
from grin_ros.core.sampling.schedule import Level
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.network.checkpoint import load_model
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.training.batches import Batch, Sampling, batch

PASS_RATIO = 0.9
"""The RMSE at the matched level must be below this share of the RMSE of the best answer that ignores x_t."""
_BATCH = 16


@dataclass(frozen=True)
class DiffusionCheck:
    """The result of the check: errors of ln(range) on held-out samples.

    rmse_ln: from pure noise. matched_rmse_ln: at the level where x_t alone has that same RMSE. blind_rmse_ln: at that
    level, if the network ignored x_t. shape_rmse_ln: from pure noise, with the mean error of each image removed.
    abs_rel: from pure noise.
    """

    rmse_ln: float
    matched_rmse_ln: float
    blind_rmse_ln: float
    shape_rmse_ln: float
    abs_rel: float

    @property
    def ratio(self) -> float:
        """The error at the matched level relative to that of the best blind answer."""
        return self.matched_rmse_ln / self.blind_rmse_ln

    @property
    def passed(self) -> bool:
        """True if the network uses its noisy input."""
        return self.ratio < PASS_RATIO

    def __str__(self) -> str:
        return (
            f"held out, one step: AbsRel {self.abs_rel:.3f}, RMSE of ln(range) {self.rmse_ln:.3f}, of its shape "
            f"{self.shape_rmse_ln:.3f}; diffusion check: RMSE {self.matched_rmse_ln:.3f} at the matched level, "
            f"{self.ratio:.2f} of the {self.blind_rmse_ln:.3f} without the noisy input (must be below {PASS_RATIO}): "
            f"{'passed' if self.passed else 'FAILED'}"
        )


@torch.no_grad()
def check_diffusion(model: Grin, dataset: ShardDataset, frames: int) -> DiffusionCheck:
    """Run the check on `frames` samples of `dataset`, without augmentation and with the mounting unknown."""
    rng = np.random.default_rng(0)
    indices = evenly(len(dataset), frames)
    sampling = Sampling(queries=1024, mounting_share=0.0, pattern_share=0.0, sky=False, augment=False)
    device = next(model.parameters()).device
    batches = [
        batch(dataset, indices[start : start + _BATCH], model.config, sampling, rng).to(device)
        for start in range(0, len(indices), _BATCH)
    ]
    encoded = [model.encode(*drawn.inputs) for drawn in batches]
    pure = [_error(model, *known, Level(0.0, 1.0), None) for known in zip(batches, encoded, strict=True)]
    first = torch.cat([error for error, _ in pure])
    rmse = float(first.square().mean().sqrt())
    phi = math.atan(rmse / model.config.ln_per_unit)
    level = Level(math.cos(phi), math.sin(phi))
    matched, ignored, skipped = [], [], []
    for drawn, tokens, (_, latents) in zip(batches, encoded, pure, strict=True):
        matched.append(_error(model, drawn, tokens, level, latents)[0])
        # The second pass at pure noise is what the network knows without x_t, with the same amount of computation.
        again = _error(model, drawn, tokens, Level(0.0, 1.0), latents)[0]
        ignored.append(again)
        # The clean sample that belongs to the velocity -noise * estimate, which ignores x_t.
        x_noise = drawn.noise[0] * model.config.ln_per_unit
        skipped.append(level.noise**2 * again + level.signal * level.noise * x_noise)
    return DiffusionCheck(
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
    """Return the error of ln(range) (B, N) at one level, and the latents after it.

    tokens: the output of `encode` for the batch. latents: None to start from empty ones.
    """
    if latents is None:
        latents = model.empty_latents(tokens[0])
    x_t = noised(drawn.x_0, drawn.noise[0], level.signal, level.noise)
    ones = torch.ones(len(x_t), device=x_t.device)
    out = model.predict(x_t, level.signal * ones, level.noise * ones, latents, *tokens)
    x_0 = clean(x_t, out.velocity.float(), level.signal, level.noise)
    return (x_0 - drawn.x_0) * model.config.ln_per_unit, out.latents


@one_line_errors("check")
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin check`. The exit code is FAILED if the model ignores its noisy input."""
    parser = CommandParser(
        "check",
        "Check that a trained model uses its noisy input, as a diffusion model has to.",
        "grin check runs/nano/weights.safetensors --data data/held_out",
    )
    parser.add_argument("weights", type=existing, help="weights of grin train, blend or align")
    parser.add_argument("--data", type=existing, required=True, help="folder of shards that training has not seen")
    parser.add_argument("--frames", type=whole(1), default=128, help="frames to check on")
    arguments = parser.parse_args(argv)
    check = check_diffusion(load_model(arguments.weights), ShardDataset(arguments.data), arguments.frames)
    print(check)
    return DONE if check.passed else FAILED
