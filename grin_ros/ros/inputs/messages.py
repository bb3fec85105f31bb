# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Conversion of an image message and its camera_info to a Frame. Input that cannot be used is refused here, once."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.input_error import InputError
from grin_ros.core.types import Frame
from grin_ros.ros.inputs.compressed import check_stream, decode
from grin_ros.ros.inputs.images import Converter, check_layout, packed
from grin_ros.ros.inputs.problem import FrameRejectedError, Problem

AnyImage: TypeAlias = Image | CompressedImage

MAX_NAME_CHARACTERS = 255
"""A longer frame_id or distortion_model is refused: it would be copied into every log line and output message."""
MAX_COEFFICIENTS = 14
"""The largest number of coefficients that a distortion model of OpenCV has."""


def frame_from(
    image: AnyImage, info: CameraInfo | None, mounting: Mounting | None, converter: Converter, rectified: bool = False
) -> Frame:
    """Return the frame of an image and its camera_info. Sizes are checked before any pixel is converted.

    rectified: the image is rectified (image_rect), so its camera is P of camera_info, without distortion.
    Raises FrameRejectedError.
    """
    try:
        if isinstance(image, CompressedImage):
            stream = check_stream(image)
            camera = camera_for(image.header, (stream.width, stream.height), info, mounting, rectified)
            pixels = decode(stream, converter)
        else:
            encoding = check_layout(image)
            camera = camera_for(image.header, (image.width, image.height), info, mounting, rectified)
            pixels = converter.rgb(packed(image, encoding))
    except InputError as error:
        raise FrameRejectedError.of("bad image", error) from error
    return Frame(pixels, camera, stamp_ns(image.header))


def camera_for(
    header: Header,
    size: tuple[int, int],
    info: CameraInfo | None,
    mounting: Mounting | None,
    rectified: bool = False,
) -> Camera:
    """Return the camera of an image of `size` (width, height).

    Raises FrameRejectedError if `info` is missing, describes another camera or size, or is not usable.
    """
    if info is None:
        problem = Problem(
            "no camera_info yet",
            "no camera_info yet: an image came without it",
            "check that the camera driver publishes camera_info, and its remapping",
        )
        raise FrameRejectedError(problem)
    if len(header.frame_id) > MAX_NAME_CHARACTERS:
        problem = Problem(
            "bad image",
            f"image: got a frame_id of {len(header.frame_id)} characters, expected at most {MAX_NAME_CHARACTERS}",
            "check the camera driver",
        )
        raise FrameRejectedError(problem)
    got, expected = info.header.frame_id.lstrip("/"), header.frame_id.lstrip("/")
    if got and got != expected:  # some drivers and simulators leave it empty; then it can only be that of the image
        problem = Problem(
            "other frame",
            f"camera_info: got frame_id '{got[:MAX_NAME_CHARACTERS]}', expected '{expected}', that of the image",
            "remap image and camera_info to the same camera"
            if expected
            else "let the camera driver fill in the frame_id of its images; without it nobody can place depth",
        )
        raise FrameRejectedError(problem)
    try:
        camera = camera_from_info(info, rectified).with_mounting(mounting)
    except InputError as error:
        raise FrameRejectedError.of("bad camera_info", error, "camera_info: ") from error
    if (camera.width, camera.height) != size:
        problem = Problem(
            "other size",
            f"camera_info: it describes {camera.width}x{camera.height} (after roi and binning), but the image is "
            f"{size[0]}x{size[1]}",
            "use the calibration of this resolution, or fill in roi and binning",
        )
        raise FrameRejectedError(problem)
    return camera


def camera_from_info(info: CameraInfo, rectified: bool = False) -> Camera:
    """Return the camera of the delivered image: roi and binning are applied. Raises InputError."""
    roi = info.roi
    if len(info.d) > MAX_COEFFICIENTS or len(info.distortion_model) > MAX_NAME_CHARACTERS:
        raise InputError(
            f"distortion: got {len(info.d)} coefficients D and a distortion_model of {len(info.distortion_model)} "
            f"characters, expected at most {MAX_COEFFICIENTS} and {MAX_NAME_CHARACTERS}",
            "check the camera driver",
        )
    k, d, distortion_model = info.k, info.d, info.distortion_model
    if rectified:
        if info.p[0] == 0.0:
            raise InputError(
                "rectified image: got P[0] = 0, expected the focal length in pixels",
                "calibrate the camera with camera_calibration, or set the parameter rectified to false and subscribe "
                "to the raw image",
            )
        k, d, distortion_model = np.reshape(info.p, (3, 4))[:, :3], (), "none"
    return Camera.from_camera_info(
        info.width,
        info.height,
        k,
        d,
        distortion_model,
        binning_x=info.binning_x,
        binning_y=info.binning_y,
        roi=(roi.x_offset, roi.y_offset, roi.width, roi.height),
    )


def stamp_ns(header: Header) -> int:
    """Return the header's stamp in nanoseconds."""
    return int(header.stamp.sec) * 1_000_000_000 + int(header.stamp.nanosec)


def info_from_camera(camera: Camera) -> CameraInfo:
    """Return the camera_info of a camera, with an empty header. Its mounting is not in it."""
    message = CameraInfo(height=camera.height, width=camera.width)
    message.distortion_model = "plumb_bob" if camera.distortion_model == "none" else camera.distortion_model
    message.d = list(camera.distortion) or [0.0] * 5
    message.k = camera.K.ravel()
    message.r = np.eye(3).ravel()
    message.p = np.hstack([camera.K, np.zeros((3, 1))]).ravel()
    return message


def size_of(image: AnyImage) -> tuple[int, int]:
    """Return width and height of an image. Raises InputError if it is a compressed one that cannot be read."""
    if not isinstance(image, CompressedImage):
        return image.width, image.height
    stream = check_stream(image)
    return stream.width, stream.height
