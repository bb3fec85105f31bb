# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The publishers of a node, made from the table of topics."""

from __future__ import annotations

import time
from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions

from grin_ros.ros.frame.topics import INPUTS, OUTPUTS
from grin_ros.ros.message_types import message_class
from grin_ros.ros.node.subscriptions import QOS_POLICIES
from grin_ros.ros.parameters.table import BY_NAME, NodeConfig

SCAN = "scan"
"""The output that takes the name of another sensor's topic on most robots: /scan."""
FORGOTTEN_S = 30.0
"""A process that was killed has been forgotten by others after this time. The lease of Fast DDS is 20 s."""


class Publishers:
    """Lifecycle publishers of the outputs that the configuration allows.

    They are reliable, which best-effort subscribers hear too; the QoS can be overridden. An output with the name of an
    input is not published: with hints/scan:=/scan the node would hear its own scan, and so would the robot beside that
    of its lidar. Nor is the scan where another node publishes on its topic, because mapping would take it for the
    lidar's. That lasts until the node is activated again: a lidar whose driver dies is not replaced by the camera.
    """

    def __init__(self, node: LifecycleNode, config: NodeConfig) -> None:
        """Create the publishers. Raises what rclpy raises for an impossible QoS override."""
        self._node = node
        self._publishers: dict[str, Any] = {}
        self._shared = False
        self._twin_since_s: float | None = None
        inputs = {node.resolve_topic_name(it.name): it.name for it in INPUTS.values() if it.on(config.switched_on)}
        for topic in OUTPUTS.values():
            live = any(not BY_NAME[name].read_only for name in topic.switches)
            name = node.resolve_topic_name(topic.name)
            if name in inputs:
                node.get_logger().info(
                    f"the output {topic.name} is not published: it would be on {name}, from which the node takes "
                    f"{inputs[name]}; to have both, remap the output to a name of its own, such as "
                    f"-r {topic.name}:=/{node.get_name()}/{topic.name}"
                )
            elif live or topic.on(config.switched_on):
                self._publishers[topic.name] = node.create_lifecycle_publisher(
                    message_class(topic.type),
                    topic.name,
                    QoSProfile(
                        history=HistoryPolicy.KEEP_LAST, depth=topic.queue, reliability=ReliabilityPolicy.RELIABLE
                    ),
                    qos_overriding_options=QoSOverridingOptions(QOS_POLICIES),
                )

    def heard(self, topic: str) -> bool:
        """Return True if somebody subscribes to the topic and the node may publish on it."""
        if not self._subscribed(topic):
            return False
        return topic != SCAN or not self._is_shared(self._publishers[SCAN].topic_name)

    @property
    def scan_is_withheld(self) -> bool:
        """Whether somebody subscribes to the scan, and another node has published on its topic since activation."""
        return self._shared and self._subscribed(SCAN)

    def begin(self) -> None:
        """Note that the node is activated: another publisher on the topic of the scan counts from now on."""
        self._shared = False
        self._twin_since_s = None

    def _subscribed(self, topic: str) -> bool:
        publisher = self._publishers.get(topic)
        return publisher is not None and publisher.get_subscription_count() > 0

    def _is_shared(self, name: str) -> bool:
        """Return True if another node has published on the topic since activation, and say when that begins.

        A publisher of the same name is one of an earlier process that was killed. It counts until it is forgotten; one
        that lasts longer is another node.
        """
        if self._shared:
            return True
        if self._node.count_publishers(name) < 2:
            self._twin_since_s = None
            return False
        own = (self._node.get_name(), self._node.get_namespace())
        publishers = self._node.get_publishers_info_by_topic(name)
        now_s = time.monotonic()
        self._twin_since_s = self._twin_since_s or now_s
        lasts = now_s - self._twin_since_s > FORGOTTEN_S
        if lasts or any((each.node_name, each.node_namespace) != own for each in publishers):
            self._shared = True
            self._node.get_logger().warning(
                f"the output {SCAN} is not published until the node is activated again: another node publishes on "
                f"{name}, whose subscribers would take the camera's scan for the other one; give it a name of its own, "
                f"such as -r {SCAN}:=/{self._node.get_name()}/{SCAN}, or set publish_scan to false; if two nodes are "
                f"called {self._node.get_name()}, start each in a namespace of its own, because their depth mixes too"
            )
        return True

    def publish(self, topic: str, message: Any) -> None:
        """Publish a message of a topic of the table."""
        self._publishers[topic].publish(message)

    def destroy(self) -> None:
        """Remove the publishers from the node."""
        for publisher in self._publishers.values():
            self._node.destroy_lifecycle_publisher(publisher)
        self._publishers.clear()
