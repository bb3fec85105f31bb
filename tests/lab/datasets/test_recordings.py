# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin pack-recording`: one recording with measured depth becomes shards."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from grin_ros.lab.datasets.recordings import main
from grin_ros.lab.datasets.shards import ShardDataset
from tests.lab.datasets.turned import write_turned

W, H = 64, 48
FRAMES = 5


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Five frames f0 to f4. The brightness of frame k is 40 k, its depth k + 1 metres."""
    for folder in ("rgb", "depth"):
        (tmp_path / folder).mkdir()
    for k in range(FRAMES):
        cv2.imwrite(str(tmp_path / "rgb" / f"f{k}.png"), np.full((H, W, 3), 40 * k, np.uint8))
        cv2.imwrite(str(tmp_path / "depth" / f"f{k}.png"), np.full((H, W), 1000 * (k + 1), np.uint16))
    (tmp_path / "K.txt").write_text("60 0 31.5\n0 60 23.5\n0 0 1\n")
    return tmp_path


def packed(recording: Path, *options: str) -> int:
    folders = ["--images", str(recording / "rgb"), "--depth", str(recording / "depth"), "--k", str(recording / "K.txt")]
    fixed = ["--licence", "CC0", "--size", str(W), str(H), "--out", str(recording / "out")]
    try:
        return main([*folders, *fixed, *options])
    except SystemExit as stop:
        return int(str(stop.code))


def frames(recording: Path) -> list[tuple[int, float]]:
    """Return the brightness and the depth in the middle of every frame that was packed."""
    data = ShardDataset(recording / "out")
    samples = [data.sample(index) for index in range(len(data))]
    return [(int(one.image[H // 2, W // 2, 0]), round(float(one.range_m[H // 2, W // 2]), 2)) for one in samples]


def test_every_frame_is_packed_with_its_depth(recording: Path) -> None:
    assert packed(recording) == 0
    assert frames(recording) == [(40 * k, k + 1.0) for k in range(FRAMES)]


def test_frames_are_of_a_world_that_counts_as_photographs(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert packed(recording, "--world", "office") == 2
    assert "--world: got 'office', expected one of recording, metric_places" in capsys.readouterr().err
    assert packed(recording, "--world", "shape_places") == 0
    assert ShardDataset(recording / "out").frames_by_world == {"shape_places": FRAMES}


def test_a_folder_that_holds_a_data_set_is_refused(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert packed(recording) == 0
    assert packed(recording, "--every", "2", "--depth-scale", "5000") == 2
    assert "out: it is a data set already; give another folder by --out, or remove" in capsys.readouterr().err
    assert frames(recording) == [(40 * k, k + 1.0) for k in range(FRAMES)]


def test_frames_are_paired_by_name(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (recording / "rgb" / "f1.png").unlink()
    (recording / "depth" / "f3.png").unlink()
    assert packed(recording) == 0
    assert frames(recording) == [(40 * k, k + 1.0) for k in (0, 2, 4)]
    assert "WARN: 2 files are left out" in capsys.readouterr().err


def test_frames_without_common_names_are_paired_by_order_with_a_warning(
    recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for k in range(FRAMES):
        (recording / "rgb" / f"f{k}.png").rename(recording / "rgb" / f"img{k + 8}.png")
        (recording / "depth" / f"f{k}.png").rename(recording / "depth" / f"{k + 8:03d}.PNG")
    assert packed(recording, "--every", "2") == 0
    assert frames(recording) == [(40 * k, k + 1.0) for k in (0, 2, 4)]
    assert "WARN: no names agree, so files are paired by their order, img8.png with 008.PNG" in capsys.readouterr().err


def test_frames_without_depth_are_left_out_and_named(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for k in (1, 3):
        cv2.imwrite(str(recording / "depth" / f"f{k}.png"), np.zeros((H, W), np.uint16))
    assert packed(recording) == 0
    assert frames(recording) == [(40 * k, k + 1.0) for k in (0, 2, 4)]
    said = capsys.readouterr()
    assert "WARN: 2 frames are left out, because they have no measured depth: f1.png, f3.png" in said.err
    assert "holds 3 frames" in said.out


def test_a_recording_without_any_depth_is_refused(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (recording / "depth").iterdir():
        cv2.imwrite(str(path), np.zeros((H, W), np.uint16))
    assert packed(recording) == 2
    assert "got no measured depth in 5 frames (f0.png, f1.png, f2.png and 2 more)" in capsys.readouterr().err
    assert not (recording / "out" / "index.json").exists()


@pytest.mark.parametrize("scale", ["0", "-1000", "nan"])
def test_a_depth_scale_is_a_positive_number(recording: Path, capsys: pytest.CaptureFixture[str], scale: str) -> None:
    assert packed(recording, f"--depth-scale={scale}") == 2
    assert f"got '{scale}', expected a number above 0" in capsys.readouterr().err


def test_k_of_another_resolution_is_told(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert packed(recording) == 0
    assert "WARN" not in capsys.readouterr().err
    (recording / "K.txt").write_text("120 0 63.5\n0 120 47.5\n0 0 1\n")
    assert packed(recording, "--out", str(recording / "other")) == 0
    said = capsys.readouterr().err
    assert "K.txt: the principal point (64, 48) is far from the middle of the 64x48 image" in said
    assert "as if K were that of another resolution (about 128x96)" in said and said.count("WARN") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("60 0 31.5 0 60 23.5", "K.txt: got 6 numbers, expected the 9 of K; write the 9 numbers of K row by row"),
        ("60,0,31.5\n0,60,23.5\n0,0,1", "K.txt: got '60,0,31.5 0,60,23.5 0,0,1', expected numbers; write the 9"),
        ("0 0 31.5 0 60 23.5 0 0 1", "K.txt: uncalibrated camera: got K[0] = 0"),
        ("60 0 31.5 0 60 23.5 0 0 nan", "K.txt: camera matrix K: got [60.0"),
    ],
)
def test_a_file_without_k_is_named(
    recording: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    (recording / "K.txt").write_text(text)
    assert packed(recording) == 2
    assert message in capsys.readouterr().err
    assert not (recording / "out").exists()


def test_an_exif_rotation_is_not_applied(recording: Path) -> None:
    for path in (recording / "rgb").iterdir():
        path.unlink()
    image = np.zeros((H, W, 3), np.uint8)
    image[: H // 2] = 200
    for k in range(FRAMES):
        write_turned(recording / "rgb" / f"f{k}.jpg", image, 3)
    assert packed(recording) == 0
    stored = ShardDataset(recording / "out").sample(0).image
    assert stored[: H // 2 - 4].min() > 150 and stored[H // 2 + 4 :].max() < 50
