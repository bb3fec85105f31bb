# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One run is one YAML file: the model, the data's sampling, the loss, the optimiser."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from grin_ros.core.config import from_mapping, load_yaml
from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.training.batches import Sampling
from grin_ros.lab.training.loss import LossConfig


@dataclass(frozen=True)
class TrainConfig:
    """steps: optimiser steps; the first low_steps of them at low_height x low_width pixels (GRIN trains in two stages).
    batch: samples a step over all processes. lr: peak, reached after warmup_steps, then a cosine down to a fiftieth.
    encoder_lr: share of lr for the pretrained encoder, 0 freezes all of it; its first frozen_stages stay as they are.
    style_share: samples whose feature statistics are disturbed, style_strength times their spread in the batch. ema:
    decay of the averaged weights, which are the ones that count. worlds: how often a frame of a world is drawn,
    relative to those not named (1). holdout: at least so many samples, whole shards, are never trained on.
    snapshot_every: steps after which the averaged weights are kept for good, for export/blend.py.
    """

    model: ModelConfig = field(default_factory=ModelConfig)
    sampling: Sampling = field(default_factory=Sampling)
    loss: LossConfig = field(default_factory=LossConfig)
    steps: int = 8000
    low_steps: int = 0
    low_height: int = 128
    low_width: int = 160
    batch: int = 16
    lr: float = 8e-4
    encoder_lr: float = 0.25
    frozen_stages: int = 3
    style_share: float = 0.0
    style_strength: float = 1.0
    warmup_steps: int = 300
    weight_decay: float = 0.02
    clip_norm: float = 1.0
    ema: float = 0.999
    worlds: dict[str, float] = field(default_factory=dict)
    holdout: int = 500
    seed: int = 0
    gate_every: int = 500
    gate_frames: int = 128
    save_every: int = 250
    snapshot_every: int = 250

    def __post_init__(self) -> None:
        if self.low_height % 32 or self.low_width % 32:
            raise ValueError(
                f"low_width, low_height: got {self.low_width}x{self.low_height}, "
                "expected multiples of 32 (the encoder's stride)"
            )

    def model_at(self, step: int) -> ModelConfig:
        """The model as it is at a step: its image size."""
        if step >= self.low_steps:
            return self.model
        return replace(self.model, image_height=self.low_height, image_width=self.low_width)


def load_train_config(path: Path) -> TrainConfig:
    """Read a run's YAML; `model` is a mapping, or the path of a model's YAML relative to it. Raises ValueError."""
    try:
        values = yaml.safe_load(path.read_text()) or {}
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: cannot be read ({error}); expected a YAML file of training settings") from error
    if isinstance(values, dict) and isinstance(values.get("model"), str):
        values["model"] = load_yaml(ModelConfig, path.parent / values["model"])
    return from_mapping(TrainConfig, values, str(path))
