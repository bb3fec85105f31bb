# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The messages for planners: obstacles to mark and free space to clear in a costmap, and a level scan."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import LaserScan, PointCloud2
from std_msgs.msg import Header

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.planning.config import NavigationConfig
from grin_ros.core.planning.obstacles import Mask, free_points, obstacle_points
from grin_ros.core.planning.scan import Scan, level_scan
from grin_ros.core.types import DepthEstimate
from grin_ros.ros.frame.cloud import list_message


def obstacles_message(
    camera: Camera, estimate: DepthEstimate, trusted: Mask, config: NavigationConfig, header: Header
) -> PointCloud2:
    """Return the points of obstacles as x, y, z, sigma in the optical frame, metres.

    trusted: the pixels that count, from `trusted_pixels`. Without a mounting the floor is among the points.
    """
    return list_message(obstacle_points(camera, estimate, config.obstacles, trusted), ("x", "y", "z", "sigma"), header)


def free_space_message(
    camera: Camera, estimate: DepthEstimate, trusted: Mask, config: NavigationConfig, header: Header
) -> PointCloud2:
    """Return the points up to which the space is free, as x, y, z in the optical frame, metres.

    trusted: the pixels that count, from `trusted_pixels`.
    """
    return list_message(free_points(camera, estimate, config.obstacles, trusted), ("x", "y", "z"), header)


def level_scan_message(
    camera: Camera, estimate: DepthEstimate, trusted: Mask, config: NavigationConfig, header: Header
) -> LaserScan:
    """Return the level scan in the frame `scan.frame_id`. Raises ValueError if the mounting is not known."""
    scan = level_scan(camera, estimate, config.obstacles, trusted, config.scan_increment_deg, config.min_depth_m)
    return scan_message(scan, Header(stamp=header.stamp, frame_id=config.scan_frame_id))


def scan_message(scan: Scan, header: Header) -> LaserScan:
    """Return a scan as a message. All its ranges are of one moment, so time_increment and scan_time are 0."""
    return LaserScan(
        header=header,
        angle_min=scan.angle_min_rad,
        angle_max=scan.angle_max_rad,
        angle_increment=scan.increment_rad,
        range_min=scan.range_min_m,
        range_max=scan.range_max_m,
        ranges=np.asarray(scan.ranges_m, np.float32).tolist(),
    )
