# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The configuration of a training run, which one YAML file holds: model, sampling of data, loss and optimiser."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from grin_ros.core.config import from_mapping, load_yaml, read_yaml
from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.training.batches import Sampling
from grin_ros.lab.training.loss import LossConfig


@dataclass(frozen=True)
class TrainConfig:
    """The configuration of a training run. Raises ValueError for an image size that the encoder cannot take, and for
    a number below 1 where at least one is needed.
    """

    model: ModelConfig = field(default_factory=ModelConfig)
    sampling: Sampling = field(default_factory=Sampling)
    loss: LossConfig = field(default_factory=LossConfig)
    steps: int = 8000
    """Optimiser steps."""
    low_steps: int = 0
    """The first low_steps steps run at low_width x low_height pixels (GRIN trains in two stages)."""
    low_height: int = 128
    low_width: int = 160
    batch: int = 16
    """Samples per step, over all processes together."""
    lr: float = 8e-4
    """The peak of the learning rate, reached after warmup_steps. A cosine to a fiftieth of it follows."""
    encoder_lr: float = 0.25
    """The learning rate of the pretrained encoder as a share of lr. 0 freezes the encoder."""
    frozen_stages: int = 3
    """The first stages of the encoder, which are always frozen."""
    style_share: float = 0.0
    """The share of samples whose feature statistics are disturbed."""
    style_strength: float = 1.0
    """The size of that disturbance, relative to the spread of the statistics in the batch."""
    warmup_steps: int = 300
    weight_decay: float = 0.02
    clip_norm: float = 1.0
    ema: float = 0.999
    """The decay of the averaged weights, which are the result of the training."""
    worlds: dict[str, float] = field(default_factory=dict)
    """How often a frame of a world is drawn, relative to the frames of worlds that are not named (1)."""
    by_place: tuple[str, ...] = ()
    """Worlds of which every place (a scene seed of a folder) is drawn as often as the weight says, not every frame."""
    holdout: int = 500
    """At least this many samples, in whole shards, are held out of the training, for checks: the last renders, or,
    without renders, the last photographs with a scale."""
    seed: int = 0
    check_every: int = 500
    """Steps between diffusion checks on held-out samples."""
    check_frames: int = 128
    save_every: int = 250
    """Steps between saves of the state from which the run can be resumed."""
    snapshot_every: int = 250
    """Steps between snapshots of the averaged weights, which `grin blend` can average."""

    def __post_init__(self) -> None:
        for name in ("batch", "holdout", "check_every", "check_frames", "save_every", "snapshot_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: got {getattr(self, name)}, expected 1 or more")
        if self.low_height % 32 or self.low_width % 32:
            raise ValueError(
                f"low_width, low_height: got {self.low_width}x{self.low_height}, "
                "expected multiples of 32 (the encoder's stride)"
            )

    def model_at(self, step: int) -> ModelConfig:
        """Return the configuration of the model at a step, which has the image size of that step."""
        if step >= self.low_steps:
            return self.model
        return replace(self.model, image_height=self.low_height, image_width=self.low_width)


def load_train_config(path: Path) -> TrainConfig:
    """Read the YAML file of a run. `model` is a mapping, or the path of a model's YAML relative to the file.

    Raises ValueError if the file cannot be read or holds something else.
    """
    values = read_yaml(path)
    if isinstance(values, dict) and isinstance(values.get("model"), str):
        values["model"] = load_yaml(ModelConfig, path.parent / values["model"])
    return from_mapping(TrainConfig, values, str(path))
