# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Weights on disk: safetensors, with the model's configuration in the header. No pickle."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from grin_ros.core.config import from_mapping
from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.network.grin import Grin


def save_weights(path: Path, weights: Mapping[str, Tensor], config: ModelConfig, dtype: torch.dtype) -> None:
    """Write all tensors in `dtype`, atomically."""
    tensors = {name: tensor.detach().to(dtype).contiguous() for name, tensor in weights.items()}
    temporary = path.with_suffix(".tmp")
    save_file(tensors, temporary, metadata={"config": json.dumps(dataclasses.asdict(config))})
    temporary.replace(path)


def load_weights(path: Path) -> dict[str, Tensor]:
    """All tensors as float32."""
    return {name: tensor.float() for name, tensor in load_file(path).items()}


def load_model(path: Path) -> Grin:
    """A model in evaluation mode from a weights file. Raises ValueError where the file is not of this kind."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(f"{path}: not a safetensors file ({error}); expected weights written by grin train") from error
    if "config" not in metadata:
        raise ValueError(
            f"{path}: no 'config' in its header; expected a weights file written by grin train or grin export"
        )
    model = Grin(from_mapping(ModelConfig, json.loads(metadata["config"]), str(path)))
    try:
        model.load_state_dict(load_weights(path))
    except RuntimeError as error:
        raise ValueError(
            f"{path}: its tensors are not those of this version's model; use the version that wrote it, or train again "
            f"({' '.join(str(error).split())})"
        ) from error
    return model.eval()
