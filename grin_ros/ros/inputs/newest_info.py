# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The newest camera_info of a camera, from publishers that send it with each image and from those that send it once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo

from grin_ros.ros.steady_timer import steady_timer

KEPT = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=10,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
"""With this QoS, a publisher that keeps its last message (transient_local, also called latched) sends it to a late
subscription. Several sensors may publish on one topic."""
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
    """Asks publishers of camera_info that keep their last message (transient_local) for it, until `close`.

    The volatile subscription of the node gets no message from before it was made or, of a driver that has started
    again, before that one was discovered. A transient_local one does, but volatile publishers refuse it and warn about
    it, so it is made only while there is a new publisher of that kind.
    """

    def __init__(self, node: Node, take: Callable[[CameraInfo], None]) -> None:
        """take: called with every message, from either subscription."""
        self._node, self._take = node, take
        self._topic = ""
        self._asked: set[tuple[int, ...]] = set()
        """The publishers that were asked."""
        self._answers = 0
        """The number of messages since then."""
        self._last: CameraInfo | None = None
        self._subscription: Any = None
        self._timer: Any = None

    def receive(self, info: CameraInfo) -> None:
        """Take a message of the volatile subscription."""
        if self._subscription is None or info != self._last:  # the other subscription may have had it
            self._last = info
            self._take(info)

    def look(self, topic: str) -> None:
        """Start looking for publishers that keep their messages. topic: the full name."""
        self._topic = topic
        self._timer = steady_timer(self._node, LOOK_PERIOD_S, self._look)
        self._look()

    def close(self) -> None:
        """Stop looking, and unsubscribe."""
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
            self._timer = None
        self._stop_asking()

    def _look(self) -> None:
        publishers = self._node.get_publishers_info_by_topic(self._topic)
        keeping = {
            tuple(each.endpoint_gid)
            for each in publishers
            if each.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
        }
        if not keeping <= self._asked:  # all are asked again, because a subscription gets what is kept at its start
            self._stop_asking()
            self._asked, self._answers = keeping, 0
            self._subscription = self._node.create_subscription(CameraInfo, self._topic, self._receive_kept, KEPT)
        elif self._subscription is not None and self._answers >= len(keeping):
            self._stop_asking()  # the volatile subscription gets what is sent from now on

    def _stop_asking(self) -> None:
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def _receive_kept(self, info: CameraInfo) -> None:
        self._answers += 1
        self.receive(info)
