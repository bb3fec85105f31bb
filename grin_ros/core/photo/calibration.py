# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A camera from a calibration file of ROS, Kalibr, OpenCV or COLMAP.

All of them become the same `Camera`: pixel centres have integer coordinates. COLMAP's are half a pixel further on, and
are moved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.distortion import COEFFICIENTS
from grin_ros.core.input_error import InputError

FORMATS = (
    "YAML of camera_calibration or ros2 topic echo, a camchain of Kalibr, YAML or JSON of OpenCV, cameras.txt of COLMAP"
)
"""The formats that can be read, for messages."""
_MATRIX = ("camera_matrix", "cameraMatrix", "K", "k", "mtx")
_DISTORTION = ("distortion_coefficients", "distCoeffs", "dist_coeffs", "dist", "D", "d")
_WIDTH, _HEIGHT = ("image_width", "width"), ("image_height", "height")
# For each model of COLMAP: our lens model, and the parameters in COLMAP's order. The formulas of these models are those
# of OpenCV, on which ROS builds.
_COLMAP = {
    "SIMPLE_PINHOLE": ("none", "f cx cy"),
    "PINHOLE": ("none", "fx fy cx cy"),
    "SIMPLE_RADIAL": ("plumb_bob", "f cx cy k1"),
    "RADIAL": ("plumb_bob", "f cx cy k1 k2"),
    "OPENCV": ("plumb_bob", "fx fy cx cy k1 k2 p1 p2"),
    "FULL_OPENCV": ("rational_polynomial", "fx fy cx cy k1 k2 p1 p2 k3 k4 k5 k6"),
    "OPENCV_FISHEYE": ("equidistant", "fx fy cx cy k1 k2 k3 k4"),
    "SIMPLE_RADIAL_FISHEYE": ("equidistant", "f cx cy k1"),
    "RADIAL_FISHEYE": ("equidistant", "f cx cy k1 k2"),
}
_COLMAP_LINE = re.compile(r"^\s*\d+\s+[A-Z][A-Z0-9_]+\s+\d+\s+\d+\s", re.MULTILINE)


def read_calibration(path: Path, name: str = "") -> Camera:
    """Return the camera of a calibration file.

    name: which camera, if the file holds several that differ: 'cam1' in a camchain, the number in cameras.txt.
    Raises InputError if the file cannot be read, has another format, or describes a camera that cannot be used.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise InputError(f"calibration {path}: it cannot be read ({reason})", f"give one of: {FORMATS}") from error
    try:
        return _chosen(_colmap(text) if _COLMAP_LINE.search(text) else _mapping(text), name)
    except InputError as error:
        raise InputError(f"calibration {path}: {error.text}", error.remedy) from error
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"calibration {path}: it cannot be understood ({type(error).__name__}: {reason})",
            f"give one of: {FORMATS}",
        ) from error


def _chosen(cameras: Mapping[str, Camera], name: str) -> Camera:
    """Return the camera with this name, or the only one. The same camera several times is one camera."""
    names = ", ".join(cameras)
    if name:
        if name not in cameras:
            raise InputError(f"got camera {name!r}, expected one of {names}", "correct --camera")
        return cameras[name]
    if len(set(cameras.values())) > 1:
        raise InputError(
            f"got the cameras {names}, which differ, expected one",
            f"choose one, for instance with --camera {next(iter(cameras))}",
        )
    return next(iter(cameras.values()))


def _mapping(text: str) -> Mapping[str, Camera]:
    """Return the cameras of a YAML or JSON file by name; a file of one camera has no name for it."""
    values = _parsed(text)
    if not isinstance(values, Mapping):
        raise InputError(f"got {type(values).__name__}, expected named values", f"give one of: {FORMATS}")
    chain = {str(key): value for key, value in values.items() if isinstance(value, Mapping) and "intrinsics" in value}
    if chain:
        return {key: _kalibr(value) for key, value in chain.items()}
    if "intrinsics" in values:
        return {"cam0": _kalibr(values)}
    return {"camera": _matrix(values)}


def _parsed(text: str) -> Any:
    """Return the values of a YAML or JSON text, with those of OpenCV's FileStorage among them."""
    if text.lstrip().startswith("{"):
        return json.loads(text)
    # '%YAML:1.0' is no YAML directive, and a tag only says what the keys say too. `ros2 topic echo` ends with '---'.
    plain = re.sub(r"^%YAML.*$|!!opencv-[\w-]+", "", text, flags=re.MULTILINE).strip()
    return yaml.safe_load(plain.removesuffix("---"))


def _matrix(values: Mapping[str, Any]) -> Camera:
    """Return the camera of a file with a camera matrix: camera_calibration, CameraInfo or OpenCV."""
    k = _first(values, _MATRIX)
    if k is None:
        named = ", ".join(map(str, values)) or "nothing"
        raise InputError(f"got {named}, expected camera_matrix", f"give one of: {FORMATS}")
    width, height = _first(values, _WIDTH), _first(values, _HEIGHT)
    if width is None or height is None:
        raise InputError(
            "it has no size of the image, and the camera matrix is in pixels of that image",
            "add image_width and image_height of the pictures that the camera was calibrated with",
        )
    distortion = _first(values, _DISTORTION)
    d = [] if distortion is None else _numbers(distortion)
    if values.get("fisheye_model"):  # the name in the files of OpenCV's own calibration program
        model = "equidistant"
    elif "distortion_model" in values:
        model = str(values["distortion_model"])
    else:
        model = ("rational_polynomial" if any(d[5:]) else "plumb_bob") if d else "none"
    roi = values.get("roi") or {}
    if not isinstance(roi, Mapping):
        raise InputError(f"roi: got {roi!r}, expected x_offset, y_offset, width and height", "correct it or remove it")
    x, y, roi_width, roi_height = (int(roi.get(name, 0)) for name in ("x_offset", "y_offset", "width", "height"))
    return Camera.from_camera_info(
        int(width),
        int(height),
        _numbers(k),
        d,
        model,
        binning_x=int(values.get("binning_x", 0)),
        binning_y=int(values.get("binning_y", 0)),
        roi=(x, y, roi_width, roi_height),
    )


def _kalibr(values: Mapping[str, Any]) -> Camera:
    """Return one camera of a camchain."""
    kind = str(values.get("camera_model", "pinhole"))
    if kind != "pinhole":
        raise InputError(
            f"camera_model: got {kind!r}, expected pinhole",
            "calibrate with Kalibr's model pinhole-radtan, or pinhole-equi for a fisheye lens",
        )
    fx, fy, cx, cy = _numbers(values["intrinsics"])
    width, height = values["resolution"]
    model, d = str(values.get("distortion_model", "none")), _numbers(values.get("distortion_coeffs", []))
    return Camera(int(width), int(height), fx, fy, cx, cy, model, tuple(d))


def _colmap(text: str) -> Mapping[str, Camera]:
    """Return the cameras of a cameras.txt by their number."""
    found = {}
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        number, kind, width, height, *numbers = words
        if kind not in _COLMAP:
            raise InputError(
                f"camera model: got {kind}, expected one of {', '.join(_COLMAP)}",
                "run COLMAP with one of these models, for instance OPENCV",
            )
        lens, order = _COLMAP[kind]
        named = dict(zip(order.split(), map(float, numbers), strict=True))
        fx, fy = named.get("fx", named.get("f", 0.0)), named.get("fy", named.get("f", 0.0))
        d = tuple(named.get(term, 0.0) for term in COEFFICIENTS[lens])
        found[number] = Camera(int(width), int(height), fx, fy, named["cx"] - 0.5, named["cy"] - 0.5, lens, d)
    return found


def _first(values: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((values[name] for name in names if values.get(name) is not None), None)


def _numbers(value: Any) -> list[float]:
    """Return the numbers of a list, of a list of rows, or of the `data` of a matrix."""
    if isinstance(value, Mapping):
        value = value["data"]
    rows = [item if isinstance(item, list) else [item] for item in value]
    return [float(item) for row in rows for item in row]
