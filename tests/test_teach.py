# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin teach` from bags on, up to the training, which tests/lab/teaching tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")
pytest.importorskip("torch", reason="teaching is torch (pip install grin_ros[teach])")

from grin_ros.core.command_line import DONE, FAILED, WRONG_CALL
from grin_ros.core.labels.folder import LabelFolder
from grin_ros.ros.bags.reading import Bag
from grin_ros.ros.teaching.rendered_bag import write_bag
from grin_ros.teach import main
from tests.ros.bags.recorded import write
from tests.ros.teaching.drive import moments


@pytest.fixture(scope="module")
def bags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two good bags, and one whose lidar has another clock."""
    folder = tmp_path_factory.mktemp("bags")
    write_bag(folder / "monday", moments(8.0))
    write_bag(folder / "tuesday", moments(8.0))
    write_bag(folder / "late", moments(8.0), late_s=0.3)
    return folder


def test_a_dry_run_labels_and_splits_all_bags_and_learns_nothing(
    bags: Path, tmp_path: Path, tiny_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    out = tmp_path / "office"
    names = [str(bags / "monday"), str(bags / "tuesday"), "--out", str(out), "--model", str(tiny_artifact)]
    assert main([*names, "--every", "4", "--dry-run", "--anyway", "--workers", "1"]) == DONE
    assert "labels cover" in caplog.text
    assert "frames to learn" in caplog.text
    assert not (out / "manifest.json").exists()
    frames = LabelFolder([out / "work" / "frames" / name for name in ("monday", "tuesday")])
    assert len(frames) == 40


def test_bags_of_one_name_have_folders_and_recordings_of_their_own(
    bags: Path, tmp_path: Path, tiny_artifact: Path
) -> None:
    names = [tmp_path / "mon" / "drive", tmp_path / "tue" / "drive", tmp_path / "d.v1", tmp_path / "d.v2"]
    for name in names:
        shutil.copytree(bags / "monday", name)
    out = ["--out", str(tmp_path / "office"), "--model", str(tiny_artifact), "--every", "4", "--dry-run", "--anyway"]
    assert main([*map(str, names), *out]) == DONE
    folders = sorted((tmp_path / "office" / "work" / "frames").iterdir())
    assert [folder.name for folder in folders] == ["d.v1", "d.v2", "drive", "drive_2"]
    frames = LabelFolder(folders)
    assert len({frames.recording(index) for index in range(len(frames))}) == 4


def test_a_window_gives_as_many_frames_as_were_asked_for(bags: Path, tmp_path: Path, tiny_artifact: Path) -> None:
    out = ["--out", str(tmp_path / "office"), "--model", str(tiny_artifact), "--dry-run", "--anyway"]
    assert main([str(bags / "monday"), *out, "--most-frames", "20", "--start", "1", "--end", "3"]) == DONE
    assert len(LabelFolder(tmp_path / "office" / "work" / "frames" / "monday")) == 20


def test_a_link_has_the_name_that_was_given(bags: Path, tmp_path: Path, tiny_artifact: Path) -> None:
    (tmp_path / "latest").symlink_to(bags / "monday")
    out = ["--out", str(tmp_path / "office"), "--model", str(tiny_artifact), "--every", "4", "--dry-run", "--anyway"]
    assert main([str(tmp_path / "latest"), *out]) == DONE
    assert [one.name for one in (tmp_path / "office" / "work" / "frames").iterdir()] == ["latest"]


def test_labels_that_are_too_few_to_compare_are_a_warning(
    bags: Path, tmp_path: Path, tiny_artifact: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr("grin_ros.core.labels.checks.FEWEST", 1000)
    out = ["--out", str(tmp_path / "office"), "--model", str(tiny_artifact), "--every", "4", "--dry-run"]
    assert main([str(bags / "monday"), *out]) == DONE
    warned = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert any("are not compared, because 0 of the frames" in text for text in warned)
    assert "nan" not in caplog.text


def test_a_bag_that_is_named_twice_is_a_wrong_call(
    bags: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(bags / "monday"), f"{bags}/tuesday/../monday", "--out", str(tmp_path / "out")]) == WRONG_CALL
    assert "got this bag twice" in capsys.readouterr().err


def test_a_bag_without_labels_does_not_claim_that_it_had_some(
    bags: Path, tmp_path: Path, tiny_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without transforms nobody knows where the lidar is, so that nothing can be labelled."""
    caplog.set_level("INFO")
    out = ["--out", str(tmp_path / "office"), "--model", str(tiny_artifact), "--every", "4", "--dry-run"]
    messages = Bag(bags / "monday").messages()
    without_tf = [(m.topic, m.kind, m.time_ns, m.data) for m in messages if not m.topic.startswith("/tf")]
    alone = write(tmp_path / "alone", without_tf)
    assert main([str(alone), *out]) == WRONG_CALL
    assert "0 frames with labels; without: no labels 20" in caplog.text
    assert "labelled before" not in caplog.text


def test_stamps_that_are_off_are_refused_before_anything_is_made(
    bags: Path, tmp_path: Path, tiny_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "office"
    assert main([str(bags / "late"), "--out", str(out), "--model", str(tiny_artifact)]) == FAILED
    assert "+300 ms" in caplog.text or "+280 ms" in caplog.text or "+320 ms" in caplog.text
    assert not out.exists()


def test_a_folder_with_other_things_is_not_used(bags: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("x")
    assert main([str(bags / "monday"), "--out", str(tmp_path)]) == WRONG_CALL
    assert "was not begun by grin teach" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("--out", __file__, "is a file, expected a folder"),
        ("--minutes", "-1", "expected a number above 0"),
        ("--old-domain", "/nowhere", "there is no /nowhere"),
        ("--replay", "/nowhere", "there is no /nowhere"),
        ("--teacher", "/nowhere.onnx", "there is no /nowhere.onnx"),
    ],
)
def test_a_wrong_option_is_found_before_the_work(
    option: str, value: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["drive", "--out", str(tmp_path / "out"), option, value])
    assert stopped.value.code == WRONG_CALL
    assert text in capsys.readouterr().err


def test_no_bag_is_a_wrong_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path / "out")]) == WRONG_CALL
    assert "name one or more" in capsys.readouterr().err
