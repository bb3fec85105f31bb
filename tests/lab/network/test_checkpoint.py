# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from grin_ros.lab.network.checkpoint import load_model, load_weights, save_weights
from tests.lab.network.full_disk import full_disk
from tests.lab.network.tiny import TINY, awake


def test_a_saved_model_is_loaded_unchanged(tmp_path: Path) -> None:
    model = awake()
    save_weights(tmp_path / "weights.safetensors", model.state_dict(), TINY, torch.float32)
    loaded = load_model(tmp_path / "weights.safetensors")
    assert loaded.config == TINY
    assert not loaded.training
    assert loaded.state_dict().keys() == model.state_dict().keys()
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    assert [p.name for p in tmp_path.iterdir()] == ["weights.safetensors"]  # no temporary file is left


def test_half_precision_halves_the_file_and_loads_as_float32(tmp_path: Path) -> None:
    model = awake()
    for name, dtype in (("full", torch.float32), ("half", torch.float16)):
        save_weights(tmp_path / f"{name}.safetensors", model.state_dict(), TINY, dtype)
    assert (tmp_path / "half.safetensors").stat().st_size < 0.7 * (tmp_path / "full.safetensors").stat().st_size
    for name, tensor in load_weights(tmp_path / "half.safetensors").items():
        assert tensor.dtype == torch.float32
        torch.testing.assert_close(tensor, model.state_dict()[name], atol=1e-3, rtol=1e-3)


def test_weights_in_any_memory_layout_can_be_saved(tmp_path: Path) -> None:
    model = awake().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    save_weights(tmp_path / "weights.safetensors", model.state_dict(), TINY, torch.float32)
    loaded = load_weights(tmp_path / "weights.safetensors")
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded[name], tensor), name


def test_a_full_disk_is_an_error_of_the_system_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_weights(path, awake(1).state_dict(), TINY, torch.float32)
    before = path.read_bytes()
    with full_disk(), pytest.raises(OSError, match=r"weights.safetensors: cannot be written \(.*too large"):
        save_weights(path, awake(2).state_dict(), TINY, torch.float32)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_beside_the_weights_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "mine.tmp").write_text("notes")
    save_weights(tmp_path / "mine.safetensors", awake().state_dict(), TINY, torch.float32)
    assert (tmp_path / "mine.tmp").read_text() == "notes"


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_weights(path, awake().state_dict(), TINY, torch.float32)
    path.write_bytes(path.read_bytes()[:-8])
    for load in (load_model, load_weights):
        with pytest.raises(ValueError, match=r"weights.safetensors: not a safetensors file, or damaged"):
            load(path)


def test_a_file_without_a_configuration_is_refused(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="other.safetensors: no 'config'.*grin train"):
        load_model(tmp_path / "other.safetensors")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"not a weights file at all")
    with pytest.raises(ValueError, match="weights.safetensors"):
        load_model(path)


def test_tensors_of_another_version_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    weights = dict(awake().state_dict())
    weights["local_rays.project.weight"] = weights["local_rays.project.weight"][:, :-3]
    save_weights(path, weights, TINY, torch.float32)
    with pytest.raises(ValueError, match=r"its tensors do not fit the model .*local_rays.project.weight"):
        load_model(path)


def test_missing_switches_in_an_old_file_are_on(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    config = {k: v for k, v in asdict(TINY).items() if k not in ("depth", "local", "scene", "rays")}
    tensors = {name: tensor.clone() for name, tensor in awake().state_dict().items()}
    save_file(tensors, path, metadata={"config": json.dumps(config)})
    assert load_model(path).config == TINY


def test_a_configuration_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({"x": torch.zeros(1)}, path, metadata={"config": '{"token_dims": 32}'})
    with pytest.raises(ValueError, match="unknown key 'token_dims'; did you mean 'token_dim'"):
        load_model(path)
