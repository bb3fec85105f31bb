# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node's output topics: which there are, their QoS, and what is filled and sent for one estimate."""

from __future__ import annotations

from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.ros.frame.cloud import cloud_message
from grin_ros.ros.frame.planning import TOPICS as NAVIGATION_TOPICS
from grin_ros.ros.frame.planning import NavigationMessages
from grin_ros.ros.inputs.messages import info_message, metres_message, millimetres_message
from grin_ros.ros.parameters.table import Switches

TOPICS: dict[str, Any] = {
    "depth/image": Image,
    "depth/sigma": Image,
    "depth/camera_info": CameraInfo,
    "depth/image_mm": Image,
    "points": PointCloud2,
}


class Outputs:
    """Lifecycle publishers of all topics; reliable, which best-effort subscribers hear too (can be overridden)."""

    def __init__(self, node: LifecycleNode) -> None:
        """Raises what rclpy raises for an impossible QoS override."""
        self._node = node
        self._publishers: dict[str, Any] = {}
        self._navigation = NavigationMessages(node.get_logger().warning)
        for topic, message_type in (TOPICS | NAVIGATION_TOPICS).items():
            self._publishers[topic] = node.create_lifecycle_publisher(
                message_type,
                topic,
                QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.RELIABLE),
                qos_overriding_options=QoSOverridingOptions.with_default_policies(),
            )

    def publish(self, frame: Frame, estimate: DepthEstimate, info: CameraInfo, header: Any, switches: Switches) -> None:
        """Fill and send what is switched on and heard by somebody; all with `header`, the image's."""
        if switches.depth and self._heard("depth/image"):
            self._send("depth/image", metres_message(estimate.depth_m, header))
        if switches.sigma and self._heard("depth/sigma"):
            self._send("depth/sigma", metres_message(estimate.sigma_m, header))
        if switches.mm and self._heard("depth/image_mm"):
            self._send("depth/image_mm", millimetres_message(estimate.depth_m, header))
        if (switches.depth or switches.sigma or switches.mm) and self._heard("depth/camera_info"):
            self._send("depth/camera_info", info_message(info, header))
        if switches.points and self._heard("points"):
            self._send("points", cloud_message(frame, estimate, header, switches.points_stride, switches.points_rgb))
        for topic, message in self._navigation(frame.camera, estimate, header, switches.navigation, self._heard):
            self._send(topic, message)

    def destroy(self) -> None:
        """Take the publishers off the node."""
        for publisher in self._publishers.values():
            self._node.destroy_lifecycle_publisher(publisher)
        self._publishers.clear()

    def _heard(self, topic: str) -> bool:
        return bool(self._publishers[topic].get_subscription_count() > 0)

    def _send(self, topic: str, message: Any) -> None:
        self._publishers[topic].publish(message)
