# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The topics for planners: obstacles to mark, free_space to clear, a level scan. Each is computed while it is heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sensor_msgs.msg import LaserScan, PointCloud2
from std_msgs.msg import Header

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.planning.config import NavigationConfig
from grin_ros.core.planning.obstacles import Mask, free_points, obstacle_points, trusted_pixels
from grin_ros.core.planning.scan import Scan, level_scan
from grin_ros.core.types import DepthEstimate
from grin_ros.ros.frame.cloud import list_message

TOPICS: dict[str, Any] = {"obstacles": PointCloud2, "free_space": PointCloud2, "scan": LaserScan}


class NavigationMessages:
    """Makes the messages of one estimate after the other; what cannot be made is told once, with the remedy."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told: set[str] = set()

    def __call__(
        self,
        camera: Camera,
        estimate: DepthEstimate,
        header: Header,
        config: NavigationConfig,
        heard: Callable[[str], bool],
    ) -> Iterator[tuple[str, Any]]:
        """(topic, message) of what is switched on and heard."""
        switched = {topic: config.publish_scan if topic == "scan" else config.publish_obstacles for topic in TOPICS}
        view = _View(camera, estimate, config)
        for topic, make in _MAKERS.items():
            if not (switched[topic] and heard(topic)):
                continue
            try:
                yield topic, make(view, header)
            except ValueError as error:
                text = f"{topic} is not published: {error}"
                if text not in self._told:
                    self._told.add(text)
                    self._tell(text)


@dataclass(frozen=True)
class _View:
    """One estimate, with what its messages have in common."""

    camera: Camera
    estimate: DepthEstimate
    config: NavigationConfig

    @cached_property
    def trusted(self) -> Mask:
        return trusted_pixels(self.camera, self.estimate, self.config.obstacles)


def _obstacles(view: _View, header: Header) -> PointCloud2:
    points = obstacle_points(view.camera, view.estimate, view.config.obstacles, view.trusted)
    return list_message(points, ("x", "y", "z", "sigma"), header)


def _free_space(view: _View, header: Header) -> PointCloud2:
    points = free_points(view.camera, view.estimate, view.config.obstacles, view.trusted)
    return list_message(points, ("x", "y", "z"), header)


def _scan(view: _View, header: Header) -> LaserScan:
    config = view.config
    scan = level_scan(
        view.camera, view.estimate, config.obstacles, view.trusted, config.scan_increment_deg, config.min_depth_m
    )
    return scan_message(scan, Header(stamp=header.stamp, frame_id=config.scan_frame_id))


_MAKERS: dict[str, Callable[[_View, Header], Any]] = {
    "obstacles": _obstacles,
    "free_space": _free_space,
    "scan": _scan,
}


def scan_message(scan: Scan, header: Header) -> LaserScan:
    """All ranges are of one moment, so time_increment and scan_time are 0."""
    return LaserScan(
        header=header,
        angle_min=scan.angle_min_rad,
        angle_max=scan.angle_max_rad,
        angle_increment=scan.increment_rad,
        range_min=scan.range_min_m,
        range_max=scan.range_max_m,
        ranges=np.asarray(scan.ranges_m, np.float32).tolist(),
    )
