# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The small camera of the tests and of the fault suite: its pictures, its CameraInfo and its driver."""

from __future__ import annotations

from typing import Any

import numpy as np
import rclpy
from numpy.typing import NDArray
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, Image

from grin_ros.ros.operator.harness.messages import FRAME_ID

WIDTH, HEIGHT = 32, 24


def picture(seed: int = 0, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """Return an (H, W, 3) uint8 RGB image that the stand-in backend accepts. Depth is invalid in its upper quarter."""
    image = np.random.default_rng(seed).integers(14, 256, (height, width, 3), np.uint8)
    image[: height // 4, :, 0] = 0
    return image


def info_message(width: int = WIDTH, height: int = HEIGHT, **fields: Any) -> CameraInfo:
    """Return a valid CameraInfo of this size in which `fields` have been replaced."""
    f_px = float(width)
    message = CameraInfo(width=width, height=height, distortion_model="plumb_bob", d=[0.01, -0.02, 0.001, 0.0, 0.0])
    message.k = [f_px, 0.0, (width - 1) / 2, 0.0, f_px, (height - 1) / 2, 0.0, 0.0, 1.0]
    message.header.frame_id = FRAME_ID
    for name, value in fields.items():
        setattr(message, name, value)
    return message


class CameraDriver:
    """A camera driver: a DDS participant with publishers of image and camera_info, with the QoS that drivers have."""

    def __init__(self, name: str = "camera") -> None:
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node(name, context=self._context, start_parameter_services=False)
        self.image: Any = self._node.create_publisher(Image, "image", qos_profile_sensor_data)
        self.info: Any = self._node.create_publisher(CameraInfo, "camera_info", qos_profile_sensor_data)

    def connected(self) -> bool:
        """Return True if both topics have a subscriber."""
        return bool(self.image.get_subscription_count() and self.info.get_subscription_count())

    def close(self) -> None:
        """End the driver, as if the camera were unplugged."""
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)
