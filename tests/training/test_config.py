# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from grin_ros.config import load_yaml
from grin_ros.model.config import ModelConfig
from grin_ros.training.config import TrainConfig, load_train_config

CONFIG = Path(__file__).parents[2] / "config"


def test_the_shipped_run_loads() -> None:
    path = CONFIG / "train/nano.yaml"
    config, written = load_train_config(path), yaml.safe_load(path.read_text())
    assert config.model == load_yaml(ModelConfig, CONFIG / "model/nano.yaml")
    for name, value in written.items():
        section = getattr(config, name)
        if isinstance(value, dict):
            assert {key: getattr(section, key) for key in value} == value
        elif name != "model":
            assert section == value
    assert config.ema == TrainConfig().ema or "ema" in written


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
        ("steps: true", "steps: got True.*expected int"),
        ("model: 3", "model: got int, expected a mapping"),
        ("model: {image_width: 100}", "multiples of 32"),
        ("- steps: 3", "got list, expected a mapping"),
        ("steps: [", "cannot be read"),
        ("model: nowhere.yaml", "nowhere.yaml: cannot be read"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_train_config(write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="absent.yaml: cannot be read"):
        load_train_config(tmp_path / "absent.yaml")


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    assert load_train_config(write(tmp_path, "")) == TrainConfig()


def test_a_model_may_be_written_in_place(tmp_path: Path) -> None:
    config = load_train_config(write(tmp_path, "model: {blocks: 1, encoder_repeats: [1, 1, 1, 1, 1, 1, 1]}\nlr: 1"))
    assert config.model.blocks == 1
    assert config.model.encoder_repeats == (1,) * 7
    assert isinstance(config.lr, float)
