# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Depth times the scale that a lidar or another range sensor of the robot gives it; the scale is published with it.

range/scan (LaserScan) and range/points (PointCloud2) are heard; the one nearest in time to the image counts.
depth/scale: geometry_msgs/Vector3Stamped with the image's header; x: the factor that depth was multiplied with, y: its
relative standard deviation, z: the share of the ranges that agreed on it, 0 where this frame had none.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import Vector3, Vector3Stamped
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import LaserScan, PointCloud2
from std_msgs.msg import Header

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.hints.config import FROM_TF, ScaleConfig
from grin_ros.core.hints.scale import NoScaleError, Scale, match_scale, scaled
from grin_ros.core.hints.scale_filter import SmoothScale
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.ros.inputs.messages import stamp_ns
from grin_ros.ros.inputs.ranges import Ranges, measured_points
from grin_ros.ros.inputs.transforms import Transforms

INPUTS: dict[str, Any] = {"range/scan": LaserScan, "range/points": PointCloud2}
TOPIC = "depth/scale"
KEPT = 8
"""Range messages: enough to find the one of an image that took a while."""


class RangeScale:
    """Called with each estimate, in the worker's thread; ranges come in rclpy's."""

    def __init__(self, node: LifecycleNode, config: ScaleConfig) -> None:
        """Raises ValueError where the sensor's pose shall come from tf, and there is no tf2_ros."""
        self.config = config
        self.told = ""
        """The scale of the newest frame in words, for /diagnostics."""
        self._node = node
        self._lock = threading.Lock()
        self._kept: deque[Ranges] = deque(maxlen=KEPT)
        self._smooth = SmoothScale()
        self._transforms: Transforms | None = None
        if config.range_pose == FROM_TF:
            self._transforms = Transforms(node, "scale.range_pose: got 'tf'", "give the pose as six numbers")
        newest = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.RELIABLE)
        self._publisher = node.create_lifecycle_publisher(Vector3Stamped, TOPIC, newest)

    def subscribe(self, subscribe: Callable[[Any, str, Callable[[Any], None]], None]) -> None:
        """subscribe: called with message type, topic and callback of each input. Ranges of before are forgotten."""
        with self._lock:
            self._kept.clear()
        for topic, message_type in INPUTS.items():
            subscribe(message_type, topic, self.keep)

    def keep(self, message: Ranges) -> None:
        """A range message has come."""
        with self._lock:
            self._kept.append(message)

    def __call__(self, frame: Frame, estimate: DepthEstimate, header: Header) -> DepthEstimate:
        """The estimate with its scale corrected, as far as it is known; the scale is published."""
        match, reason = None, ""
        try:
            match = self._match(frame, estimate, header)
        except ValueError as error:  # no ranges, none that fit, or none that can be read
            reason = f"; this frame gave none: {error}"
        scale = self._smooth(stamp_ns(header), match)
        agreed = f", {scale.used} of {scale.offered} ranges" if match else ""
        self.told = f"{scale.factor:.3f}, one sigma {scale.error_ln:.1%}{agreed}{reason}"
        share = scale.used / scale.offered if scale.offered else 0.0
        told = Vector3(x=scale.factor, y=scale.error_ln, z=share)
        self._publisher.publish(Vector3Stamped(header=header, vector=told))
        return scaled(estimate, scale)

    def close(self) -> None:
        """Take publisher and listener off the node."""
        self._node.destroy_lifecycle_publisher(self._publisher)
        if self._transforms is not None:
            self._transforms.close()

    def _match(self, frame: Frame, estimate: DepthEstimate, header: Header) -> Scale:
        with self._lock:
            kept = list(self._kept)
        if not kept:
            raise NoScaleError("no ranges yet; check the remapping of range/scan or range/points")
        nearest = min(kept, key=lambda message: abs(stamp_ns(message.header) - stamp_ns(header)))
        apart_s = (stamp_ns(header) - stamp_ns(nearest.header)) / 1e9
        if abs(apart_s) > self.config.max_age_s:
            raise NoScaleError(
                f"the nearest ranges are {apart_s:.2f} s older than the image, scale.max_age_s is "
                f"{self.config.max_age_s:g}; check the clocks, or raise it where the robot is slow"
            )
        place = self._place(header.frame_id, nearest.header.frame_id)
        return match_scale(frame.camera, estimate, place(measured_points(nearest)), self.config.max_range_m)

    def _place(self, camera_frame: str, sensor_frame: str) -> Transform:
        if self._transforms is None:
            return self.config.sensor_to_optical()
        return self._transforms(camera_frame, sensor_frame)
