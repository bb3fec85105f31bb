# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin calibrate` and `grin export --renders`: what the manifest says, and what a call must not take away."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch

from grin_ros import cli
from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.artifact.manifest import Calibration, SigmaFactor, write_manifest
from grin_ros.lab.network.checkpoint import save_weights
from grin_ros.lab.network.grin import Grin
from tests.lab.evaluation.rendered import write_shards

ONE = ["--steps", "1", "--members", "1"]


@pytest.fixture
def artifact(tiny_artifact: Path, tmp_path: Path) -> Path:
    """A copy of the tiny artifact with two factors of sigma."""
    folder = tmp_path / "artifact"
    shutil.copytree(tiny_artifact, folder)
    calibration = Calibration((SigmaFactor(1, 1, 7.0), SigmaFactor(2, 4, 5.0, 0.1)), "old renders")
    write_manifest(folder, dataclasses.replace(load_artifact(folder).manifest, calibration=calibration))
    return folder


@pytest.fixture
def renders(tmp_path: Path) -> str:
    return str(write_shards(tmp_path / "renders"))


def calibration(artifact: Path) -> Calibration:
    return load_artifact(artifact).manifest.calibration


def test_the_manifest_counts_the_frames_that_there_are(
    artifact: Path, renders: str, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ["--steps", "1", "2", "--members", "1", "4"]
    assert cli.main(["calibrate", str(artifact), "--renders", renders, "--frames", "200", *both]) == 0
    assert calibration(artifact).fitted_on == "4 held-out renders through random cameras"
    assert "WARN: there are only 4 renders, not 200; sigma is fitted on these" in capsys.readouterr().err


def test_factors_of_other_settings_stay(artifact: Path, renders: str) -> None:
    for frames in (2, 3, 2):
        assert cli.main(["calibrate", str(artifact), "--renders", renders, "--frames", str(frames), *ONE]) == 0
    first, second = calibration(artifact).factors
    assert (first.steps, first.members) == (1, 1) and first.scale != 7.0
    assert second == SigmaFactor(2, 4, 5.0, 0.1)
    said = calibration(artifact).fitted_on.split("; other settings: ")
    assert said == [
        "2 held-out renders through random cameras (steps 1, members 1)",
        "3 held-out renders through random cameras (steps 1, members 1)",
        "old renders",
    ]


def test_places_are_never_left_out_silently(artifact: Path, renders: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = calibration(artifact)
    for more in (["--frames", "1"], ["--frames", "3", "--share", "0.9"]):
        call = ["calibrate", str(artifact), "--renders", renders, "--places", renders, *more, *ONE]
        assert cli.main(call) == 2
        assert "expected one of each at least: give more frames" in capsys.readouterr().err
    assert calibration(artifact) == before


def test_an_export_opens_its_renders_before_it_replaces_an_artifact(
    artifact: Path, tiny_model: Grin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / "weights.safetensors"
    save_weights(weights, tiny_model.state_dict(), tiny_model.config, torch.float32)
    before = calibration(artifact)
    (tmp_path / "empty").mkdir()
    assert cli.main(["export", str(weights), str(artifact), "--renders", str(tmp_path / "empty")]) == 2
    assert "got no index.json" in capsys.readouterr().err
    assert calibration(artifact) == before
    assert cli.main(["export", str(weights), str(artifact)]) == 0
    assert "gone with the old one: sigma for 2 settings (grin calibrate)" in capsys.readouterr().err
    assert calibration(artifact).factors == ()
