# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A sensor at the camera that gives hints."""

from __future__ import annotations

from typing import Any

import numpy as np
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header

from grin_ros.ros.frame.cloud import list_message
from grin_ros.ros.operator.demo.scene import CameraView
from grin_ros.ros.operator.harness.client import NodeClient

HINTS = {"hints.points": True, "hints.points_pose": "0 0 0 0 0 0"}


class Sensor:
    """Publishes a cloud for the input hints/points of a node with the parameters HINTS."""

    def __init__(self, client: NodeClient, cloud: PointCloud2) -> None:
        self._publisher: Any = client.ros.create_publisher(PointCloud2, "hints/points", 10)
        self._cloud = cloud
        client.wait(lambda: self._publisher.get_subscription_count() > 0, "subscription of hints/points")

    def measure(self, stamp_ns: int) -> None:
        """Publish the cloud with this stamp."""
        stamp = self._cloud.header.stamp
        stamp.sec, stamp.nanosec = divmod(stamp_ns, 10**9)
        self._publisher.publish(self._cloud)


def cloud_of(view: CameraView, count: int) -> PointCloud2:
    """Return so many true points of a view, spread over it, in the body frame of its camera."""
    rows, cols = np.nonzero(np.isfinite(view.depth_m))
    at = np.random.default_rng(0).choice(len(rows), count, replace=False)
    rays = view.camera.rays()[rows[at], cols[at]]
    points = rays * (view.depth_m[rows[at], cols[at]] / rays[:, 2])[:, None]
    body = np.stack([points[:, 2], -points[:, 0], -points[:, 1]], axis=1)
    return list_message(body.astype(np.float32), ("x", "y", "z"), Header(frame_id="lidar"))
