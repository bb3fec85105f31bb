# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bring photographs to the statistics of renders inside the encoder (model/align.py): no training, no depth."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.network.checkpoint import load_model, save_weights
from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.network.encoder import normalised_image
from grin_ros.lab.training.align import align
from grin_ros.lab.training.batches import Sampling, batch


def pictures(
    dataset: ShardDataset, indices: NDArray[np.int64], model: ModelConfig, augment: bool, rng: np.random.Generator
) -> Tensor:
    """(B, 3, H, W) as the encoder takes them; augment: as training sees them."""
    sampling = Sampling(queries=1, augment=augment)
    drawn = batch(dataset, indices, model, sampling, rng)
    return normalised_image(drawn.image, model.image_height, model.image_width)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, help="weights trained on renders")
    parser.add_argument("--renders", type=Path, nargs="+", required=True, help="folders of shards")
    parser.add_argument(
        "--photographs", type=Path, nargs="+", required=True, help="folders of shards; each scene seed is a place"
    )
    parser.add_argument(
        "--worlds", default="overview,subject,room,tabletop", help="of the renders, those like the photographs"
    )
    parser.add_argument("--renders-count", type=int, default=240)
    parser.add_argument("--most-of-a-place", type=int, default=60, help="photographs, evenly spread")
    parser.add_argument("--layers", type=int, default=35, help="convolutions to change, of the encoder's first")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="weights file to write")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    model = load_model(options.weights)
    rendered = ShardDataset(options.renders)
    worlds = options.worlds.split(",")
    like = np.sort(np.concatenate([rendered.indices_of(world) for world in worlds]))
    if len(like) == 0:
        parser.error(f"--worlds: no render is of {options.worlds}")
    chosen = rng.choice(like, min(options.renders_count, len(like)), replace=False)
    renders = pictures(rendered, chosen, model.config, True, rng)
    places = []
    for folder in options.photographs:
        found = ShardDataset(folder)
        numbers = np.array([found.origin(i)[0] for i in range(len(found))])
        for number in np.unique(numbers):
            place = np.flatnonzero(numbers == number)
            spread = np.linspace(0, len(place) - 1, min(len(place), options.most_of_a_place)).round().astype(np.int64)
            places.append(pictures(found, place[spread], model.config, False, rng))
    photographs = torch.cat(places)
    align(model.pyramid.backbone, renders, photographs, options.layers)
    save_weights(options.out, model.state_dict(), model.config, torch.float32)
    print(f"{options.out}: {len(photographs)} photographs to the statistics of {len(renders)} renders")


if __name__ == "__main__":
    main()
