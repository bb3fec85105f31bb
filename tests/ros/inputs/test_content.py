# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Depth is known by what a message declares, raw or compressed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image

from grin_ros.ros.inputs.content import is_depth
from grin_ros.ros.inputs.images import ENCODINGS

DEPTH_FORMATS = (
    "16UC1; png compressed ",
    "16UC1; png compressed mono16",
    "16UC1; jpeg compressed ",
    "16UC1; jpeg compressed mono8",
    "16UC1;png compressed",
    "32FC1; tiff compressed ",
    "16UC1; compressedDepth",
    "16UC1; compressedDepth png",
    "32FC1; compressedDepth rvl",
    "compressedDepth",
)
PICTURE_FORMATS = (
    "jpeg",
    "png",
    "",
    "rgb8; jpeg compressed bgr8",
    "bgr8; png compressed bgr8",
    "mono16; png compressed mono16",
    "bayer_rggb8; jpeg compressed bgr8",
    "8UC3; jpeg compressed bgr8",
)


@pytest.mark.parametrize("declared", DEPTH_FORMATS)
def test_a_format_of_depth_is_known(declared: str) -> None:
    assert is_depth(CompressedImage(format=declared))


@pytest.mark.parametrize("declared", PICTURE_FORMATS)
def test_a_format_of_a_picture_is_known(declared: str) -> None:
    assert not is_depth(CompressedImage(format=declared))


def test_a_grey_png_of_sixteen_bits_that_declares_no_encoding_is_depth() -> None:
    def stream(kind: type, channels: int) -> bytes:
        return bytes(cv2.imencode(".png", np.zeros((2, 2, channels), kind))[1])

    assert is_depth(CompressedImage(format="png", data=stream(np.uint16, 1)))
    assert not is_depth(CompressedImage(format="mono16; png compressed", data=stream(np.uint16, 1)))
    assert not any(is_depth(CompressedImage(format="png", data=stream(*of))) for of in ((np.uint8, 1), (np.uint16, 3)))


def test_encodings_of_images_are_known() -> None:
    assert all(is_depth(Image(encoding=encoding)) for encoding in ("16UC1", "32FC1", "64FC1", "16SC1"))
    assert not any(is_depth(Image(encoding=encoding)) for encoding in (*ENCODINGS, "8UC3", "8UC1", ""))
