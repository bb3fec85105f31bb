# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from grin_ros.core.config import load_yaml
from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.training.config import TrainConfig, load_train_config

CONFIG = Path(__file__).parents[3] / "config"


def as_written(value: Any) -> Any:
    """Return a value of a configuration as it is in YAML."""
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("path", sorted((CONFIG / "train").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_loads_with_the_values_of_its_file(path: Path) -> None:
    config, written = load_train_config(path), yaml.safe_load(path.read_text())
    for name, value in written.items():
        section = getattr(config, name)
        if isinstance(value, dict) and not isinstance(section, dict):
            assert {key: as_written(getattr(section, key)) for key in value} == value
        elif name != "model":
            assert as_written(section) == value
    if isinstance(written["model"], str):
        assert config.model == load_yaml(ModelConfig, path.parent / written["model"])
    for key in {field.name for field in fields(TrainConfig)} - {*written}:
        assert getattr(config, key) == getattr(TrainConfig(), key)


def test_the_image_size_changes_after_low_steps() -> None:
    config = TrainConfig(low_steps=3, low_height=64, low_width=96)
    assert [config.model_at(step).image_height for step in (0, 2, 3, 99)] == [64, 64, 192, 192]
    assert replace(config.model_at(0), image_height=192, image_width=256) == config.model
    assert TrainConfig().model_at(0) == ModelConfig()


def write(folder: Path, text: str) -> Path:
    path = folder / "run.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("warmup_step: 10", "unknown key 'warmup_step'; did you mean 'warmup_steps'"),
        ("sampling: {querys: 5}", "sampling: unknown key 'querys'; did you mean 'queries'"),
        ("model: {token_dims: 64}", "model: unknown key 'token_dims'; did you mean 'token_dim'"),
        ("loss: {huber: 1.0}", "loss: unknown key 'huber'"),
        ("steps: many", "steps: got 'many'.*expected int"),
        ("steps: 1.5", "steps: got 1.5.*expected int"),
        ("snapshot_every: 0", "snapshot_every: got 0, expected 1 or more"),
        ("save_every: -1", "save_every: got -1, expected 1 or more"),
        ("check_every: 0", "check_every: got 0, expected 1 or more"),
        ("check_frames: 0", "check_frames: got 0, expected 1 or more"),
        ("holdout: 0", "holdout: got 0, expected 1 or more"),
        ("batch: 0", "batch: got 0, expected 1 or more"),
        ("steps: true", "steps: got True.*expected int"),
        ("model: 3", "model: got int, expected a mapping"),
        ("model: {image_width: 100}", "multiples of 32"),
        ("low_width: 100", "low_width, low_height: got 100x128, expected multiples of 32"),
        ("model: {depth: inverse}", "depth: got 'inverse', expected 'log' or 'linear'"),
        ("sampling: {resize: [1.5, 0.5]}", "resize: got"),
        ("sampling: {min_crop: 0.5}", "sampling: unknown key 'min_crop'"),
        ("worlds: {street: often}", "worlds.street: got 'often'.*expected float"),
        ("- steps: 3", "got list, expected a mapping"),
        ("steps: [", "not valid YAML"),
        ("model: nowhere.yaml", "nowhere.yaml: cannot be read"),
    ],
)
def test_errors_name_the_wrong_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_train_config(write(tmp_path, text))


def test_the_error_for_a_missing_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="absent.yaml: cannot be read"):
        load_train_config(tmp_path / "absent.yaml")


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    assert load_train_config(write(tmp_path, "")) == TrainConfig()


def test_the_model_may_be_a_mapping_in_the_file(tmp_path: Path) -> None:
    config = load_train_config(write(tmp_path, "model: {blocks: 1, encoder_repeats: [1, 1, 1, 1, 1, 1, 1]}\nlr: 1"))
    assert config.model.blocks == 1
    assert config.model.encoder_repeats == (1,) * 7
    assert isinstance(config.lr, float)
