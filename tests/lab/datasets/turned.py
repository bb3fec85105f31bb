# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""JPEG files that ask to be shown turned, as those of a camera that was held upside down."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


def write_turned(path: Path, image: NDArray[np.uint8], orientation: int) -> None:
    """Write an image with an EXIF orientation: 3 turns it by 180 degrees, 6 by 90. Check that OpenCV would obey it."""
    ok, jpeg = cv2.imencode(".jpg", image)
    assert ok
    # An APP1 segment with one IFD0 entry: orientation (0x0112, SHORT).
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" + bytes([orientation]) + b"\0\0\0\0\0\0\0"
    data = jpeg.tobytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + data[2:])
    turned = cv2.imread(str(path), cv2.IMREAD_COLOR)
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    assert turned is not None and stored is not None
    assert not np.array_equal(turned, stored), "the file has the rotation"
