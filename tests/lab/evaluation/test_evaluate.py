# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from grin_ros.core.artifact.manifest import ArtifactError, Calibration
from grin_ros.core.estimator import Settings
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.lab.evaluation import command
from grin_ros.lab.evaluation.baselines import GRID, Baselines
from tests.lab.evaluation.measured import random_depth, sample, write_dataset

BASELINES = Baselines(2.0, 6.0, np.zeros(GRID, np.float32), frames=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    samples = [sample(f"in{i}", f"room{i % 2}", "indoor", random_depth(i), seed=i) for i in range(4)]
    sparse = random_depth(7, 5.0, 40.0)
    sparse[np.random.default_rng(0).random(sparse.shape) < 0.9] = np.nan
    return write_dataset(tmp_path / "data", [*samples, sample("out", "street", "outdoor", sparse)])


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Replace the artifact and its engine by a stand-in that answers 4 m with a sigma of 1 m and records its calls."""
    asked: dict[str, Any] = {"closed": False}

    def close() -> None:
        asked["closed"] = True

    def estimator(_: object, settings: Settings) -> Any:
        asked["settings"] = settings

        def estimate(frame: Frame) -> DepthEstimate:
            depth_m = np.full(frame.image.shape[:2], 4.0, np.float32)
            return DepthEstimate(depth_m, np.ones_like(depth_m), frame.stamp_ns)

        return estimate

    artifact = SimpleNamespace(
        manifest=SimpleNamespace(name="stand-in", calibration=Calibration(), sigma_caveat=str), digest="0123456789ab"
    )
    engine = SimpleNamespace(description="nothing 1.0", close=close)
    monkeypatch.setattr(command, "load_artifact", lambda name: asked.update(model=name) or artifact)
    monkeypatch.setattr(command, "open_engine", lambda *a: asked.update(open=a) or engine)
    monkeypatch.setattr(command, "Estimator", estimator)
    monkeypatch.setattr(Baselines, "load", lambda: BASELINES)
    return asked


def test_the_command_prints_a_table_and_writes_json_and_report(
    folder: Path, model: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, figures = tmp_path / "report", tmp_path / "figures.json"
    arguments = [str(folder), "--model", "nano", "--steps", "3", "--members", "5", "--report", str(report)]
    assert command.main([*arguments, "--json", str(figures)]) == 0
    assert (model["model"], model["open"][0]) == ("nano", "ort")
    assert (model["settings"].steps, model["settings"].members) == (3, 5)
    assert model["closed"]

    printed = capsys.readouterr().out
    for label in ("**indoor: stand-in**", "indoor: constant_oracle", "room1", "**outdoor: stand-in**", "AUSE: area"):
        assert label in printed

    values = json.loads(figures.read_text())
    assert set(values["domains"]) == {"indoor", "outdoor"}
    assert set(values["scenes"]) == {"room0", "room1", "street"}
    assert set(values["baselines"]) == {"constant", "mean_map", "ground_plane", "constant_oracle"}
    assert values["baselines"]["constant"]["indoor"]["frames"] == 4
    assert values["settings"]["artifact"] == "0123456789ab"
    truth_m = [random_depth(i) for i in range(4)]
    rooms = [np.mean([np.mean(np.abs(4.0 / truth_m[i] - 1.0)) for i in room]) for room in ((0, 2), (1, 3))]
    assert values["domains"]["indoor"]["abs_rel"] == pytest.approx(float(np.mean(rooms)), rel=1e-3)

    assert json.loads((report / "report.json").read_text()) == values
    text = (report / "report.md").read_text()
    pictures = [line.split("](")[1].rstrip(")") for line in text.splitlines() if line.startswith("![")]
    assert len(pictures) == 4 + 5
    for name in pictures:
        assert cv2.imread(str(report / name)) is not None, name


@pytest.mark.parametrize(
    "kind",
    [
        [],
        ["--hints", "none", "uniform:10"],
        ["--sweep", "--sweep-steps", "1", "--sweep-members", "1"],
    ],
)
def test_an_empty_sample_does_not_end_the_run(
    tiny_artifact: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: list[str]
) -> None:
    samples = [sample("a", depth_m=random_depth(1)), sample("b", depth_m=np.nan), sample("c", depth_m=random_depth(2))]
    folder = write_dataset(tmp_path / "data", samples)
    assert command.main([str(folder), "--model", str(tiny_artifact), *kind]) == 0
    assert "sample 'b' is left out, because no depth was measured within 0.1 to 80 m" in caplog.text


def test_json_has_no_infinity(folder: Path, model: dict[str, Any], tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    assert command.main([str(folder), "--max-depth", "inf", "--json", str(figures)]) == 0
    assert model["closed"]
    values = json.loads(figures.read_text(), parse_constant=lambda name: pytest.fail(f"the file has {name}"))
    assert values["settings"]["max_depth_m"] is None


def test_a_second_report_in_a_folder_replaces_the_first(folder: Path, model: dict[str, Any], tmp_path: Path) -> None:
    report = tmp_path / "report"
    (report / "panels").mkdir(parents=True)
    (report / "panels" / "mine.png").write_text("not of a report")
    for domain, names in (("indoor", {"in0", "in1", "in2", "in3"}), ("outdoor", {"out"})):
        assert command.main([str(folder), "--domain", domain, "--report", str(report)]) == 0
        assert {path.stem for path in (report / "panels").iterdir()} == names | {"mine"}
    assert model["closed"]


def test_estimates_beyond_the_limits_of_the_robot_count_in_the_figures(folder: Path, model: dict[str, Any]) -> None:
    assert command.main([str(folder), "--domain", "indoor", "--limit", "1", "--max-depth", "5"]) == 0
    assert model["settings"].max_depth_m > 1000.0


def test_the_command_selects_by_domain_every_and_limit(folder: Path, model: dict[str, Any], tmp_path: Path) -> None:
    figures = tmp_path / "f.json"
    chosen = ["--domain", "indoor", "--every", "2", "--limit", "2"]
    assert command.main([str(folder), *chosen, "--json", str(figures)]) == 0
    assert [frame["name"] for frame in json.loads(figures.read_text())["frames"]] == ["in0", "in2"]
    assert model["closed"]


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("K", [[40.0, 3.0, 23.5], [0.0, 40.0, 17.5], [0.0, 0.0, 1.0]], "no skew"),
        ("D", [0.1], "name the model of D"),
        ("depth", "gone.png", "there is no such file"),
        ("depth", "in0.image.png", "expected (36, 48) uint16"),
        ("height", 30, "got an image of (36, 48)"),
    ],
)
def test_a_fault_in_the_last_sample_is_found_before_the_first_is_worked_on(
    folder: Path, model: dict[str, Any], key: str, value: object, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    index = json.loads((folder / "index.json").read_text())
    index["samples"][-1][key] = value
    (folder / "index.json").write_text(json.dumps(index))
    assert command.main([str(folder)]) == 2
    assert text in capsys.readouterr().err
    assert "open" not in model, "the model was opened"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--domain", "indor"], "did you mean 'indoor'"),
        (["--steps", "0"], "steps: got 0, expected 1 to 50"),
        (["--limit", "0"], "limit: got 0"),
        (["--max-depth", "0"], "expected 0 < min < max"),
    ],
)
@pytest.mark.usefixtures("model")
def test_wrong_arguments_are_explained(
    folder: Path, arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([str(folder), *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("grin evaluate: ")
    assert text in error


def test_a_missing_folder_or_model_is_explained(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Baselines, "load", lambda: BASELINES)
    assert command.main([str(tmp_path / "no")]) == 2
    assert "give the folder of a data set" in capsys.readouterr().err
    assert command.main([str(folder), "--model", "nanoo"]) == 2
    assert "neither a folder nor a shipped model" in capsys.readouterr().err


@pytest.mark.usefixtures("model")
def test_a_report_without_matplotlib_is_refused_before_the_first_frame(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert command.main([str(folder), "--report", str(tmp_path / "report")]) == 2
    assert "matplotlib is not installed; install it with pip install matplotlib" in capsys.readouterr().err


def test_the_engine_is_closed_when_a_frame_fails(
    folder: Path, model: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> Any:
        def estimate(_: Frame) -> DepthEstimate:
            raise ArtifactError("no such tensor")

        return estimate

    monkeypatch.setattr(command, "Estimator", broken)
    assert command.main([str(folder)]) == 2
    assert model["closed"]
    assert "no such tensor" in capsys.readouterr().err
