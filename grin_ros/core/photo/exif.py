# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The focal length that a camera or phone wrote into a picture (EXIF), read from JPEG, PNG and TIFF files.

Pillow would read it too, but comes only with an extra; this reads the few values that are needed.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_EXIF_FOLDER = 0x8769
_FOCAL_35MM = 0xA405
_WIDTH, _HEIGHT = 0xA002, 0xA003
_MAX_BYTES = 64 << 20  # a TIFF file is read up to here
_NUMBER_FORMATS = {3: "H", 4: "I"}  # SHORT and LONG; the others are not needed


@dataclass(frozen=True)
class Exif:
    """The values of a picture. 0: it does not say.

    focal_35mm: focal length in mm of a camera with 36 x 24 mm film that has the same field of view along the diagonal.
    width, height: pixels as the camera recorded them, before anybody cropped the picture.
    """

    focal_35mm: int = 0
    width: int = 0
    height: int = 0


def read_exif(path: Path) -> Exif:
    """Return the EXIF values of a picture; zeros if it has none or they are damaged. Raises OSError."""
    with path.open("rb") as file:
        block = _tiff_block(file)
    try:
        order = {b"II": "<", b"MM": ">"}[block[:2]]
        first = _entries(block, struct.unpack_from(f"{order}I", block, 4)[0], order)
        values = _entries(block, first[_EXIF_FOLDER], order)
    except (KeyError, struct.error):
        return Exif()
    return Exif(values.get(_FOCAL_35MM, 0), values.get(_WIDTH, 0), values.get(_HEIGHT, 0))


def _tiff_block(file: BinaryIO) -> bytes:
    """Return the part of a file that is laid out as TIFF and holds EXIF; empty if there is none."""
    head = file.read(8)
    if head[:2] == b"\xff\xd8":  # JPEG: segments of marker and length; the picture begins at SOS (0xDA)
        file.seek(2)
        while len(marker := file.read(4)) == 4 and marker[0] == 0xFF and marker[1] != 0xDA:
            data = file.read(max(0, int.from_bytes(marker[2:], "big") - 2))
            if marker[1] == 0xE1 and data.startswith(b"Exif\0\0"):
                return data[6:]
    elif head == b"\x89PNG\r\n\x1a\n":  # chunks of length, kind, data and checksum
        while len(chunk := file.read(8)) == 8:
            length = int.from_bytes(chunk[:4], "big")
            if chunk[4:] == b"eXIf":
                return file.read(min(length, _MAX_BYTES))
            file.seek(length + 4, 1)
    elif head[:4] in (b"II*\0", b"MM\0*"):
        return head + file.read(_MAX_BYTES)
    return b""


def _entries(block: bytes, offset: int, order: str) -> Mapping[int, int]:
    """Return tag -> number of the entries of one folder of EXIF that are a whole number."""
    (count,) = struct.unpack_from(f"{order}H", block, offset)
    found = {}
    for at in range(offset + 2, offset + 2 + 12 * count, 12):
        tag, kind, values = struct.unpack_from(f"{order}HHI", block, at)
        if kind in _NUMBER_FORMATS and values == 1:
            (found[tag],) = struct.unpack_from(order + _NUMBER_FORMATS[kind], block, at + 8)
    return found
