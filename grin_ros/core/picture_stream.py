# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The declarations of a JPEG or PNG stream: its size, and whether it ends, read before anything is decoded.

A few kilobytes can declare gigabytes, and OpenCV fills the missing part of a truncated JPEG with grey. Neither may
become depth.
"""

from __future__ import annotations

from dataclasses import dataclass

from grin_ros.core.input_error import InputError

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
"""The first bytes of a PNG and of a JPEG stream."""
HEAD_BYTES = 26
"""The bytes of a PNG stream that tell its size and the kind of its pixels."""
_JPEG_END = b"\xff\xd9"
_PNG_GREY = 0
_BARE_MARKERS = {0x01, *range(0xD0, 0xD9)}  # markers without a length: TEM, restarts, start of image
_SIZE_MARKERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start of frame, of any coding process
_SCAN_MARKER = 0xDA


@dataclass(frozen=True)
class Declared:
    """The size in pixels that a stream declares. grey: it has one channel. complete: its end is there."""

    width: int
    height: int
    grey: bool
    complete: bool


def declared(data: bytes) -> Declared | None:
    """Return what a JPEG or PNG stream declares, None if it is neither. Raises InputError if its header is broken."""
    try:
        if data.startswith(PNG):
            return _png(data)
        return _jpeg(data) if data.startswith(JPEG) else None
    except IndexError:
        raise InputError(f"truncated: its header ends after {len(data)} bytes", "check the transport") from None


def has_16_bits(head: bytes) -> bool:
    """Return True if these first HEAD_BYTES or more are those of a PNG stream whose channels have 16 bits."""
    return head.startswith(PNG) and head[24:25] == b"\x10"


def _png(data: bytes) -> Declared:
    if data[12:16] != b"IHDR":
        raise InputError("got a PNG stream without a header", "check the camera driver")
    colour_type = data[25]  # the last byte of the header that is read, so all bytes before it are there
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return Declared(width, height, colour_type == _PNG_GREY, b"IEND" in data[-64:])


def _jpeg(data: bytes) -> Declared:
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
            return Declared(width, height, channels == 1, data.find(_JPEG_END, position) >= 0)
    raise InputError("got a JPEG stream without image data", "check the camera driver")
