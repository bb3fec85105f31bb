# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every format of calibration gives the camera that was written into it, and errors say what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.input_error import InputError
from grin_ros.core.photo.calibration import read_calibration

LENS = (-0.2, 0.05, 0.001, -0.002, 0.0)
CAMERAS = {
    "none": Camera(640, 480, 500.0, 501.5, 318.25, 241.0),
    "plumb_bob": Camera(640, 480, 500.0, 501.5, 318.25, 241.0, "plumb_bob", LENS),
    "rational_polynomial": Camera(
        640, 480, 500.0, 501.5, 318.25, 241.0, "rational_polynomial", (*LENS[:4], 0.01, 0.1, 0.02, 0.003)
    ),
    "equidistant": Camera(640, 480, 300.0, 301.5, 318.25, 241.0, "equidistant", (0.05, -0.01, 0.002, -0.0001)),
}


def ros(camera: Camera) -> str:
    d = list(camera.distortion)
    return f"""image_width: {camera.width}
image_height: {camera.height}
camera_name: narrow_stereo
camera_matrix:
  rows: 3
  cols: 3
  data: {camera.K.ravel().tolist()}
distortion_model: {camera.distortion_model}
distortion_coefficients:
  rows: 1
  cols: {len(d)}
  data: {d}
"""


def camera_info(camera: Camera) -> str:
    return f"""header:
  frame_id: camera
height: {camera.height}
width: {camera.width}
distortion_model: {camera.distortion_model}
d: {list(camera.distortion)}
k: {camera.K.ravel().tolist()}
---
"""


def kalibr(camera: Camera) -> str:
    model = {"plumb_bob": "radtan"}.get(camera.distortion_model, camera.distortion_model)
    return f"""cam0:
  camera_model: pinhole
  distortion_coeffs: {list(camera.distortion[:4])}
  distortion_model: {model}
  intrinsics: {[camera.fx, camera.fy, camera.cx, camera.cy]}
  resolution: [{camera.width}, {camera.height}]
  rostopic: /cam0/image_raw
"""


def opencv(camera: Camera, suffix: str) -> str:
    flags = cv2.FILE_STORAGE_WRITE | cv2.FILE_STORAGE_MEMORY
    file = cv2.FileStorage(f"calibration{suffix}", flags)
    file.write("image_width", camera.width)
    file.write("image_height", camera.height)
    file.write("camera_matrix", camera.K)
    if camera.distortion:
        file.write("distortion_coefficients", np.array(camera.distortion)[:, None])
    file.write("fisheye_model", int(camera.distortion_model == "equidistant"))
    return file.releaseAndGetString()


def nested_json(camera: Camera) -> str:
    return json.dumps({"K": camera.K.tolist(), "dist": [list(camera.distortion)], "width": 640, "height": 480})


def colmap(camera: Camera) -> str:
    model = {"none": "PINHOLE", "plumb_bob": "OPENCV", "rational_polynomial": "FULL_OPENCV"}
    # COLMAP writes no k3 in OPENCV, and its pixel centres are at one half.
    d = camera.distortion[:4] if camera.distortion_model == "plumb_bob" else camera.distortion
    values = (camera.fx, camera.fy, camera.cx + 0.5, camera.cy + 0.5, *d)
    name = model.get(camera.distortion_model, "OPENCV_FISHEYE")
    return f"# Camera list\n1 {name} {camera.width} {camera.height} {' '.join(map(repr, values))}\n"


FORMATS: dict[str, Callable[[Camera], str]] = {
    "camera_calibration": ros,
    "camera_info": camera_info,
    "kalibr": kalibr,
    "opencv_yaml": lambda camera: opencv(camera, ".yml"),
    "opencv_json": lambda camera: opencv(camera, ".json"),
    "json": nested_json,
    "colmap": colmap,
}
MISSING = {("kalibr", "rational_polynomial"), ("json", "equidistant")}


def written(folder: Path, text: str) -> Path:
    path = folder / "calibration"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("form", "lens"), [(form, lens) for form in FORMATS for lens in CAMERAS if (form, lens) not in MISSING]
)
def test_a_format_gives_the_camera_that_was_written(form: str, lens: str, tmp_path: Path) -> None:
    assert read_calibration(written(tmp_path, FORMATS[form](CAMERAS[lens]))) == CAMERAS[lens]


def test_the_region_of_interest_and_binning_of_camera_info_count(tmp_path: Path) -> None:
    full = Camera(1280, 960, 1000.0, 1000.0, 640.0, 480.0)
    region = "roi: {x_offset: 320, y_offset: 240, height: 480, width: 640, do_rectify: false}"
    text = camera_info(full).replace("---", f"binning_x: 2\nbinning_y: 2\n{region}\n---")
    assert read_calibration(written(tmp_path, text)) == full.cropped(320, 240, 640, 480).binned(2, 2)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("1 SIMPLE_PINHOLE 640 480 500 320 240", Camera(640, 480, 500, 500, 319.5, 239.5)),
        ("1 SIMPLE_RADIAL 640 480 500 320 240 -0.1", Camera(640, 480, 500, 500, 319.5, 239.5, "plumb_bob", (-0.1,))),
        ("1 RADIAL 640 480 500 320 240 -0.1 0.01", Camera(640, 480, 500, 500, 319.5, 239.5, "plumb_bob", (-0.1, 0.01))),
        (
            "1 RADIAL_FISHEYE 640 480 500 320 240 -0.1 0.01",
            Camera(640, 480, 500, 500, 319.5, 239.5, "equidistant", (-0.1, 0.01)),
        ),
    ],
)
def test_short_models_of_colmap_leave_out_coefficients(line: str, expected: Camera, tmp_path: Path) -> None:
    assert read_calibration(written(tmp_path, line + "\n")) == expected


def test_one_of_several_cameras_is_chosen_by_its_name(tmp_path: Path) -> None:
    first, second = CAMERAS["plumb_bob"], CAMERAS["equidistant"]
    path = written(tmp_path, kalibr(first) + kalibr(second).replace("cam0", "cam1"))
    assert read_calibration(path, "cam1") == second
    with pytest.raises(InputError, match="cam0, cam1, which differ.*--camera cam0"):
        read_calibration(path)
    with pytest.raises(InputError, match="got camera 'cam7', expected one of cam0, cam1"):
        read_calibration(path, "cam7")


def test_the_same_camera_twice_is_one_camera(tmp_path: Path) -> None:
    text = colmap(CAMERAS["plumb_bob"])
    path = written(tmp_path, text + text.splitlines()[1].replace("1 ", "2 ", 1) + "\n")
    assert read_calibration(path) == CAMERAS["plumb_bob"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello", "expected named values; give one of"),
        ("a: 1", "got a, expected camera_matrix"),
        ("{not json", "cannot be understood"),
        ("a: [1", "cannot be understood"),
        (ros(CAMERAS["none"]).replace("image_width: 640\n", ""), "no size of the image.*add image_width"),
        (ros(CAMERAS["plumb_bob"]).replace("plumb_bob", "pinhole"), "distortion_model: got 'pinhole'"),
        (ros(CAMERAS["plumb_bob"]).replace("plumb_bob", "double_sphere"), "distortion_model: got 'double_sphere'"),
        (ros(CAMERAS["none"]).replace("500.0", "wide"), "cannot be understood"),
        (kalibr(CAMERAS["none"]).replace("pinhole", "omni"), "camera_model: got 'omni', expected pinhole"),
        ("1 FOV 640 480 500 500 320 240 0.9\n", "camera model: got FOV, expected one of SIMPLE_PINHOLE"),
        ("1 PINHOLE 640 480 500\n", "cannot be understood"),
        ("1 PINHOLE 640 480 0 500 320 240\n", "uncalibrated camera"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_a_remedy(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said) as error:
        read_calibration(written(tmp_path, text))
    assert str(tmp_path / "calibration") in error.value.text
    assert error.value.remedy


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_calibration(tmp_path / "missing")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x93")
    with pytest.raises(InputError, match="not a text file"):
        read_calibration(tmp_path / "binary")
