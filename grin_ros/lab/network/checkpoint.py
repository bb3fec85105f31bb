# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Weights on disk: safetensors files with the configuration of the model in the header. They hold no pickles."""

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
    """Write all tensors in `dtype`. The file appears whole or not at all. Raises OSError if it cannot be written."""
    tensors = {name: tensor.detach().to(dtype).contiguous() for name, tensor in weights.items()}
    write_tensors(path, tensors, {"config": json.dumps(dataclasses.asdict(config))})


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Write contiguous tensors. The file appears whole or not at all. Raises OSError if it cannot be written."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        save_file(dict(tensors), temporary, metadata)
        temporary.replace(path)
    except SafetensorError as error:
        raise OSError(f"{path}: cannot be written ({error})") from error
    finally:
        temporary.unlink(missing_ok=True)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read all tensors as they are. Raises ValueError if the file is damaged or of another kind."""
    try:
        return load_file(path)
    except SafetensorError as error:
        raise _unreadable(path, error) from error


def load_weights(path: Path) -> dict[str, Tensor]:
    """Read all tensors as float32. Raises ValueError if the file is damaged or of another kind."""
    return {name: tensor.float() for name, tensor in read_tensors(path).items()}


def read_metadata(path: Path) -> dict[str, str]:
    """Return the texts in the header of the file. Raises ValueError if the file is damaged or of another kind."""
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except SafetensorError as error:
        raise _unreadable(path, error) from error


def load_model(path: Path) -> Grin:
    """Return the model of a weights file, in evaluation mode. Raises ValueError if the file is of another kind."""
    metadata = read_metadata(path)
    if "config" not in metadata:
        raise ValueError(
            f"{path}: no 'config' in its header; expected a weights file written by grin train or grin export"
        )
    model = Grin(from_mapping(ModelConfig, json.loads(metadata["config"]), str(path)))
    try:
        model.load_state_dict(load_weights(path))
    except RuntimeError as error:
        raise ValueError(
            f"{path}: its tensors do not fit the model of this version; use the version that wrote it, or train again "
            f"({' '.join(str(error).split())})"
        ) from error
    return model.eval()


def _unreadable(path: Path, error: SafetensorError) -> ValueError:
    return ValueError(f"{path}: not a safetensors file, or damaged ({error}); expected a file written by grin train")
