# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The messages of a camera, and serialised messages as they arrive."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from grin_ros.core.geometry.camera import Camera
from grin_ros.ros.inputs.messages import info_from_camera

DEFAULT_OUTPUTS: Mapping[str, Any] = {
    "depth/image": Image,
    "depth/sigma": Image,
    "depth/camera_info": CameraInfo,
    "points": PointCloud2,
}
"""Topic -> message class of what the node publishes for a frame by default."""
OUTPUTS: Mapping[str, Any] = {**DEFAULT_OUTPUTS, "/diagnostics": DiagnosticArray}
DEPTH_TOPICS: Mapping[str, Any] = {**DEFAULT_OUTPUTS, "depth/image_mm": Image}

FRAME_ID = "camera_optical_frame"


@dataclass(frozen=True)
class Received:
    """One serialised message. stamp_ns: the stamp of its header; received_ns: time.time_ns() at its arrival."""

    topic: str
    data: bytes
    stamp_ns: int
    received_ns: int


def image_message(image: NDArray[np.uint8], stamp_s: int = 0, frame_id: str = FRAME_ID) -> Image:
    """Return a sensor_msgs/Image with encoding rgb8 of an (H, W, 3) uint8 RGB image."""
    message = Image(height=image.shape[0], width=image.shape[1], encoding="rgb8", step=3 * image.shape[1])
    message.header.frame_id = frame_id
    message.header.stamp.sec = stamp_s
    message.data = image.tobytes()  # an ndarray would be converted element by element
    return message


def camera_info_message(camera: Camera) -> CameraInfo:
    """Return the sensor_msgs/CameraInfo of a camera, without a stamp."""
    message = info_from_camera(camera)
    message.header.frame_id = FRAME_ID
    return message


def with_stamp(message: Any, stamp_ns: int) -> Any:
    """Set the stamp in the message's header, and return the message."""
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 10**9)
    return message


def header_stamp_ns(data: bytes) -> int:
    """Return the stamp of a serialised message that begins with a std_msgs/Header.

    CDR puts 4 bytes of encapsulation before it; the second says whether numbers are little-endian.
    """
    seconds, nanoseconds = struct.unpack_from("<iI" if data[1] & 1 else ">iI", data, 4)
    return int(seconds) * 10**9 + int(nanoseconds)
