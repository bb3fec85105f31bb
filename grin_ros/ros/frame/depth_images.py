# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Depth and sigma as image messages, and the camera_info that belongs to them."""

from __future__ import annotations

import copy
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from grin_ros.core.geometry.rays import millimetres
from grin_ros.ros.inputs.payload import byte_array, filled


def info_message(info: CameraInfo, header: Header) -> CameraInfo:
    """Return `info` with the header of the image. roi and binning stay, because depth has the pixels of the image."""
    relayed = copy.copy(info)
    relayed.header = header
    return relayed


def metres_message(metres: NDArray[np.float32], header: Header) -> Image:
    """Return a 32FC1 image of (H, W) metres. NaN and inf stay as they are (REP 117, REP 118)."""
    return _image(np.asarray(metres, np.float32), "32FC1", header)


def millimetres_message(depth_m: NDArray[np.float32], header: Header) -> Image:
    """Return a 16UC1 image in millimetres. Depth that is invalid, infinite or beyond 65.535 m is 0 (REP 118)."""
    return _image(millimetres(depth_m), "16UC1", header)


def _image(values: NDArray[Any], encoding: str, header: Header) -> Image:
    height, width = values.shape
    return filled(
        Image,
        byte_array(values),
        header=header,
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=int(sys.byteorder == "big"),
        step=width * values.itemsize,
    )
