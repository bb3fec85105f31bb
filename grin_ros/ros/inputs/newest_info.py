# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The newest camera_info of a camera, from publishers that send it with each image and from those that send it once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType  # type: ignore[attr-defined]  # in rclpy.clock_type since Jazzy
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo

KEPT = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
"""With this QoS, a publisher that keeps its last message (transient_local, also called latched) sends it to a late
subscription."""
LOOK_PERIOD_S = 0.2
"""The time between two looks for such a publisher."""


class NewestInfo:
    """Keeps the newest camera_info for the life of the node, so that one message serves every activation."""

    def __init__(self, counted: Callable[[], None]) -> None:
        """counted: called for every message."""
        self._counted = counted
        self.message: CameraInfo | None = None

    def receive(self, info: CameraInfo) -> None:
        """Take a message."""
        self.message = info
        self._counted()


class KeptInfo:
    """Asks for the message that a transient_local publisher of camera_info has kept, until one comes or until `close`.

    The volatile subscription of the node gets no message from before it was made. A transient_local one does, but
    volatile publishers refuse it and warn about it, so it is made only if there is a publisher of that kind.
    """

    def __init__(self, node: Node, take: Callable[[CameraInfo], None]) -> None:
        """take: called with every message, from either subscription."""
        self._node, self._take = node, take
        self._topic = ""
        self._came = False
        self._subscription: Any = None
        self._timer: Any = None

    def receive(self, info: CameraInfo) -> None:
        """Take a message of the volatile subscription."""
        self._came = True
        self._take(info)

    def look(self, topic: str) -> None:
        """Start looking for a publisher that keeps its message. topic: the full name."""
        self._topic = topic
        # A steady clock: with use_sim_time and nothing on /clock, the clock of the node stands still.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self._node.create_timer(LOOK_PERIOD_S, self._look, clock=steady)
        self._look()

    def close(self) -> None:
        """Stop looking, and unsubscribe."""
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
        self._timer = self._subscription = None

    def _look(self) -> None:
        if self._came:
            self.close()
        elif self._subscription is None:
            publishers = self._node.get_publishers_info_by_topic(self._topic)
            if any(each.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for each in publishers):
                self._subscription = self._node.create_subscription(CameraInfo, self._topic, self._receive_kept, KEPT)

    def _receive_kept(self, info: CameraInfo) -> None:
        if not self._came:  # the volatile subscription gets what is sent from now on
            self.receive(info)
