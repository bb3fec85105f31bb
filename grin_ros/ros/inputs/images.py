# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Conversion of sensor_msgs/Image in any usual encoding to RGB, by cv_bridge if it works, else by rosbags-image.

Before one of these libraries sees an image, it is checked and packed: rows without padding, samples in the byte order
of this machine. Not every version of the two libraries handles padding and byte order correctly, and neither checks
sizes before it allocates memory.
"""

from __future__ import annotations

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
from grin_ros.core.input_error import InputError
from grin_ros.core.types import MAX_PIXELS
from grin_ros.ros.inputs.content import is_depth

logger = logging.getLogger(__name__)

MAX_ENCODING_CHARACTERS = 64
"""A longer encoding is cut before it is quoted; the search for the name that is nearest to it could take minutes."""


@dataclass(frozen=True)
class Encoding:
    """The memory layout of an image encoding.

    pixel_bytes, sample_bytes: size of a pixel and of one of its samples. known_as: the name that every version of the
    libraries knows; empty if it is the name itself. columns, rows: the smallest image that can be converted.
    whole_columns: the width must be a multiple of `columns`, because two pixels share their colour.
    """

    pixel_bytes: int
    sample_bytes: int = 1
    known_as: str = ""
    columns: int = 1
    rows: int = 1
    whole_columns: bool = False


_NAMELESS = ("8UC1", "8UC2", "8UC3", "8UC4")
"""Encodings that do not say what their channels are; cv_bridge's cv2_to_imgmsg writes them if it is not told."""

# OpenCV turns any mosaic smaller than 3x3 into black.
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
class Packed:
    """An image without row padding and in this machine's byte order, with the field names of sensor_msgs/Image.

    The libraries read these fields only, so the bytes need not be copied into a message. data: uint8.
    """

    height: int
    width: int
    encoding: str
    step: int
    data: NDArray[np.uint8]
    is_bigendian: int = int(sys.byteorder == "big")


@dataclass(frozen=True)
class Converter:
    """A library that converts packed images to RGB. convert: returns (H, W, 3)."""

    name: str
    convert: Callable[[Packed], NDArray[np.uint8]]

    def __call__(self, message: Image) -> NDArray[np.uint8]:
        """Check and convert a message; return (H, W, 3) uint8 RGB. Raises what `check_layout` and `rgb` raise."""
        return self.rgb(packed(message, check_layout(message)))

    def rgb(self, image: Packed) -> NDArray[np.uint8]:
        """Return (H, W, 3) uint8 RGB; for rgb8 it is the same memory. Raises InputError if the library fails."""
        if image.encoding == "rgb8":
            return image.data.reshape(image.height, image.width, 3)
        try:
            rgb = self.convert(image)
        except Exception as error:  # each library and OpenCV raise types of their own
            raise InputError(
                f"image: {self.name} cannot convert '{image.encoding}' to 'rgb8': {error}",
                "set the camera driver to another encoding, such as rgb8",
            ) from error
        return np.ascontiguousarray(rgb, dtype=np.uint8)


def check_layout(message: Image) -> Encoding:
    """Return the encoding of a message whose encoding, sizes and length fit together; allocate nothing.

    Raises InputError for depth, an unknown encoding, no or too many pixels, rows that are shorter than their pixels,
    or too little data.
    """
    if is_depth(message):
        raise InputError(
            f"image: got encoding '{message.encoding}', which is depth, expected a picture",
            "remap image to the colour or grey topic of the camera",
        )
    encoding = check_size(message.encoding, message.width, message.height)
    width, height, step = message.width, message.height, message.step
    row_bytes = width * encoding.pixel_bytes
    if step < row_bytes:
        raise InputError(
            f"image: got step {step}, expected at least {row_bytes} bytes a row ({width} pixels of "
            f"'{message.encoding}')",
            "check the camera driver",
        )
    needed = step * (height - 1) + row_bytes  # some drivers leave out the padding of the last row
    if len(message.data) < needed:
        raise InputError(
            f"image: truncated: got {len(message.data)} bytes, expected {needed} for {width}x{height} "
            f"'{message.encoding}' with step {step}",
            "check the camera driver and the transport",
        )
    return encoding


def known_encoding(name: str) -> Encoding | None:
    """Return the encoding of this name, in capital or small letters; None if it is unknown or that of depth."""
    return ENCODINGS.get(name.lower())


def check_size(encoding: str, width: int, height: int) -> Encoding:
    """Return the encoding of this name. Raises InputError if it is unknown, or if there are too few or many pixels."""
    known = known_encoding(encoding)
    if known is None:
        got = encoding[:MAX_ENCODING_CHARACTERS]
        hint = nearest(got, ENCODINGS).removeprefix("; ")
        remedy = "set the camera driver to one of them, or convert the image with image_proc"
        if got.upper() in _NAMELESS:
            remedy = "say what its channels are where it is made, with cv_bridge: cv2_to_imgmsg(image, 'bgr8')"
        raise InputError(
            f"image: got encoding '{got}'{f' ({hint})' if hint else ''}, expected one of {', '.join(ENCODINGS)}", remedy
        )
    if not 0 < width * height <= MAX_PIXELS:
        raise InputError(f"image: got {width}x{height}, expected 1 to {MAX_PIXELS} pixels", "check the camera driver")
    if width < known.columns or height < known.rows or (known.whole_columns and width % known.columns):
        even = " and an even width" if known.whole_columns else ""
        raise InputError(
            f"image: got {width}x{height} '{encoding}', expected at least {known.columns}x{known.rows}{even}",
            "check the camera driver",
        )
    return known


def packed(message: Image, encoding: Encoding) -> Packed:
    """Return the image of a message that `check_layout` has passed. Its bytes are copied only if they must change."""
    row_bytes = message.width * encoding.pixel_bytes
    data, padded = np.frombuffer(message.data, np.uint8), message.step != row_bytes
    if padded:
        rows = np.lib.stride_tricks.as_strided(data, (message.height, row_bytes), (message.step, 1), writeable=False)
        data = rows.copy().reshape(-1)  # also where one row is contiguous already
    else:
        data = data[: row_bytes * message.height]
    if encoding.sample_bytes > 1 and bool(message.is_bigendian) != (sys.byteorder == "big"):
        data = data.view(np.uint16).byteswap(inplace=padded).view(np.uint8)  # never in the memory of the message
    return Packed(message.height, message.width, encoding.known_as or message.encoding.lower(), row_bytes, data)


def open_converter() -> Converter:
    """Return cv_bridge if it is installed and converts a test image correctly, else rosbags-image; log the reason.

    The test is needed because the cv_bridge of a ROS distribution often fails with the newer NumPy of a virtual
    environment. Raises InputError with both reasons if neither library works.
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
            logger.warning("%s is installed but does not work (%s); another library will convert images", name, error)
            continue
        logger.info("images are converted by %s%s", name, f", because {reasons[0]}" if reasons else "")
        return converter
    raise InputError(
        f"no library can convert images: {', '.join(reasons)}",
        "install ros-<distro>-cv-bridge, or run: pip install rosbags-image",
    )


def _cv_bridge() -> Callable[[Packed], NDArray[np.uint8]]:
    bridge: Any = importlib.import_module("cv_bridge").CvBridge()

    def convert(image: Packed) -> NDArray[np.uint8]:
        rgb: NDArray[np.uint8] = bridge.imgmsg_to_cv2(image, desired_encoding="rgb8")
        return rgb

    return convert


def _rosbags_image() -> Callable[[Packed], NDArray[np.uint8]]:
    library: Any = importlib.import_module("rosbags.image")

    def convert(image: Packed) -> NDArray[np.uint8]:
        rgb: NDArray[np.uint8] = library.message_to_cvimage(image, "rgb8")
        return rgb

    return convert


def _check_answer(converter: Converter) -> None:
    """Raise RuntimeError unless one blue and one red pixel come back as RGB."""
    got = converter.rgb(Packed(1, 2, "bgr8", 6, np.array([255, 0, 0, 0, 0, 255], np.uint8))).tolist()
    if got != [[[0, 0, 255], [255, 0, 0]]]:
        raise RuntimeError(f"a bgr8 test image came back as {got}")
