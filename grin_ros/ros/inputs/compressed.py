# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Conversion of sensor_msgs/CompressedImage (JPEG or PNG) to RGB.

The size and the end of the stream are read from the stream itself before anything is decoded: a few kilobytes can
declare gigabytes, and OpenCV fills the missing part of a truncated JPEG with grey. Neither may become depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage

from grin_ros.core.input_error import InputError
from grin_ros.core.types import MAX_PIXELS
from grin_ros.ros.inputs.content import PNG, is_depth
from grin_ros.ros.inputs.images import Converter, Packed, check_size, known_encoding

_JPEG = b"\xff\xd8\xff"
_JPEG_END = b"\xff\xd9"
_PNG_GREY = 0
_BARE_MARKERS = {0x01, *range(0xD0, 0xD9)}  # markers without a length: TEM, restarts, start of image
_SIZE_MARKERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start of frame, of any coding process
_SCAN_MARKER = 0xDA
_DRIVER, _TRANSPORT = "check the camera driver", "check the transport"


@dataclass(frozen=True)
class Stream:
    """A JPEG or PNG stream that may be decoded, and the size in pixels that it declares. grey: it has one channel."""

    data: bytes
    format: str
    width: int
    height: int
    grey: bool


@dataclass(frozen=True)
class _Declared:
    width: int
    height: int
    grey: bool
    complete: bool


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
        if data.startswith(PNG):
            found = _png_header(data)
        elif data.startswith(_JPEG):
            found = _jpeg_header(data)
        else:
            raise InputError(
                f"compressed image: got {len(data)} bytes of format '{message.format[:64]}' that begin with "
                f"{data[:4].hex(' ') or 'nothing'}, expected a JPEG or PNG stream",
                "set the image transport to JPEG or PNG",
            )
    except IndexError:
        raise InputError(f"compressed image: truncated: its header ends after {len(data)} bytes", _TRANSPORT) from None
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


def _png_header(data: bytes) -> _Declared:
    if data[12:16] != b"IHDR":
        raise InputError("compressed image: got a PNG stream without a header", _DRIVER)
    colour_type = data[25]  # the last byte of the header that is read, so all bytes before it are there
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return _Declared(width, height, colour_type == _PNG_GREY, b"IEND" in data[-64:])


def _jpeg_header(data: bytes) -> _Declared:
    """Walk the segments up to the first scan. The end marker cannot occur inside a scan, where 0xFF is escaped."""
    position, width, height, channels = 2, 0, 0, 0
    while data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF or marker in _BARE_MARKERS:
            position += 1 if marker == 0xFF else 2
            continue
        length = (data[position + 2] << 8) + data[position + 3]
        if marker in _SIZE_MARKERS:
            channels = data[position + 9]
            height = (data[position + 5] << 8) + data[position + 6]
            width = (data[position + 7] << 8) + data[position + 8]
        position += 2 + length
        if marker == _SCAN_MARKER:
            return _Declared(width, height, channels == 1, data.find(_JPEG_END, position) >= 0)
    raise InputError("compressed image: got a JPEG stream without image data", _DRIVER)
