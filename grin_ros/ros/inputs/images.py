# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""sensor_msgs/Image of any usual encoding -> RGB, by cv_bridge where it works, else by rosbags-image.

Before either sees it a message is checked and repacked: rows without padding, samples in this machine's byte order. Not
every version of the two does these right, and none checks sizes before it allocates.
"""

from __future__ import annotations

import array
import importlib
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image

from grin_ros.core.config import nearest
from grin_ros.core.types import MAX_PIXELS
from grin_ros.ros.inputs.payload import byte_array, filled

logger = logging.getLogger(__name__)

MAX_ENCODING_CHARACTERS = 64


@dataclass(frozen=True)
class Encoding:
    """Bytes a pixel, bytes a sample, and the name every version of the converters knows; the smallest usable block."""

    pixel_bytes: int
    sample_bytes: int = 1
    known_as: str = ""
    columns: int = 1
    rows: int = 1
    whole_columns: bool = False
    """The width must be a multiple of `columns` (two pixels share their colour)."""


# OpenCV demosaics anything smaller than 3x3 to black.
_BAYER8, _BAYER16 = Encoding(1, columns=3, rows=3), Encoding(2, sample_bytes=2, columns=3, rows=3)

ENCODINGS: dict[str, Encoding] = {
    "rgb8": Encoding(3),
    "bgr8": Encoding(3),
    "rgba8": Encoding(4),
    "bgra8": Encoding(4),
    "mono8": Encoding(1),
    "mono16": Encoding(2, sample_bytes=2),
    "yuv422": Encoding(2, columns=2, whole_columns=True),
    "uyvy": Encoding(2, known_as="yuv422", columns=2, whole_columns=True),
    "yuv422_yuy2": Encoding(2, columns=2, whole_columns=True),
    "yuyv": Encoding(2, known_as="yuv422_yuy2", columns=2, whole_columns=True),
    "rgb16": Encoding(6, sample_bytes=2),
    "bgr16": Encoding(6, sample_bytes=2),
    "rgba16": Encoding(8, sample_bytes=2),
    "bgra16": Encoding(8, sample_bytes=2),
    "bayer_rggb8": _BAYER8,
    "bayer_bggr8": _BAYER8,
    "bayer_gbrg8": _BAYER8,
    "bayer_grbg8": _BAYER8,
    "bayer_rggb16": _BAYER16,
    "bayer_bggr16": _BAYER16,
    "bayer_gbrg16": _BAYER16,
    "bayer_grbg16": _BAYER16,
}


@dataclass(frozen=True)
class Converter:
    """A library that makes RGB of a tightly packed message."""

    name: str
    convert: Callable[[Image], NDArray[np.uint8]]

    def __call__(self, message: Image) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB. Raises ValueError for an encoding, size or length that does not make an image."""
        packed = repack(message)
        if packed.encoding == "rgb8":
            return np.frombuffer(packed.data, np.uint8).reshape(packed.height, packed.width, 3)
        try:
            rgb = self.convert(packed)
        except Exception as error:  # each library and OpenCV have their own types
            raise ValueError(f"image: {self.name} cannot convert '{message.encoding}' to 'rgb8': {error}") from error
        return np.ascontiguousarray(rgb, dtype=np.uint8)


def check_layout(message: Image) -> Encoding:
    """The encoding of a message whose numbers fit together; allocates nothing.

    Raises ValueError: unknown encoding, no or too many pixels, rows shorter than their pixels, too little data.
    """
    encoding = ENCODINGS.get(message.encoding)
    if encoding is None:
        got = message.encoding[:MAX_ENCODING_CHARACTERS]  # a megabyte of it would take the search below for ever
        raise ValueError(
            f"image: got encoding '{got}', expected one of {', '.join(ENCODINGS)}{nearest(got, ENCODINGS)} "
            "Set the camera driver to one of them, or convert with image_proc"
        )
    width, height, step = message.width, message.height, message.step
    if not 0 < width * height <= MAX_PIXELS:
        raise ValueError(f"image: got {width}x{height}, expected 1 to {MAX_PIXELS} pixels; check the camera driver")
    if width < encoding.columns or height < encoding.rows or (encoding.whole_columns and width % encoding.columns):
        even = " and an even width" if encoding.whole_columns else ""
        raise ValueError(
            f"image: got {width}x{height} '{message.encoding}', expected at least "
            f"{encoding.columns}x{encoding.rows}{even}; check the camera driver"
        )
    row_bytes = width * encoding.pixel_bytes
    if step < row_bytes:
        raise ValueError(
            f"image: got step {step}, expected at least {row_bytes} bytes a row ({width} pixels of "
            f"'{message.encoding}'); check the camera driver"
        )
    needed = step * (height - 1) + row_bytes  # some drivers leave the last row's padding out
    if len(message.data) < needed:
        raise ValueError(
            f"image: truncated: got {len(message.data)} bytes, expected {needed} for {width}x{height} "
            f"'{message.encoding}' with step {step}; check the camera driver and the transport"
        )
    return encoding


def repack(message: Image) -> Image:
    """The same image without row padding, in native byte order; `message` itself where it is so already.

    Raises what `check_layout` raises.
    """
    encoding = check_layout(message)
    row_bytes = message.width * encoding.pixel_bytes
    size = row_bytes * message.height
    swap = encoding.sample_bytes > 1 and bool(message.is_bigendian) != (sys.byteorder == "big")
    known_as = encoding.known_as or message.encoding
    if message.step == row_bytes and len(message.data) == size and not swap and known_as == message.encoding:
        return message
    data = np.frombuffer(message.data, np.uint8)
    rows = np.lib.stride_tricks.as_strided(data, (message.height, row_bytes), (message.step, 1), writeable=False)
    tight = np.ascontiguousarray(rows)
    if swap:
        tight = tight.view(np.uint16).byteswap().view(np.uint8)
    repacked: Image = filled(
        Image,
        byte_array(tight),
        header=message.header,
        height=message.height,
        width=message.width,
        encoding=known_as,
        is_bigendian=int(sys.byteorder == "big"),
        step=row_bytes,
    )
    return repacked


def open_converter() -> Converter:
    """cv_bridge if it is installed and answers a test image, else rosbags-image (logged why).

    A cv_bridge of the ROS distribution and a newer NumPy of a virtual environment often do not go together, hence the
    test. Raises ValueError with both reasons if neither works.
    """
    reasons = []
    for name, open_library in (("cv_bridge", _cv_bridge), ("rosbags-image", _rosbags_image)):
        try:
            converter = Converter(name, open_library())
            _check_answer(converter)
        except ModuleNotFoundError as error:
            reasons.append(f"{name} is not installed ({error})")
            continue
        except Exception as error:  # a broken binary module can raise anything
            reasons.append(f"{name} does not work ({error})")
            logger.warning("%s is installed but does not work: %s", name, error)
            continue
        logger.info("image conversion by %s%s", name, f", since {reasons[0]}" if reasons else "")
        return converter
    raise ValueError(
        f"no library for image encodings: {'; '.join(reasons)}. "
        "Install ros-<distro>-cv-bridge, or: pip install rosbags-image"
    )


def _cv_bridge() -> Callable[[Image], NDArray[np.uint8]]:
    bridge: Any = importlib.import_module("cv_bridge").CvBridge()

    def convert(message: Image) -> NDArray[np.uint8]:
        rgb: NDArray[np.uint8] = bridge.imgmsg_to_cv2(message, desired_encoding="rgb8")
        return rgb

    return convert


def _rosbags_image() -> Callable[[Image], NDArray[np.uint8]]:
    library: Any = importlib.import_module("rosbags.image")

    def convert(message: Image) -> NDArray[np.uint8]:
        rgb: NDArray[np.uint8] = library.message_to_cvimage(message, "rgb8")
        return rgb

    return convert


def _check_answer(converter: Converter) -> None:
    """Raises where one blue and one red pixel do not come back as RGB."""
    message = Image(height=1, width=2, encoding="bgr8", step=6, data=array.array("B", [255, 0, 0, 0, 0, 255]))
    got = converter(message).tolist()
    if got != [[[0, 0, 255], [255, 0, 0]]]:
        raise RuntimeError(f"a bgr8 test image came back as {got}")
