# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The table of all topics. Publishers, subscriptions, the outputs of `grin bag` and the documentation are made from it.

Imports nothing of ROS: message types are names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from grin_ros.ros.inputs.hints.registry import SOURCES
from grin_ros.ros.message_types import CLOUD, COMPRESSED, IMAGE, INFO, SCAN


@dataclass(frozen=True)
class Topic:
    """A topic, relative to the namespace of the node.

    type: the message type, such as sensor_msgs/msg/Image. description: one line. switches: the boolean parameters that
    switch the topic on; it is there while one of them is true, and always if there is none. needs_mounting: it is not
    published where the mounting of the camera is not known. queue: the depth of its QoS, at least 1: so many messages
    wait.
    """

    name: str
    type: str
    description: str
    switches: tuple[str, ...] = ()
    needs_mounting: bool = False
    queue: int = 1

    def on(self, switched_on: Collection[str]) -> bool:
        """Return True if the topic is switched on. switched_on: the boolean parameters that are true."""
        return not self.switches or any(name in switched_on for name in self.switches)


INPUTS: Mapping[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic("image", IMAGE, "The image, in any usual encoding; not subscribed while compressed is true."),
        Topic("image/compressed", COMPRESSED, "The image as JPEG or PNG, instead of image.", ("compressed",)),
        Topic("camera_info", INFO, "The calibration of the camera; the newest message before an image counts."),
        *(
            Topic(name, kind, description, (source.switch,), queue=source.waiting)
            for source in SOURCES.values()
            for name, (kind, description) in source.topics.items()
        ),
    )
}

OUTPUTS: Mapping[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic(
            "depth/image",
            IMAGE,
            "Depth along the optical axis: 32FC1 in metres, NaN where invalid, +inf beyond max_depth_m.",
            ("publish_depth",),
        ),
        Topic(
            "depth/sigma",
            IMAGE,
            "One standard deviation of depth: 32FC1 in metres, NaN where depth is not finite.",
            ("publish_sigma",),
        ),
        Topic(
            "depth/image_mm",
            IMAGE,
            "Depth: 16UC1 in millimetres, 0 where it is invalid or beyond 65.535 m.",
            ("publish_mm",),
        ),
        Topic(
            "depth/camera_info",
            INFO,
            "The calibration of the depth images: camera_info with the header of the image.",
            ("publish_depth", "publish_sigma", "publish_mm"),
        ),
        Topic(
            "points",
            CLOUD,
            "Depth as an organized point cloud in the optical frame: x, y, z, rgb, sigma.",
            ("publish_points",),
        ),
        Topic("obstacles", CLOUD, "Points that mark obstacles in a costmap: x, y, z, sigma.", ("publish_obstacles",)),
        Topic("free_space", CLOUD, "Points that clear a costmap up to them: x, y, z.", ("publish_obstacles",)),
        Topic("scan", SCAN, "A level scan; needs the mounting of the camera.", ("publish_scan",), needs_mounting=True),
    )
}
"""The topics that are published for every image, in this order, with the image's header if the type has one."""

DIAGNOSTICS = Topic("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray", "The state of the node, once a period.")
