# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for cv_bridge, which is not on PyPI: as strict as the real one, and with its real signature."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

CODES = {
    "bgr8": cv2.COLOR_BGR2RGB,
    "rgba8": cv2.COLOR_RGBA2RGB,
    "bgra8": cv2.COLOR_BGRA2RGB,
    "mono8": cv2.COLOR_GRAY2RGB,
    "mono16": cv2.COLOR_GRAY2RGB,
    "yuv422": cv2.COLOR_YUV2RGB_UYVY,
    "yuv422_yuy2": cv2.COLOR_YUV2RGB_YUY2,
    "bgr16": cv2.COLOR_BGR2RGB,
    "rgba16": cv2.COLOR_RGBA2RGB,
    "bgra16": cv2.COLOR_BGRA2RGB,
}
BAYER_CODES = {
    "rggb": cv2.COLOR_BayerBG2RGB,
    "bggr": cv2.COLOR_BayerRG2RGB,
    "gbrg": cv2.COLOR_BayerGR2RGB,
    "grbg": cv2.COLOR_BayerGB2RGB,
}
CODES |= {f"bayer_{pattern}{bits}": code for pattern, code in BAYER_CODES.items() for bits in (8, 16)}
CHANNELS = {"bgr8": 3, "rgba8": 4, "bgra8": 4, "yuv422": 2, "yuv422_yuy2": 2}
CHANNELS |= {"rgb16": 3, "bgr16": 3, "rgba16": 4, "bgra16": 4}


class CvBridge:
    """Knows the encoding names of ROS 2 Humble only, and refuses padding and foreign byte order."""

    calls = 0

    def imgmsg_to_cv2(self, img_msg: Any, desired_encoding: str = "passthrough") -> NDArray[Any]:
        """Return the image as cv_bridge does."""
        CvBridge.calls += 1
        assert desired_encoding == "rgb8"
        channels, dtype = CHANNELS.get(img_msg.encoding, 1), np.uint16 if "16" in img_msg.encoding else np.uint8
        assert img_msg.step == img_msg.width * channels * np.dtype(dtype).itemsize, "padding reached the converter"
        assert bool(img_msg.is_bigendian) == (sys.byteorder == "big") or dtype is np.uint8, "foreign byte order"
        shape = (img_msg.height, img_msg.width, channels) if channels > 1 else (img_msg.height, img_msg.width)
        pixels = np.ndarray(shape, dtype, buffer=img_msg.data)
        rgb = pixels if img_msg.encoding == "rgb16" else cv2.cvtColor(pixels, CODES[img_msg.encoding])
        return np.rint(rgb * (255.0 / 65535.0)).astype(np.uint8) if dtype is np.uint16 else rgb


def module(bridge: type = CvBridge) -> ModuleType:
    """Return a module `cv_bridge` with this class in it."""
    made = ModuleType("cv_bridge")
    made.CvBridge = bridge  # type: ignore[attr-defined]
    return made


@contextmanager
def installed(cv_bridge: ModuleType | None) -> Iterator[None]:
    """Make `import cv_bridge` give this module; None: it is not installed."""
    before = sys.modules.get("cv_bridge")
    sys.modules["cv_bridge"] = cv_bridge  # type: ignore[assignment]  # None makes the import fail
    try:
        yield
    finally:
        if before is None:
            del sys.modules["cv_bridge"]
        else:
            sys.modules["cv_bridge"] = before
