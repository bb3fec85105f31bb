# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin depth`: its files hold what the estimator gave, and a wrong call is told before the work."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.geometry.rays import millimetres, points_from_depth
from grin_ros.core.input_error import InputError
from grin_ros.core.photo import command
from grin_ros.core.photo.cameras import pinhole
from grin_ros.core.photo.outputs import MAX_POINTS, write_cloud
from grin_ros.core.photo.pictures import Source, find_sources, read_pictures
from grin_ros.core.types import DepthEstimate, Frame
from tests.core.photo.test_calibration import CAMERAS, ros

IMAGE = cv2.GaussianBlur(np.random.default_rng(3).integers(0, 255, (75, 100, 3), np.uint8), (9, 9), 3)
POINT = np.dtype("<f4,<f4,<f4,u1,u1,u1,<f4")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with one picture."""
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("garden.png", IMAGE[..., ::-1])
    return tmp_path


def points_of(path: Path) -> NDArray[np.void]:
    header, _, data = path.read_bytes().partition(b"end_header\n")
    points = np.frombuffer(data, POINT)
    assert f"element vertex {len(points)}\n".encode() in header
    return points


def test_the_files_hold_what_the_estimator_gives(
    folder: Path, tiny_artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    assert command.main(["garden.png", "--fov", "70", "--model", str(tiny_artifact), "--backend", "ort"]) == 0
    frame = Frame(IMAGE, pinhole(100, 75, 70.0, 100))
    expected = Estimator(open_engine("ort", load_artifact(tiny_artifact)))(frame)
    base = folder / "depth_output" / "garden"
    depth_m, sigma_m = np.load(f"{base}_depth.npy"), np.load(f"{base}_sigma.npy")
    assert depth_m.dtype == sigma_m.dtype == np.float32
    np.testing.assert_array_equal(depth_m, expected.depth_m)
    np.testing.assert_array_equal(sigma_m, expected.sigma_m)
    coded = cv2.imread(f"{base}_depth.png", cv2.IMREAD_UNCHANGED)
    assert coded.dtype == np.uint16
    np.testing.assert_array_equal(coded, millimetres(expected.depth_m))
    valid = np.isfinite(depth_m)
    assert valid.any()
    points = points_of(Path(f"{base}_cloud.ply"))
    xyz = np.stack([points[name] for name in ("f0", "f1", "f2")], axis=-1)
    np.testing.assert_array_equal(xyz, points_from_depth(depth_m, frame.camera.rays())[valid])
    np.testing.assert_array_equal(np.stack([points[n] for n in ("f3", "f4", "f5")], axis=-1), IMAGE[valid])
    np.testing.assert_array_equal(points["f6"], sigma_m[valid])
    panel = cv2.imread(f"{base}_panel.png")
    assert panel is not None and panel.std() > 10
    said = capsys.readouterr()
    assert "WARN: the field of view" not in said.err
    line = (
        f"camera from --fov 70 (70 degrees wide); median depth {np.median(depth_m[valid]):.2f} m; depth_output/garden_*"
    )
    assert line in said.out


@pytest.mark.usefixtures("folder")
def test_an_unknown_field_of_view_is_warned_of(tiny_artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["garden.png", "--model", str(tiny_artifact), "--backend", "ort"]) == 0
    said = capsys.readouterr()
    assert "WARN: the field of view of garden.png is not known" in said.err
    assert "--fov DEG or --calibration FILE" in said.err
    assert "an assumption, 60 degrees" in said.out


@pytest.mark.usefixtures("folder")
def test_a_large_picture_is_resized_with_its_camera(tiny_artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("cam.yaml").write_text(ros(CAMERAS["plumb_bob"]))
    cv2.imwrite("large.png", cv2.resize(IMAGE, (640, 480)))
    arguments = ["large.png", "--calibration", "cam.yaml", "--max-size", "160", "--model", str(tiny_artifact)]
    assert command.main([*arguments, "--backend", "ort"]) == 0
    assert np.load("depth_output/large_depth.npy").shape == (120, 160)
    across = CAMERAS["plumb_bob"].fov_deg()[0]
    assert f"large: 160x120 px, camera from the calibration ({across:.0f} degrees wide)" in capsys.readouterr().out


def test_a_damaged_frame_of_a_video_is_named(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    class Capture:
        """A video of three frames, the second of which cannot be decoded."""

        def __init__(self, _path: str) -> None:
            self.index = -1

        def grab(self) -> bool:
            self.index += 1
            return self.index < 3

        def retrieve(self) -> tuple[bool, np.ndarray[Any, Any] | None]:
            return (False, None) if self.index == 1 else (True, np.zeros((4, 6, 3), np.uint8))

        def release(self) -> None: ...

    monkeypatch.setattr("cv2.VideoCapture", Capture)
    read = [picture.name for picture in read_pictures(Source(Path("drive.mp4"), "drive", video=True), 1)]
    assert read == ["drive_000000", "drive_000002"]
    assert "drive.mp4: frame 1 is damaged and left out" in caplog.text


def write_video(path: Path, frames: int) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (64, 48))
    if not writer.isOpened():
        pytest.skip("this OpenCV cannot write videos")
    for _ in range(frames):
        writer.write(cv2.resize(IMAGE, (64, 48)))
    writer.release()


@pytest.mark.usefixtures("folder")
def test_every_nth_frame_of_a_video_is_taken(tiny_artifact: Path) -> None:
    write_video(Path("drive.avi"), 7)
    arguments = ["drive.avi", "--every", "3", "--fov", "60", "--model", str(tiny_artifact), "--backend", "ort"]
    assert command.main(arguments) == 0
    names = sorted(path.name for path in Path("depth_output").glob("*_depth.npy"))
    assert names == [f"drive_{index:06d}_depth.npy" for index in (0, 3, 6)]


def test_of_a_folder_a_damaged_picture_is_left_out_and_names_stay_apart(
    folder: Path, tiny_artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = folder / "pictures"
    inside.mkdir()
    (inside / "notes.txt").write_text("not a picture")
    (inside / "_first.png").write_bytes((folder / "garden.png").read_bytes()[:60])
    cv2.imwrite(str(inside / "a.png"), IMAGE)
    cv2.imwrite(str(inside / "a.jpg"), IMAGE)
    whole = (inside / "a.jpg").read_bytes()
    (inside / "half.jpg").write_bytes(whole[: len(whole) // 2])
    (inside / "phone.HEIC").write_bytes(b"....ftypheic")
    arguments = ["pictures", "--fov", "60", "--model", str(tiny_artifact), "--backend", "ort", "--out", "new/out"]
    assert command.main(arguments) == 3
    said = capsys.readouterr().err
    for name in ("_first.png", "half.jpg", "phone.HEIC"):
        assert f"left out: pictures/{name}: the picture is damaged, or of a kind that" in said
    assert said.count("left out") == 3
    assert sorted(path.name for path in Path("new/out").glob("*_depth.npy")) == ["a_1_depth.npy", "a_2_depth.npy"]


def test_a_name_that_is_not_utf_8_is_refused_and_left_out_of_a_folder(tmp_path: Path) -> None:
    """OpenCV ends the program by such a name."""
    latin = tmp_path / os.fsdecode(b"caf\xe9.png")
    cv2.imwrite(str(tmp_path / "b.png"), IMAGE)
    latin.write_bytes((tmp_path / "b.png").read_bytes())
    with pytest.raises(InputError, match=r"caf\\udce9.png: got a name that is not UTF-8; rename the file"):
        find_sources([latin])
    sources = {source.path: source for source in find_sources([tmp_path])}
    assert sources.keys() == {latin, tmp_path / "b.png"}
    with pytest.raises(InputError, match="rename the file"):
        next(read_pictures(sources[latin], 1))


@pytest.mark.usefixtures("folder")
def test_depth_is_not_taken_for_a_picture(tiny_artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    depth_mm = np.full((75, 100), 1500, np.uint16)
    for name in ("room_depth.png", "room_depth.tiff"):
        cv2.imwrite(name, depth_mm)
    cv2.imwrite("colour16.png", IMAGE.astype(np.uint16) * 257)
    arguments = ["--fov", "60", "--model", str(tiny_artifact), "--backend", "ort"]
    assert command.main(["room_depth.png", *arguments]) == 2
    assert "room_depth.png: got a grey picture of 16 bits, which is taken for depth" in capsys.readouterr().err
    assert command.main([".", *arguments]) == 3
    said = capsys.readouterr().err
    for name in ("room_depth.png", "room_depth.tiff"):
        assert f"left out: {name}: got a grey picture of 16 bits" in said
    names = sorted(path.name for path in Path("depth_output").glob("*_depth.npy"))
    assert names == ["colour16_depth.npy", "garden_depth.npy"]


@pytest.mark.usefixtures("folder")
def test_a_picture_that_shows_nothing_is_warned_of(tiny_artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite("black.png", np.zeros_like(IMAGE))
    arguments = ["black.png", "garden.png", "--fov", "60", "--model", str(tiny_artifact), "--backend", "ort"]
    assert command.main(arguments) == 0
    said = capsys.readouterr().err
    assert (
        "WARN: black: the picture is nearly black (98 % of it below 1 of 255), so its depth is a guess; check" in said
    )
    assert "WARN: garden" not in said and "free_space" not in said


def test_every_picture_has_results_of_its_own(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("x/a.png", "y/a.png", "z/a_2.png", "drive.avi", "drive_000003.png")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        if path.suffix == ".png":
            cv2.imwrite(str(path), IMAGE)
        else:
            write_video(path, 2)
    names = [source.name for source in find_sources(paths)]
    assert names == ["a_1", "a_3", "a_2", "drive", "drive_000003_1"]
    paths = [tmp_path / name for name in ("x/clip.avi", "y/clip.avi", "clip_1_000030.png")]
    for path in paths:
        path.write_bytes((tmp_path / ("drive.avi" if path.suffix == ".avi" else "x/a.png")).read_bytes())
    assert [source.name for source in find_sources(paths)] == ["clip_1", "clip_2", "clip_1_000030_1"]


@pytest.mark.usefixtures("folder")
def test_without_matplotlib_and_plotly_there_is_no_panel_and_no_page_and_it_says_so(
    tiny_artifact: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("panel_possible", "page_possible"):
        monkeypatch.setattr(command, name, lambda: False)
    assert command.main(["garden.png", "--fov", "60", "--model", str(tiny_artifact), "--backend", "ort"]) == 0
    said = capsys.readouterr()
    assert "no panels were drawn: they need matplotlib. Type: " in said.out
    assert "no pages with points were written: they need plotly. Type: " in said.out
    assert "WARN: sigma of the model tiny is not calibrated" in said.err
    names = sorted(path.name for path in Path("depth_output").iterdir())
    assert names == ["garden_cloud.ply", "garden_depth.npy", "garden_depth.png", "garden_sigma.npy"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.jpg"], "missing.jpg: there is no such file or folder"),
        (["text.jpg"], "text.jpg: it is neither a picture nor a video that can be read; give a photograph"),
        (["empty"], "empty: the folder has no picture that can be read"),
        (
            ["garden.png", "--calibration", "text.jpg"],
            "calibration text.jpg: .* give one of: YAML of camera_calibration",
        ),
        (["garden.png", "--camera", "cam1"], "--camera cam1: there is no calibration that could hold it"),
        (["garden.png", "--calibration", "missing.yaml"], "calibration missing.yaml: it cannot be read"),
        (["garden.png", "--calibration", "wide.yaml"], "garden.png: the picture is 100x75 px, but .*640x360"),
        (["garden.png", "--out", "text.jpg"], "text.jpg: cannot write there .*give another folder by --out"),
        (["empty", "garden.png", "--out", "text.jpg/below"], "empty: the folder"),
        ([".", "--out", "."], "is the folder of the pictures; give another folder by --out"),
        (["garden.png", "--model", "nan"], "did you mean 'nano'"),
        (["garden.png", "--steps", "0"], "steps: got 0, expected 1 to 50"),
    ],
)
def test_a_wrong_call_is_told_before_the_work(
    arguments: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("text.jpg").write_text("hello\n")
    Path("empty").mkdir()
    Path("wide.yaml").write_text(ros(CAMERAS["none"]).replace("480", "360"))
    monkeypatch.setattr(command, "open_engine", lambda *_: pytest.fail("the work began"))
    assert command.main(arguments) == 2
    told = capsys.readouterr().err
    assert re.search(said, told), told
    assert told.count("\n") == 1


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fov", "0.5"], "got '0.5', expected 1 to 179 degrees"),
        (["--fov", "180"], "expected 1 to 179 degrees"),
        (["--fov", "nan"], "expected 1 to 179 degrees"),
        (["--fov", "wide"], "expected 1 to 179 degrees"),
        (["--every", "0"], "got '0', expected a whole number from 1 on"),
        (["--fov", "60", "--calibration", "cam.yaml"], "not allowed with argument --fov"),
    ],
)
def test_a_wrong_option_is_told(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        command.main(["garden.png", *arguments])
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_the_cloud_of_a_large_picture_is_thinned(tmp_path: Path) -> None:
    side = int(MAX_POINTS**0.5) + 100
    depth_m = np.ones((side, side), np.float32)
    frame = Frame(np.zeros((side, side, 3), np.uint8), pinhole(side, side, 60.0, side))
    write_cloud(tmp_path / "cloud.ply", frame, DepthEstimate(depth_m, depth_m))
    assert len(points_of(tmp_path / "cloud.ply")) == (-(-side // 2)) ** 2
