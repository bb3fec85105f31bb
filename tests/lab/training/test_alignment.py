# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Runs and the command about photographs and renders that are seen with encoders of their own."""

from __future__ import annotations

import dataclasses
import runpy
import sys
from pathlib import Path

import pytest
import torch

from grin_ros.lab.network.checkpoint import load_model, save_weights
from grin_ros.lab.training import loop
from tests.lab.network.tiny import TINY, awake
from tests.lab.training.recordings import write_shards
from tests.lab.training.runs import RUN

ROOT = Path(__file__).parents[3]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_shards(tmp_path / "shards")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    save_weights(path, awake().state_dict(), TINY, torch.float32)
    return path


def test_renders_may_have_an_encoder_of_their_own(data: Path, weights: Path, tmp_path: Path) -> None:
    frozen = dataclasses.replace(RUN, encoder_lr=0.0)
    start = load_model(weights)
    with torch.no_grad():
        for parameter in start.pyramid.backbone.parameters():
            parameter.mul_(1.5)
    moved = tmp_path / "moved.safetensors"
    save_weights(moved, start.state_dict(), TINY, torch.float32)

    def after_a_step(start_from: Path, renders_through: Path | None) -> dict[str, torch.Tensor]:
        out = tmp_path / start_from.stem
        loop.train(frozen, data, out, stop_after=1, start_from=start_from, renders_through=renders_through)
        return load_model(out / "weights.safetensors").state_dict()

    plain, apart = after_a_step(weights, None), after_a_step(moved, weights)
    # All of it is rendered: what is learnt is that of the encoder that saw it; the model's own stays as it was.
    for name, tensor in apart.items():
        expected = start.state_dict()[name] if name.startswith("pyramid.backbone.") else plain[name]
        torch.testing.assert_close(tensor, expected)


def test_encoders_that_would_part_are_refused(data: Path, weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="encoder_lr: got .* expected 0"):
        loop.train(RUN, data, tmp_path / "out", start_from=weights, renders_through=weights)


def test_the_command_aligns_photographs_with_renders(
    data: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photographs = write_shards(tmp_path / "photographs", shards=2, seed=5)
    after = tmp_path / "aligned.safetensors"
    command = [
        "align.py", str(weights), "--renders", str(data), "--photographs", str(photographs),
        "--worlds", "room", "--layers", "3", "--out", str(after),
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", command)
    runpy.run_path(str(ROOT / "export" / "align.py"), run_name="__main__")
    was, now = load_model(weights).state_dict(), load_model(after).state_dict()
    changed = {name for name, tensor in now.items() if not torch.equal(tensor, was[name])}
    assert len(changed) == 6  # weights and biases of three convolutions
    assert all(name.startswith("pyramid.backbone.") for name in changed)
