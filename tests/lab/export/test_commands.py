# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The commands that make and check models, from weights to an artifact: blend, export, precision and verify."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the commands need torch")

from grin_ros import cli  # noqa: E402
from grin_ros.core.artifact.loading import load_artifact  # noqa: E402
from grin_ros.lab.network.checkpoint import load_weights, save_weights  # noqa: E402
from grin_ros.lab.network.grin import Grin  # noqa: E402


@pytest.fixture
def weights(tiny_model: Grin, tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    save_weights(path, tiny_model.state_dict(), tiny_model.config, torch.float32)
    return path


def test_weights_become_an_artifact_that_answers_as_torch_does(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("grin_ros.lab.export.half.SMALLEST_WEIGHT", 1024)  # the tiny model has no larger products
    blended, artifact = str(tmp_path / "blended.safetensors"), str(tmp_path / "artifact")
    assert cli.main(["blend", str(weights), str(weights), "--out", blended]) == 0
    for name, tensor in load_weights(weights).items():
        torch.testing.assert_close(load_weights(Path(blended))[name], tensor)
    assert cli.main(["export", blended, artifact, "--name", "small", "--licence", "MIT"]) == 0
    manifest = load_artifact(artifact).manifest
    assert (manifest.name, manifest.licence) == ("small", "MIT")
    assert cli.main(["precision", artifact, "--precision", "fp16"]) == 0
    assert "fp16" in load_artifact(artifact).manifest.variants
    assert cli.main(["verify", artifact, "--size", "64x48", "--steps", "1", "--members", "1"]) == 0
    said = capsys.readouterr()
    assert "golden sample" in said.out
    assert "WARN: sigma of the model small is not calibrated" in said.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["export", "nowhere.safetensors", "out"], "weights: there is no nowhere.safetensors"),
        (["blend", "nowhere.safetensors", "--out", "out"], "weights: there is no nowhere.safetensors"),
        (["calibrate", "nowhere", "--renders", "gone"], "--renders: there is no gone"),
        (["align", "no", "--renders", "no", "--photographs", "no", "--out", "out"], "weights: there is no no"),
        (["check", "nowhere.safetensors", "--data", "nowhere"], "weights: there is no nowhere.safetensors"),
        (["train", "nowhere.yaml", "--data", "nowhere", "--out", "out"], "config: there is no nowhere.yaml"),
    ],
)
def test_a_missing_input_is_a_wrong_call(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert f"grin {arguments[0]}: argument {said}; check the path" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["precision", "nowhere", "--precision", "fp16"], ["verify", "nowhere"]])
def test_a_missing_model_is_a_wrong_call_and_the_shipped_ones_are_listed(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"grin {arguments[0]}: model: got '")
    assert "nor a shipped model. Shipped models: nano" in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["precision", "artifact"], "nothing to do"), (["verify", "nano", "--size", "640"], "expected WIDTHxHEIGHT")],
)
def test_a_wrong_call_says_what_is_expected(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err
