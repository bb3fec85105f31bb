# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sequences are evaluated with and without the hints of motion. How they are read: tests/lab/datasets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.geometry.transform import Transform
from grin_ros.lab.datasets.sequences import Sequence
from grin_ros.lab.evaluation.command import main
from grin_ros.lab.evaluation.sequences.evaluation import evaluate_sequence
from tests.lab.datasets.room_drive import MEASURED, write_room_drive


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_room_drive(tmp_path_factory.mktemp("drive"))


def test_motion_is_better_than_the_camera_alone(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures, report = tmp_path / "figures.json", tmp_path / "report"
    assert main(["--sequence", str(folder), "--json", str(figures), "--report", str(report)]) == 0
    found = json.loads(figures.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert found["frames"][0]["hint_error"] is None
    assert found["motion"]["abs_rel"] < 0.8 * found["alone"]["abs_rel"]
    assert found["hints"]["median_error"] < 0.03
    assert found["hints"]["per_frame"] > 60
    assert len(found["frames"]) == len(MEASURED)
    assert "stands still" in found["frames"][0]["problem"]
    assert found["frames"][0]["motion"] == found["frames"][0]["alone"]
    assert "hints a frame" in capsys.readouterr().out
    assert (report / "sequence.png").stat().st_size > 0


@pytest.mark.parametrize("wrong", [[], ["data", "--sequence", "data"], ["data", "--pose-noise", "0.01,0.3"]])
def test_one_kind_of_data_is_asked_for(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(wrong) != 0
    assert "--sequence" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--limit", "3"], ["--mounting"], ["--hints", "line"], ["--fov", "60"]])
def test_options_of_folders_are_refused_with_a_sequence(
    folder: Path, option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--sequence", str(folder), *option]) == 2
    assert f"--sequence: got {option[0]} too" in capsys.readouterr().err


def faulty(sequence: Sequence, fault: str) -> Sequence:
    """Return the sequence with the poses that odometry with this fault would tell."""

    def told(index: int, pose: Transform) -> Transform:
        place = pose.translation_m
        moved = {
            "backwards": -place,
            "jumps": place + (index >= 13) * np.array([0.0, 0.6, 0.4]),
            "not a number": np.full(3, np.nan) if index >= 6 else place,
            "other axes": place[[2, 0, 1]],
        }
        return Transform(pose.rotation, moved[fault])

    return replace(sequence, frames=tuple(replace(f, pose=told(i, f.pose)) for i, f in enumerate(sequence)))


@pytest.mark.parametrize("fault", ["backwards", "jumps", "not a number", "other axes"])
def test_faulty_odometry_makes_nothing_worse_than_the_camera_alone_and_is_named(folder: Path, fault: str) -> None:
    engine = open_engine("ort", load_artifact("nano"), 1)
    try:
        estimator = Estimator(engine, Settings(min_depth_m=1e-3, max_depth_m=1e4))
        result = evaluate_sequence(faulty(Sequence.open(folder), fault), estimator)
    finally:
        engine.close()
    assert result.worse == 0
    assert result.reports[-1].problem
