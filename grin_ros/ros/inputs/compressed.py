# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""sensor_msgs/CompressedImage (JPEG or PNG) -> RGB. Size and end are read from the stream before anything is decoded.

A few kilobytes can declare gigabytes, and OpenCV fills what a truncated JPEG lacks with grey: neither may become depth.
"""

from __future__ import annotations

import array
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image

from grin_ros.core.types import MAX_PIXELS
from grin_ros.ros.inputs.images import ENCODINGS, Converter

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_JPEG_END = b"\xff\xd9"
_PNG_GREY = 0
_BARE_MARKERS = {0x01, *range(0xD0, 0xD9)}  # without a length: TEM, restarts, start of image
_SIZE_MARKERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start of frame of any coding process
_SCAN_MARKER = 0xDA


@dataclass(frozen=True)
class StreamInfo:
    """What the stream says of itself: pixels, whether it has one channel, and whether its end is there."""

    width: int
    height: int
    grey: bool
    complete: bool


def decode(message: CompressedImage, converter: Converter) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB. A single-channel stream of a bayer_* image is demosaiced by `converter`.

    Raises ValueError: neither JPEG nor PNG, no or too many pixels, truncated, or not decodable.
    """
    data = bytes(message.data)
    info = check_stream(data, message.format)
    encoding = message.format.partition(";")[0].strip()
    mosaic = info.grey and encoding.startswith("bayer_") and encoding in ENCODINGS
    colour = cv2.IMREAD_GRAYSCALE if mosaic else cv2.IMREAD_COLOR
    try:
        # Rotated by its EXIF tag, the image would no longer be the one that the camera was calibrated for.
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), colour | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise ValueError(f"compressed image: cannot be decoded ({error}); check the camera driver") from error
    if decoded is None or decoded.shape[:2] != (info.height, info.width):
        raise ValueError("compressed image: cannot be decoded, the stream is corrupt; check the camera driver")
    if mosaic:
        pixels = array.array("B", np.ascontiguousarray(decoded, np.uint8).tobytes())
        encoding = encoding.replace("16", "8")  # OpenCV has made 8 bits of 16
        return converter(Image(height=info.height, width=info.width, encoding=encoding, step=info.width, data=pixels))
    return np.ascontiguousarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)


def check_stream(data: bytes, declared_format: str) -> StreamInfo:
    """The size of a JPEG or PNG stream that may be decoded. Raises ValueError as `decode` does; allocates nothing."""
    try:
        if data.startswith(_PNG):
            info = _png_info(data)
        elif data.startswith(_JPEG):
            info = _jpeg_info(data)
        else:
            raise ValueError(
                f"compressed image: got {len(data)} bytes of format '{declared_format[:64]}' that begin with "
                f"{data[:4].hex(' ') or 'nothing'}, expected a JPEG or PNG stream; set the image transport to one"
            )
    except IndexError:
        raise ValueError(
            f"compressed image: truncated: its header ends after {len(data)} bytes; check the transport"
        ) from None
    if not 0 < info.width * info.height <= MAX_PIXELS:
        raise ValueError(
            f"compressed image: got {info.width}x{info.height}, expected 1 to {MAX_PIXELS} pixels; check the driver"
        )
    if not info.complete:
        raise ValueError(f"compressed image: truncated: its end is not within {len(data)} bytes; check the transport")
    return info


def _png_info(data: bytes) -> StreamInfo:
    if data[12:16] != b"IHDR":
        raise ValueError("compressed image: a PNG stream without its header; check the camera driver")
    colour_type = data[25]  # the header's last byte that is read: all before it is there
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return StreamInfo(width, height, colour_type == _PNG_GREY, b"IEND" in data[-64:])


def _jpeg_info(data: bytes) -> StreamInfo:
    """Walks the segments up to the first scan; the end marker cannot occur inside a scan (0xFF is escaped there)."""
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
            return StreamInfo(width, height, channels == 1, data.find(_JPEG_END, position) >= 0)
    raise ValueError("compressed image: a JPEG stream without image data; check the camera driver")
