# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The camera of a picture: from a calibration, an angle, EXIF, or else an assumption that is stated."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.input_error import InputError
from grin_ros.core.photo.calibration import FORMATS, read_calibration
from grin_ros.core.photo.exif import Exif

ASSUMED_FOV_DEG = 60.0
"""The field of view along the longer side if nothing tells it: between that of a webcam (50 to 78) and of a phone."""
MIN_FOV_DEG, MAX_FOV_DEG = 1.0, 179.0
FILM_DIAGONAL_MM = math.hypot(36.0, 24.0)
_ASPECT_TOLERANCE = 0.01
"""Largest relative difference of the side ratios for which a picture counts as not cropped."""


@dataclass(frozen=True)
class KnownCamera:
    """A camera with where it is from. assumed: nothing told the field of view, so that metres may be wrong."""

    camera: Camera
    source: str
    assumed: bool = False


@dataclass(frozen=True)
class CameraChoice:
    """The caller's knowledge of the camera: a calibration, a horizontal field of view in degrees, or neither."""

    calibration: Camera | None = None
    fov_deg: float | None = None

    def __call__(self, width: int, height: int, exif: Exif | None = None) -> KnownCamera:
        """Return the camera of a picture of width x height px. exif: of its file.

        Raises InputError if the picture has other sides than the calibration.
        """
        if self.calibration is not None:
            return KnownCamera(fitted(self.calibration, width, height), "the calibration")
        if self.fov_deg is not None:
            return KnownCamera(pinhole(width, height, self.fov_deg, width), f"--fov {self.fov_deg:g}")
        if exif is not None and exif.focal_35mm > 0 and not cropped(exif, width, height):
            focal_px = exif.focal_35mm / FILM_DIAGONAL_MM * math.hypot(width, height)
            camera = Camera(width, height, focal_px, focal_px, (width - 1) / 2, (height - 1) / 2)
            return KnownCamera(camera, f"EXIF, {exif.focal_35mm} mm on 35 mm film")
        camera = pinhole(width, height, ASSUMED_FOV_DEG, max(width, height))
        return KnownCamera(camera, f"an assumption, {ASSUMED_FOV_DEG:g} degrees along the longer side", assumed=True)


def add_camera_options(parser: argparse.ArgumentParser | argparse._ArgumentGroup, what: str) -> None:
    """Add --fov, --calibration and --camera to a parser. what: the pictures whose camera they tell."""
    known = parser.add_mutually_exclusive_group()
    known.add_argument("--fov", type=degrees, metavar="DEG", help=f"horizontal field of view of {what}, degrees")
    known.add_argument(
        "--calibration", type=Path, metavar="FILE", help=f"calibration of the camera of {what}: {FORMATS}"
    )
    parser.add_argument("--camera", default="", metavar="NAME", help="camera of a calibration file that holds several")


def camera_choice(options: argparse.Namespace) -> CameraChoice | None:
    """Return what the options of `add_camera_options` tell, None if they tell nothing. Raises InputError."""
    if options.camera and options.calibration is None:
        raise InputError(
            f"--camera {options.camera}: there is no calibration that could hold it", "give its file by --calibration"
        )
    if options.calibration is None and options.fov is None:
        return None
    calibration = read_calibration(options.calibration, options.camera) if options.calibration else None
    return CameraChoice(calibration, options.fov)


def degrees(text: str) -> float:
    """Return an angle of --fov. Raises argparse.ArgumentTypeError outside 1 to 179."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not MIN_FOV_DEG <= value <= MAX_FOV_DEG:  # false for NaN
        raise argparse.ArgumentTypeError(
            f"got {text!r}, expected {MIN_FOV_DEG:g} to {MAX_FOV_DEG:g} degrees; a phone's main camera has about 69"
        )
    return value


def pinhole(width: int, height: int, fov_deg: float, side_px: int) -> Camera:
    """Return a camera without distortion that sees fov_deg degrees along a side of side_px pixels.

    Raises InputError for an angle outside 1 to 179 degrees.
    """
    if not MIN_FOV_DEG <= fov_deg <= MAX_FOV_DEG:  # false for NaN
        raise InputError(
            f"field of view: got {fov_deg:g} degrees, expected {MIN_FOV_DEG:g} to {MAX_FOV_DEG:g}",
            "give the horizontal angle of the picture in degrees, for instance --fov 69 for a phone",
        )
    focal_px = side_px / 2 / math.tan(math.radians(fov_deg) / 2)
    return Camera(width, height, focal_px, focal_px, (width - 1) / 2, (height - 1) / 2)


def fitted(camera: Camera, width: int, height: int) -> Camera:
    """Return the calibrated camera for a picture of width x height px, which may be a resized one.

    Raises InputError if the picture has another ratio of its sides: then it was cropped or turned, or is of another
    camera.
    """
    if (width, height) == (camera.width, camera.height):
        return camera
    # A resized side is rounded to a whole pixel, so the ratio may be off by that pixel.
    if abs(width * camera.height - height * camera.width) > max(camera.width, camera.height):
        raise InputError(
            f"the picture is {width}x{height} px, but the camera is calibrated for {camera.width}x{camera.height} px, "
            "which is another ratio of sides",
            "give the calibration of this camera and mode, or the picture as it was taken, neither cropped nor turned",
        )
    return camera.resized(width, height)


def cropped(exif: Exif, width: int, height: int) -> bool:
    """Return True if the camera recorded a picture with another ratio of its sides; a turned picture is the same."""
    if not (exif.width and exif.height):
        return False
    recorded, now = max(exif.width, exif.height) / min(exif.width, exif.height), max(width, height) / min(width, height)
    return abs(recorded / now - 1.0) > _ASPECT_TOLERANCE
