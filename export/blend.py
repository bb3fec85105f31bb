# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Average snapshots of a training run, and move the encoder part of the way back to ImageNet (model/blend.py)."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from grin_ros.lab.network.checkpoint import load_model, load_weights, save_weights
from grin_ros.lab.training.blend import average, towards_imagenet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, nargs="+", help="weights_*.safetensors of one run")
    parser.add_argument("--imagenet", type=float, default=0.0, help="share of the way back, 0 to 1")
    parser.add_argument("--out", type=Path, required=True, help="weights file to write")
    options = parser.parse_args()
    config = load_model(options.weights[0]).config
    blended = towards_imagenet(average([load_weights(path) for path in options.weights]), config, options.imagenet)
    save_weights(options.out, blended, config, torch.float32)
    print(f"{options.out}: {len(options.weights)} snapshots, encoder {options.imagenet:.0%} of the way to ImageNet")


if __name__ == "__main__":
    main()
