# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin evaluate` on renders, with --sweep and --suite, and with a stand-in for the model."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from grin_ros.core.artifact.manifest import Calibration
from grin_ros.core.estimator import Settings
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.lab.evaluation import command, sharing
from tests.lab.evaluation.measured import sample, write_dataset
from tests.lab.evaluation.rendered import steps_m, write_shards


class StandIn:
    """A method that answers `steps_m` with an error of 10 %, 10 % more per step and 5 % less with a known mounting."""

    def __init__(self, _engine: object, settings: Settings, _sampler: object = None) -> None:
        self.settings = settings

    def __call__(self, frame: Frame) -> DepthEstimate:
        depth_m = steps_m()[: frame.camera.height, : frame.camera.width].copy()
        depth_m *= 1.0 + 0.1 * self.settings.steps - 0.05 * (frame.camera.mounting is not None)
        return DepthEstimate(depth_m, 0.1 * depth_m)


@pytest.fixture(autouse=True)
def _model(monkeypatch: pytest.MonkeyPatch) -> None:
    network = SimpleNamespace(grid_rows=30, grid_cols=40)
    artifact = SimpleNamespace(
        manifest=SimpleNamespace(name="stand-in", network=network, calibration=Calibration(), sigma_caveat=str),
        digest="0123456789ab",
    )
    engine = SimpleNamespace(description="nothing 1.0", close=lambda: None, artifact=artifact, threads=0)
    monkeypatch.setattr(command, "load_artifact", lambda _: artifact)
    monkeypatch.setattr(command, "open_engine", lambda *_: engine)
    monkeypatch.setattr(command, "Estimator", StandIn)
    monkeypatch.setattr(sharing, "Estimator", StandIn)


def run(*arguments: str | Path) -> int:
    return command.main([str(argument) for argument in arguments])


def test_renders_are_evaluated_by_world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, figures = write_shards(tmp_path / "renders"), tmp_path / "f.json"
    assert run(folder, "--frames", "3", "--json", figures) == 0
    printed = capsys.readouterr().out
    for label in ("**renders: stand-in**", "room", "street", "floating", "renders: mean of scenes"):
        assert label in printed
    values = json.loads(figures.read_text())
    assert set(values["scenes"]) == {"room", "street"}
    assert values["domains"]["renders"]["abs_rel"] == pytest.approx(0.1, rel=1e-2)
    assert values["domains"]["renders"]["edge_floating"] == 0.0
    assert values["domains"]["renders"]["sky_sigma_ratio"] == pytest.approx(1.0, rel=1e-2)
    assert values["settings"]["mounting"] == "unknown"
    assert run(folder, "--mounting", "--json", figures) == 0
    assert json.loads(figures.read_text())["domains"]["renders"]["abs_rel"] == pytest.approx(0.05, rel=1e-2)


def test_a_sweep_prints_its_claims_and_exits_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = write_shards(tmp_path / "renders"), tmp_path / "report"
    chosen = ("--sweep", "--sweep-steps", "1,2", "--sweep-members", "1", "--report", out)
    assert run(folder, *chosen) == 0
    printed = capsys.readouterr().out
    assert "renders: 2 steps, 1 member" in printed
    assert "renders, 1 member: 1 step above the best step count: +0.0% (claim: at most 5%): holds" in printed
    assert "2 steps above the best step count: +100.0% (claim: at most 3%): FAILS" in printed
    values = json.loads((out / "sweep.json").read_text())
    assert [claim["holds"] for claim in values["claims"]] == [True, False, False]
    assert values["settings"]["model"] == "stand-in"
    assert "FAILS" in (out / "sweep.md").read_text()


@pytest.mark.parametrize(
    ("suite", "claim"),
    [
        ("mounting", "AbsRel lower with the mounting: +50.0% (claim: at least 15%): holds"),
        ("edges", "floating points / those of bilinear upsampling: +0.0% (claim: at most 50%): holds"),
        ("focal", "(claim: at most 5%)"),
        ("cameras", "unseen above known cameras over room, street: -0.0% (claim: at most 15%): holds"),
    ],
)
def test_each_suite_prints_its_claim_and_writes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], suite: str, claim: str
) -> None:
    folders = [write_shards(tmp_path / "known")]
    if suite == "cameras":
        folders.append(write_shards(tmp_path / "unseen"))
    assert run(*folders, "--suite", suite, "--report", tmp_path / "report") == 0
    assert claim.replace("-0.0%", "+0.0%") in capsys.readouterr().out.replace("-0.0%", "+0.0%")
    values = json.loads((tmp_path / "report" / f"suite_{suite}.json").read_text())
    assert values["suite"] == suite
    assert values["claims"][0]["kind"] in ("at most", "at least")


@pytest.mark.parametrize("suite", ["mounting", "edges", "focal", "cameras"])
@pytest.mark.parametrize(
    ("option", "text"),
    [
        (("--every", "7"), "--domain, --every and --limit apply to measured depth only; for renders, give --frames N"),
        (("--limit", "1"), "--domain, --every and --limit apply to measured depth only"),
        (("--domain", "mars"), "--domain, --every and --limit apply to measured depth only"),
        (("--fov", "60"), "--calibration and --fov: got renders, which know their cameras"),
    ],
)
def test_a_suite_refuses_what_does_not_apply_to_renders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], suite: str, option: tuple[str, str], text: str
) -> None:
    wide, other = write_shards(tmp_path / "wide", focal_px=90.0), write_shards(tmp_path / "other")
    for folders in [(wide,), (wide, other)]:
        assert run(*folders, "--suite", suite, *option) == 2
        assert text in capsys.readouterr().err


def test_a_suite_tells_whether_the_mounting_was_known(tmp_path: Path) -> None:
    renders, figures = write_shards(tmp_path / "wide", focal_px=90.0), tmp_path / "f.json"
    for options, told in [
        (("mounting",), "as in the data"),
        (("edges",), "unknown"),
        (("cameras",), "unknown"),
        (("cameras", "--mounting"), "as in the data"),
    ]:
        assert run(renders, "--suite", *options, "--json", figures) == 0
        assert json.loads(figures.read_text())["settings"]["mounting"] == told


def test_a_suite_on_unsuitable_data_explains_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measured = write_dataset(tmp_path / "measured", [sample(depth_m=2.0)])
    renders = write_shards(tmp_path / "renders")
    wrong: list[tuple[tuple[Any, ...], str]] = [
        ((measured, "--suite", "edges"), "suite edges: needs renders"),
        ((renders, "--suite", "cameras"), "no wide, fisheye or off-centre camera"),
        ((renders, "--limit", "3"), "for renders, give --frames N"),
        ((renders, "--sweep", "--sweep-steps", "1,51"), "steps: got 51, expected 1 to 50"),
    ]
    for arguments, text in wrong:
        assert run(*arguments) == 2
        assert text in capsys.readouterr().err


def test_the_lenses_of_one_folder_are_compared_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wide = write_shards(tmp_path / "wide", focal_px=90.0)
    assert run(wide, "--suite", "cameras") == 0
    assert "wide above known cameras over room, street: " in capsys.readouterr().out


def test_unseen_folders_of_one_name_are_both_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unseen = [write_shards(tmp_path / lens / "renders") for lens in ("wide", "fisheye")]
    assert run(write_shards(tmp_path / "known"), *unseen, "--suite", "cameras") == 0
    told = capsys.readouterr().out
    assert all(f"{folder} above known cameras" in told for folder in unseen)


def test_the_suite_of_focal_lengths_reports_no_mounting(tmp_path: Path) -> None:
    assert run(write_shards(tmp_path / "a"), "--suite", "focal", "--mounting", "--report", tmp_path / "report") == 0
    assert json.loads((tmp_path / "report" / "suite_focal.json").read_text())["settings"]["mounting"] == "unknown"
