# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Averages of weights, which often generalise better than each of them.

Snapshots of one training run average well (model soups, arXiv 2203.05482). Fine-tuned weights that are moved part of
the way back to the weights before keep more of what those had learnt (robust fine-tuning, Wortsman et al.,
arXiv 2109.01903). Training on renders adapts the encoder to renders; a part of the way back to ImageNet makes it better
on real images. A factor for all answers corrects what training has left of one common error of scale.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from grin_ros.core.command_line import DONE, CommandParser, existing, new_file, one_line_errors
from grin_ros.lab.network.checkpoint import load_model, save_weights
from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.network.encoder import load_imagenet
from grin_ros.lab.network.grin import Grin

ENCODER = "pyramid.backbone."
ENCODER_SIZES = ("encoder_widths", "encoder_repeats")
"""The fields of a configuration that an encoder depends on."""


def check_same(
    first: ModelConfig, other: ModelConfig, whose: str, names: Sequence[str] = tuple(ModelConfig.__dataclass_fields__)
) -> None:
    """Raise ValueError unless two configurations agree in these fields (default: all). whose: those of the other one.

    Tensors of the same shapes do not show a difference of, for instance, max_range_m, but the same numbers mean
    another depth then.
    """
    for name in names:
        expected, got = getattr(first, name), getattr(other, name)
        if got != expected:
            raise ValueError(
                f"{whose}: got {name} = {got}, expected {expected} as in the first weights; "
                "give snapshots of one configuration"
            )


def average(parts: Sequence[Mapping[str, Tensor]], shares: Sequence[float] | None = None) -> dict[str, Tensor]:
    """Return the mean of weights, in which each part counts as much as its share says (default: all alike).

    Raises ValueError for no weights, where names or shapes differ, and for shares that are not one above 0 for each.
    """
    if not parts:
        raise ValueError("average: got no weights, expected at least one")
    shares = [1.0] * len(parts) if shares is None else shares
    if len(shares) != len(parts) or not all(0.0 < share < math.inf for share in shares):
        given = " ".join(f"{share:g}" for share in shares)
        raise ValueError(f"shares: got {given} for {len(parts)} weights, expected a number above 0 for each of them")
    for part in parts[1:]:
        different = {n for n in part.keys() | parts[0].keys() if n not in part or n not in parts[0]}
        different |= {n for n in part.keys() & parts[0].keys() if part[n].shape != parts[0][n].shape}
        if different:
            raise ValueError(
                f"average: got weights of different models, which differ at '{min(different)}'; "
                "give snapshots of one configuration"
            )
    factors = [share / sum(shares) for share in shares]
    return {
        name: torch.stack([factor * part[name] for factor, part in zip(factors, parts, strict=True)]).sum(0)
        for name in parts[0]
    }


def encoder_towards(weights: Mapping[str, Tensor], other: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Return `weights` with the encoder moved by the share of the way, 0 to 1, to the encoder of `other`.

    Raises ValueError for another share, and if the encoders differ in names or shapes.
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share: got {share}, expected 0 (as it was) to 1 (the other encoder)")
    encoders = [{name: part[name] for name in part if name.startswith(ENCODER)} for part in (weights, other)]
    average(encoders)  # refuses encoders that do not fit
    moved = {name: torch.lerp(tensor, other[name], share) for name, tensor in encoders[0].items()}
    return {**weights, **moved}


def with_imagenet(config: ModelConfig) -> dict[str, Tensor]:
    """Return weights of the configuration whose encoder has its ImageNet weights."""
    start = Grin(config)
    load_imagenet(start.pyramid.backbone)
    return start.state_dict()


def scaled(weights: Mapping[str, Tensor], config: ModelConfig, factor: float) -> dict[str, Tensor]:
    """Return `weights` whose first answer is `factor` times as far away everywhere.

    The first step of a sampler answers x = -velocity, so a bias of the velocity is a factor of depth. Later steps start
    from that answer and add a part of it again. Raises ValueError for a factor that is not above 0.
    """
    if not 0.0 < factor < math.inf:
        raise ValueError(f"factor: got {factor}, expected more than 0")
    bias = weights["head.bias"].clone()
    bias[0] -= math.log(factor) / config.ln_per_unit
    return {**weights, "head.bias": bias}


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin blend`."""
    made = CommandParser(
        "blend",
        "Average weights, move the encoder part of the way to another one, or correct the scale of all answers.",
        "grin blend runs/nano/weights_00*.safetensors --imagenet 0.4 --out runs/nano/blend.safetensors",
    )
    made.add_argument("weights", type=existing, nargs="+", help="weights of one configuration")
    made.add_argument(
        "--shares", type=float, nargs="+", help="how much each of the weights counts; all alike if left out"
    )
    made.add_argument("--imagenet", type=float, default=0.0, help="share of the way back to ImageNet, 0 to 1")
    made.add_argument(
        "--encoder",
        nargs=2,
        metavar=("WEIGHTS", "SHARE"),
        help="share of the way that the encoder moves to the encoder of other weights, 0 to 1",
    )
    made.add_argument("--scale", type=float, default=1.0, help="factor of all depth that the weights answer with")
    made.add_argument("--out", type=new_file, required=True, help="weights file to write")
    return made


def _share(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"--encoder: got the share '{text}', expected a number from 0 to 1") from None


@one_line_errors("blend")
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin blend`, and return its exit code."""
    options = parser().parse_args(argv)
    models = [load_model(path) for path in options.weights]
    config = models[0].config
    for path, model in zip(options.weights, models, strict=True):
        check_same(config, model.config, str(path))
    blended = average([model.state_dict() for model in models], options.shares)
    done = [f"{len(options.weights)} snapshots"]
    if options.imagenet:
        blended = encoder_towards(blended, with_imagenet(config), options.imagenet)
        done.append(f"encoder {options.imagenet:.0%} of the way to ImageNet")
    if options.encoder is not None:
        path, share = existing(options.encoder[0]), _share(options.encoder[1])
        other = load_model(path)
        check_same(config, other.config, f"--encoder {path}", ENCODER_SIZES)
        blended = encoder_towards(blended, other.state_dict(), share)
        done.append(f"encoder {share:.0%} of the way to that of {path}")
    if options.scale != 1.0:
        blended = scaled(blended, config, options.scale)
    save_weights(options.out, blended, config, torch.float32)
    print(f"{options.out}: {', '.join(done)}, depth times {options.scale:g}")
    return DONE
