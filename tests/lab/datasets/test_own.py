# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin dataset`: own images, depth and calibration become a data set that `grin evaluate` reads."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.lab.datasets.measured import EvalDataset
from grin_ros.lab.datasets.own import main

WIDTH, HEIGHT = 64, 48
LENS = Camera(WIDTH, HEIGHT, 60.0, 61.0, 31.0, 24.5, "plumb_bob", (-0.1, 0.01, 0.0, 0.0, 0.0))
CALIBRATION = {
    "image_width": WIDTH, "image_height": HEIGHT, "distortion_model": "plumb_bob",
    "camera_matrix": LENS.K.tolist(), "distortion_coefficients": list(LENS.distortion),
}  # fmt: skip


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Two images with depth of 2 m, of which the first row is not measured, as 16-bit PNG of millimetres."""
    for folder in ("rgb", "depth"):
        (tmp_path / folder).mkdir()
    depth = np.full((HEIGHT, WIDTH), 2000, np.uint16)
    depth[0] = 0
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / "rgb" / f"{name}.jpg"), np.full((HEIGHT, WIDTH, 3), 90, np.uint8))
        cv2.imwrite(str(tmp_path / "depth" / f"{name}.png"), depth)
    (tmp_path / "camera.json").write_text(json.dumps(CALIBRATION))
    return tmp_path


def made(recording: Path, *options: str) -> int:
    folders = ["--images", str(recording / "rgb"), "--depth", str(recording / "depth"), "--out", str(recording / "out")]
    try:
        return main([*folders, *options])
    except SystemExit as stop:
        return int(str(stop.code))


def test_what_was_measured_comes_back_with_its_calibration(recording: Path) -> None:
    assert made(recording, "--calibration", str(recording / "camera.json"), "--domain", "yard") == 0
    samples = list(EvalDataset.open(recording / "out"))
    assert [(sample.name, sample.domain) for sample in samples] == [("a", "yard"), ("b", "yard")]
    assert samples[0].frame.camera == LENS
    assert np.isnan(samples[0].depth_m[0]).all()
    np.testing.assert_array_equal(samples[0].depth_m[1:], 2.0)


@pytest.mark.parametrize("suffix", [".npy", ".tiff"])
def test_depth_may_be_float_metres(recording: Path, suffix: str) -> None:
    depth_m = np.full((HEIGHT, WIDTH), 3.5, np.float32)
    depth_m[0], depth_m[1], depth_m[2] = 0.0, np.nan, np.inf
    for name in ("a", "b"):
        (recording / "depth" / f"{name}.png").unlink()
        path = recording / "depth" / f"{name}{suffix}"
        if suffix == ".npy":
            np.save(path, depth_m)
        else:
            cv2.imwrite(str(path), depth_m)
    assert made(recording, "--fov", "60", "--every", "2") == 0
    (sample,) = EvalDataset.open(recording / "out")
    assert np.isnan(sample.depth_m[:3]).all()
    np.testing.assert_array_equal(sample.depth_m[3:], 3.5)
    assert sample.frame.camera.fov_deg()[0] == pytest.approx(60.0, abs=0.1)


def test_files_without_common_names_are_paired_by_their_order(recording: Path) -> None:
    for name in ("a", "b"):
        (recording / "depth" / f"{name}.png").rename(recording / "depth" / f"depth_{name}.png")
    assert made(recording, "--fov", "60") == 0
    assert [sample.name for sample in EvalDataset.open(recording / "out")] == ["a", "b"]
    (recording / "rgb" / "a.jpg").unlink()
    assert made(recording, "--fov", "60") == 2


def test_files_that_are_left_out_are_counted(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (recording / "depth" / "a.png").unlink()
    assert made(recording, "--fov", "60") == 0
    said = capsys.readouterr()
    assert "WARN: 1 files are left out: no file of the other folder has their name" in said.err
    assert "holds 1 samples with median depths of 2.00 to 2.00 m; if all are wrong by one factor" in said.out
    assert made(recording, "--fov", "60") == 2
    assert "out: it is a data set already; give another folder by --out, or remove this one" in capsys.readouterr().err


def test_a_wrong_scene_leaves_no_data_set(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert made(recording, "--fov", "60", "--scene", "home/kitchen") == 2
    assert "scene is 'home/kitchen', expected a word that can name a file; rename it" in capsys.readouterr().err
    assert made(recording, "--fov", "60", "--scene", "kitchen") == 0


def test_the_files_that_are_read_are_not_written_beside(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert made(recording, "--fov", "60", "--out", str(recording)) == 2
    assert "depth: got files of --images or --depth in it" in capsys.readouterr().err
    assert not (recording / "images").exists() and len(list((recording / "depth").iterdir())) == 2


def test_two_depth_maps_of_one_image_are_refused(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(recording / "depth" / "b.npy", np.full((HEIGHT, WIDTH), 7.0))
    assert made(recording, "--fov", "60") == 2
    assert "depth: got b.npy and b.png, expected one file of the name 'b'; remove or" in capsys.readouterr().err


def test_what_does_not_fit_is_named_with_what_to_do(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*options: str) -> str:
        assert made(recording, *options) == 2
        return capsys.readouterr().err

    assert "got neither --calibration FILE nor --fov DEG" in said()
    cv2.imwrite(str(recording / "depth" / "b.png"), np.zeros((HEIGHT, WIDTH), np.uint16))
    assert "b.png: nothing is measured in it" in said("--fov", "60")
    cv2.imwrite(str(recording / "depth" / "b.png"), np.ones((HEIGHT, WIDTH), np.uint8))
    assert "8-bit pictures of depth have lost it" in said("--fov", "60")
    cv2.imwrite(str(recording / "depth" / "b.png"), np.ones((HEIGHT, WIDTH // 2), np.uint16))
    assert "got 32x48 px, expected 64x48 px as b.jpg; give depth that is registered" in said("--fov", "60")
    np.save(recording / "depth" / "b.npy", np.full((HEIGHT, WIDTH), 1500, np.uint32))
    (recording / "depth" / "b.png").unlink()
    assert "uint32, expected one channel of 16-bit integers or of float metres" in said("--fov", "60")
    jpeg = (recording / "rgb" / "b.jpg").read_bytes()
    (recording / "rgb" / "b.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    assert "b.jpg: cannot be read as a whole image" in said("--fov", "60")
    (recording / "rgb" / "b.jpg").write_bytes(jpeg)
    np.save(recording / "depth" / "b.npy", np.ones((HEIGHT, WIDTH)))
    (recording / "camera.json").write_text(json.dumps({**CALIBRATION, "image_width": 48}))
    assert "another ratio of sides" in said("--calibration", str(recording / "camera.json"))
