# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A warning in the log when no images arrive.

If none has come since activation, it names the topic that is expected and the image topics that exist. If some have
come, their publisher has stopped.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from rclpy.node import Node

from grin_ros.ros import commands
from grin_ros.ros.frame.topics import OUTPUTS
from grin_ros.ros.message_types import COMPRESSED, IMAGE
from grin_ros.ros.steady_timer import steady_timer
from grin_ros.ros.topic_names import info_topic

LOGGED_AFTER_S = 5.0
"""Warn after this many seconds without an image. /diagnostics, which begins anew with each message, warns sooner."""
PERIOD_S = 1.0
"""The time between two looks at the clock."""
DEPTHS = tuple(f"/{name}" for name, topic in OUTPUTS.items() if topic.type == IMAGE)
"""The ends of the topics of depth, which the nodes of other cameras publish and which are no pictures."""


class ImageWatch:
    """Watches the images of an active node, from construction to `close`. Warns once for each silence."""

    def __init__(self, node: Node, topic: str) -> None:
        """Start watching. topic: the full name of the image topic."""
        self._node = node
        self._topic = topic
        self._last_s = time.monotonic()
        self._came = self._warned = False
        self._timer = steady_timer(node, PERIOD_S, self._look)

    def image_came(self) -> None:
        """Note an image, which ends a silence."""
        self._last_s = time.monotonic()
        self._came, self._warned = True, False

    def close(self) -> None:
        """Stop watching."""
        self._node.destroy_timer(self._timer)

    def _look(self) -> None:
        if not self._warned and time.monotonic() - self._last_s >= LOGGED_AFTER_S:
            self._warned = True
            self._node.get_logger().warning(silence_text(self._topic, self._image_topics(), came=self._came))

    def _image_topics(self) -> dict[str, str]:
        """Return full name -> type of the image topics that other nodes publish."""
        node = self._node
        own = {publisher.topic_name for publisher in node.publishers}
        return {
            name: kind
            for name, kinds in sorted(node.get_topic_names_and_types())
            for kind in kinds
            if kind in (IMAGE, COMPRESSED) and is_picture(name) and name not in own and node.count_publishers(name)
        }


def is_picture(topic: str) -> bool:
    """Return whether a topic of images may hold pictures, by its name."""
    return not topic.endswith(DEPTHS)


def silence_text(topic: str, image_topics: Mapping[str, str], *, came: bool = False) -> str:
    """Return the warning that `topic` is silent.

    image_topics: full name -> type of all image topics of the graph. came: whether images came before.
    """
    text = f"no image has arrived on {topic} for {LOGGED_AFTER_S:.0f} s, so no depth is published; "
    if came:
        return (
            f"{text}images came before, so their publisher has stopped sending: check the camera driver, or continue "
            "the bag or the simulator"
        )
    if topic in image_topics:
        return (
            f"{text}it has a publisher, which may be paused or not active yet; else its QoS or type does not fit, or "
            "it loses images of more than half a megabyte because it has no Fast DDS profile: type grin doctor"
        )
    if not image_topics:
        return f"{text}no node publishes images: start the camera driver, and check ROS_DOMAIN_ID on both ends"
    names = ", ".join(f"{name} ({kind})" for name, kind in image_topics.items())
    name, kind = next(iter(image_topics.items()))
    example = commands.start(name, info_topic(name), compressed=kind == COMPRESSED)
    return f"{text}images are published on {names}. For example, type: {example}"
