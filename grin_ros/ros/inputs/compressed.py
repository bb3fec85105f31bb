# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Conversion of sensor_msgs/CompressedImage (JPEG or PNG) to RGB.

The size and the end of the stream are read from the stream itself before anything is decoded.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image

from grin_ros.core.input_error import InputError
from grin_ros.core.picture_stream import declared
from grin_ros.core.types import MAX_PIXELS
from grin_ros.ros.inputs.content import is_depth
from grin_ros.ros.inputs.images import Converter, Packed, check_size, known_encoding

_DRIVER, _TRANSPORT = "check the camera driver", "check the transport"


@dataclass(frozen=True)
class Stream:
    """A JPEG or PNG stream that may be decoded, and the size in pixels that it declares. grey: it has one channel."""

    data: bytes
    format: str
    width: int
    height: int
    grey: bool


def check_stream(message: CompressedImage) -> Stream:
    """Return the stream of a message, copied once. Nothing is decoded.

    Raises InputError if it declares depth, is neither JPEG nor PNG, has no or too many pixels, or is truncated.
    """
    if is_depth(message):
        raise InputError(
            f"compressed image: got format '{message.format[:64]}', which is depth, expected a picture",
            "remap image/compressed to the compressed colour or grey topic of the camera",
        )
    data = bytes(message.data)
    try:
        found = declared(data)
    except InputError as error:
        raise InputError(f"compressed image: {error.text}", error.remedy) from error
    if found is None:
        raise InputError(
            f"compressed image: got {len(data)} bytes of format '{message.format[:64]}' that begin with "
            f"{data[:4].hex(' ') or 'nothing'}, expected a JPEG or PNG stream",
            "set the image transport to JPEG or PNG",
        )
    if not 0 < found.width * found.height <= MAX_PIXELS:
        raise InputError(
            f"compressed image: got {found.width}x{found.height}, expected 1 to {MAX_PIXELS} pixels", _DRIVER
        )
    if not found.complete:
        raise InputError(f"compressed image: truncated: its end is not within {len(data)} bytes", _TRANSPORT)
    return Stream(data, message.format, found.width, found.height, found.grey)


def decode(stream: Stream, converter: Converter) -> NDArray[np.uint8]:
    """Return (H, W, 3) uint8 RGB. `converter` demosaics a stream of one channel if its format says bayer_*.

    Raises InputError if OpenCV cannot decode the stream.
    """
    encoding = stream.format.partition(";")[0].strip().lower()
    mosaic = stream.grey and encoding.startswith("bayer_") and known_encoding(encoding) is not None
    colour = cv2.IMREAD_GRAYSCALE if mosaic else cv2.IMREAD_COLOR
    try:
        # The camera was calibrated for the image as the sensor gives it, so an EXIF tag must not rotate it.
        decoded = cv2.imdecode(np.frombuffer(stream.data, np.uint8), colour | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise InputError(f"compressed image: cannot be decoded ({error})", _DRIVER) from error
    if decoded is None or decoded.shape[:2] != (stream.height, stream.width):
        raise InputError("compressed image: cannot be decoded, the stream is corrupt", _DRIVER)
    if not mosaic:
        return np.ascontiguousarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)
    encoding = encoding.replace("16", "8")  # OpenCV has reduced 16 bits to 8
    check_size(encoding, stream.width, stream.height)
    pixels = np.ascontiguousarray(decoded, np.uint8).reshape(-1)
    return converter.rgb(Packed(stream.height, stream.width, encoding, stream.width, pixels))


def pixels_of(message: Image | CompressedImage, converter: Converter) -> NDArray[np.uint8]:
    """Return (H, W, 3) uint8 RGB of an image message of either type. Raises InputError if it cannot be used."""
    if isinstance(message, CompressedImage):
        return decode(check_stream(message), converter)
    return converter(message)
