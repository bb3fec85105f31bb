# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Alignment of the encoder to photographs, without labels.

A network that was trained on renders expects features with the statistics of renders. For each convolution in turn, the
mean and standard deviation of each channel are measured on renders and on photographs, and the layer is changed so that
photographs give the statistics of renders (adaptive batch normalisation, Li et al., arXiv 1603.04779). Batch norm is
folded into the convolutions here, so the gain and the shift go into weights and biases and the graph does not change.
The last layers describe the content of an image rather than its style and should not be aligned.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from grin_ros.core.command_line import DONE, CommandParser, existing, new_file, one_line_errors, whole
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.network.checkpoint import load_model, save_weights
from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.network.encoder import EfficientNetLite, SameConv, normalised_image
from grin_ros.lab.training.batches import Sampling, batch

LARGEST_GAIN = 2.0
_FLOOR = 1e-3  # added to standard deviations, so that a channel that is always 0 is not amplified


def align(encoder: EfficientNetLite, renders: Tensor, photographs: Tensor, layers: int) -> None:
    """Change the first `layers` convolutions so that photographs give the channel statistics that renders give now.

    renders, photographs: (B, 3, H, W) with the values that the encoder takes; some hundred of each. Both should show
    the same kind of places, because a difference in content would be corrected as if it were one of style. Raises
    ValueError if the encoder does not have that many convolutions.
    """
    convolutions = [module for module in encoder.modules() if isinstance(module, SameConv)]
    if not 0 <= layers <= len(convolutions):
        raise ValueError(f"layers: got {layers}, expected 0 to {len(convolutions)}, the convolutions of this encoder")
    wanted: dict[nn.Module, tuple[Tensor, Tensor]] = {}
    changes: dict[SameConv, tuple[Tensor, Tensor]] = {}

    def note(layer: nn.Module, _: object, output: Tensor) -> None:
        wanted[layer] = _statistics(output)

    def change(layer: nn.Module, _: object, output: Tensor) -> Tensor:
        assert isinstance(layer, SameConv)
        (mean, deviation), (wanted_mean, wanted_deviation) = _statistics(output), wanted[layer]
        gain = ((wanted_deviation + _FLOOR) / (deviation + _FLOOR)).clamp(1.0 / LARGEST_GAIN, LARGEST_GAIN)
        changes[layer] = gain, wanted_mean - gain * mean
        return output * gain[:, None, None] + changes[layer][1][:, None, None]

    for images, hook in ((renders, note), (photographs, change)):
        handles = [layer.register_forward_hook(hook) for layer in convolutions[:layers]]
        with torch.no_grad():
            encoder(images)
        for handle in handles:
            handle.remove()
    with torch.no_grad():
        for layer, (gain, shift) in changes.items():
            assert layer.bias is not None
            layer.weight.mul_(gain[:, None, None, None])
            layer.bias.mul_(gain).add_(shift)


def _statistics(output: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean and the standard deviation (C,) of the channels of (B, C, h, w)."""
    deviation, mean = torch.std_mean(output.float(), (0, 2, 3), correction=0)
    return mean, deviation


def align_weights(
    weights: Path,
    renders: Sequence[Path],
    photographs: Sequence[Path],
    out: Path,
    *,
    worlds: Sequence[str],
    render_count: int,
    per_place: int,
    layers: int,
    seed: int,
) -> str:
    """Write the weights with their encoder aligned to the photographs, and return a line about it.

    renders, photographs: folders of shards. worlds: those of the renders that resemble the photographs. render_count:
    the largest number of renders. per_place: the largest number of photographs of each place. Raises ValueError if no
    render shows these worlds.
    """
    rng = np.random.default_rng(seed)
    model = load_model(weights)
    rendered = ShardDataset(renders)
    like = np.sort(np.concatenate([rendered.indices_of(world) for world in worlds]))
    if len(like) == 0:
        raise ValueError(f"--worlds: no render is of {', '.join(worlds)}")
    chosen = rng.choice(like, min(render_count, len(like)), replace=False)
    seen = _images(rendered, chosen, model.config, True, rng)
    places = []
    for folder in photographs:
        found = ShardDataset(folder)
        numbers = np.array([found.origin(index)[0] for index in range(len(found))])
        for number in np.unique(numbers):
            place = np.flatnonzero(numbers == number)
            spread = np.linspace(0, len(place) - 1, min(len(place), per_place)).round().astype(np.int64)
            places.append(_images(found, place[spread], model.config, False, rng))
    taken = torch.cat(places)
    align(model.pyramid.backbone, seen, taken, layers)
    save_weights(out, model.state_dict(), model.config, torch.float32)
    return f"{out}: {len(taken)} photographs have the statistics of {len(seen)} renders"


def _images(
    dataset: ShardDataset, indices: NDArray[np.int64], model: ModelConfig, augment: bool, rng: np.random.Generator
) -> Tensor:
    """Return (B, 3, H, W) images with the values that the encoder takes. augment: augment them as in training."""
    sampling = Sampling(queries=1, augment=augment)
    drawn = batch(dataset, indices, model, sampling, rng)
    return normalised_image(drawn.image, model.image_height, model.image_width)


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin align`."""
    made = CommandParser(
        "align",
        "Change the encoder so that photographs give the features that renders give: no training; depth is not used.",
        "grin align runs/a.safetensors --renders data/worlds --photographs data/lounge --out runs/b.safetensors",
    )
    made.add_argument("weights", type=existing, help="weights trained on renders")
    made.add_argument("--renders", type=existing, nargs="+", required=True, help="folders of renders (grin scenes)")
    made.add_argument(
        "--photographs", type=existing, nargs="+", required=True, help="folders of photographs (grin pack)"
    )
    made.add_argument(
        "--worlds", default="overview,subject,room,tabletop", help="of the renders, those like the photographs"
    )
    made.add_argument("--renders-count", type=whole(1), default=240, help="renders to compare with")
    made.add_argument("--most-of-a-place", type=whole(1), default=60, help="photographs of one place at most")
    made.add_argument("--layers", type=whole(1), default=35, help="number of convolutions to change, from the first")
    made.add_argument("--seed", type=whole(0), default=0, help="of the choice of renders and their disturbances")
    made.add_argument("--out", type=new_file, required=True, help="weights file to write")
    return made


@one_line_errors("align")
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin align`, and return its exit code."""
    options = parser().parse_args(argv)
    line = align_weights(
        options.weights,
        options.renders,
        options.photographs,
        options.out,
        worlds=options.worlds.split(","),
        render_count=options.renders_count,
        per_place=options.most_of_a_place,
        layers=options.layers,
        seed=options.seed,
    )
    print(line)
    return DONE
