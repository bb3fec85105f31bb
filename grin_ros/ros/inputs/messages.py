# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""ROS messages <-> Frame and DepthEstimate. Bad input is refused here, with a reason to count and a text to read."""

from __future__ import annotations

import copy
import sys
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from grin_ros.core.geometry.camera import Camera, Mounting
from grin_ros.core.types import Frame
from grin_ros.ros.inputs.compressed import check_stream, decode
from grin_ros.ros.inputs.images import Converter, check_layout
from grin_ros.ros.inputs.payload import byte_array, filled

AnyImage: TypeAlias = Image | CompressedImage

MAX_MM = 65535
# What others send ends in the log, on /diagnostics and in our own messages: none of it may be as long as it likes.
MAX_NAME_CHARACTERS = 255
MAX_COEFFICIENTS = 14
MAX_REJECTION_CHARACTERS = 1000


class FrameRejectedError(ValueError):
    """This frame cannot be used; the next may be. reason: one of a few words, to count by; the text says it all."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text if len(text) <= MAX_REJECTION_CHARACTERS else f"{text[: MAX_REJECTION_CHARACTERS - 1]}…")
        self.reason = reason


def frame_from(
    image: AnyImage, info: CameraInfo | None, mounting: Mounting | None, converter: Converter, rectified: bool = False
) -> Frame:
    """The frame of an image and its camera_info; sizes are checked first. Raises FrameRejectedError.

    rectified: the image was rectified (image_rect): the camera is P, without distortion.
    """
    try:
        if isinstance(image, CompressedImage):
            stream = check_stream(bytes(image.data), image.format)
            size = (stream.width, stream.height)
        else:
            check_layout(image)
            size = (image.width, image.height)
    except ValueError as error:
        raise FrameRejectedError("bad image", str(error)) from error
    camera = camera_for(image.header, size, info, mounting, rectified)
    try:
        pixels = decode(image, converter) if isinstance(image, CompressedImage) else converter(image)
        return Frame(pixels, camera, stamp_ns(image.header))
    except ValueError as error:
        raise FrameRejectedError("bad image", str(error)) from error


def camera_for(
    header: Header,
    size: tuple[int, int],
    info: CameraInfo | None,
    mounting: Mounting | None,
    rectified: bool = False,
) -> Camera:
    """The camera of an image of `size` (width, height). Raises FrameRejectedError where `info` is not that camera's."""
    if info is None:
        raise FrameRejectedError(
            "no camera_info yet",
            "no camera_info yet: an image came without; check that the driver publishes it, and its remapping",
        )
    if len(header.frame_id) > MAX_NAME_CHARACTERS:
        raise FrameRejectedError(
            "bad image",
            f"image: got a frame_id of {len(header.frame_id)} characters, expected at most {MAX_NAME_CHARACTERS}; "
            "check the camera driver",
        )
    got, expected = info.header.frame_id.lstrip("/"), header.frame_id.lstrip("/")
    if got != expected:
        raise FrameRejectedError(
            "other frame",
            f"camera_info: got frame_id '{got}', expected the image's '{expected}'; remap both to one camera",
        )
    try:
        camera = camera_from_info(info, rectified).with_mounting(mounting)
    except ValueError as error:
        raise FrameRejectedError("bad camera_info", f"camera_info: {error}") from error
    if (camera.width, camera.height) != size:
        raise FrameRejectedError(
            "other size",
            f"camera_info: it describes {camera.width}x{camera.height} (after roi and binning), but the image is "
            f"{size[0]}x{size[1]}; use the calibration of this resolution, or fill in roi and binning",
        )
    return camera


def camera_from_info(info: CameraInfo, rectified: bool = False) -> Camera:
    """The delivered image's camera (roi and binning applied). Raises ValueError with the remedy."""
    roi = info.roi
    if len(info.d) > MAX_COEFFICIENTS or len(info.distortion_model) > MAX_NAME_CHARACTERS:
        raise ValueError(
            f"distortion: got {len(info.d)} coefficients D and a distortion_model of {len(info.distortion_model)} "
            f"characters, expected at most {MAX_COEFFICIENTS} and {MAX_NAME_CHARACTERS}; check the camera driver"
        )
    k, d, distortion_model = info.k, info.d, info.distortion_model
    if rectified:
        if info.p[0] == 0.0:
            raise ValueError(
                "rectified image: got P[0] = 0, expected the focal length in pixels. Calibrate the camera with "
                "camera_calibration, or set the parameter rectified to false and subscribe to the raw image."
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


def info_message(info: CameraInfo, header: Header) -> CameraInfo:
    """`info` with the image's header: depth is pixel for pixel with the image, so roi and binning stay."""
    relayed = copy.copy(info)
    relayed.header = header
    return relayed


def metres_message(metres: NDArray[np.float32], header: Header) -> Image:
    """32FC1 (H, W) in metres; NaN and inf stay what they are (REP 117, 118)."""
    return _image(np.asarray(metres, np.float32), "32FC1", header)


def millimetres_message(depth_m: NDArray[np.float32], header: Header) -> Image:
    """16UC1 (H, W) in millimetres; 0 where invalid, infinite or beyond 65.535 m (REP 118)."""
    with np.errstate(invalid="ignore"):
        rounded = np.rint(depth_m * np.float32(1000.0))
        fits = (rounded >= 1) & (rounded <= MAX_MM)
    return _image(np.where(fits, rounded, 0).astype(np.uint16), "16UC1", header)


def stamp_ns(header: Header) -> int:
    """The header's stamp in nanoseconds."""
    return int(header.stamp.sec) * 1_000_000_000 + int(header.stamp.nanosec)


def _image(values: NDArray[Any], encoding: str, header: Header) -> Image:
    height, width = values.shape
    return filled(
        Image,
        byte_array(values),
        header=header,
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=int(sys.byteorder == "big"),
        step=width * values.itemsize,
    )
