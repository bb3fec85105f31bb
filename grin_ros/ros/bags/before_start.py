# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The messages from before `--start` that still hold at it: calibrations, static transforms, and whatever is latched.

They are often sent once, at the beginning. A part of a bag without them could not be used.
"""

from __future__ import annotations

from collections import deque

from rosbags.interfaces import ConnectionExtRosbag2, Qos, QosDurability

from grin_ros.ros.bags.messages import child_frames
from grin_ros.ros.bags.reading import Message
from grin_ros.ros.message_types import INFO

STATIC_TRANSFORMS = "tf_static"
LATCHED = (STATIC_TRANSFORMS, "robot_description")
"""Topics of these names, in any namespace, are latched (transient local) if the bag does not say what they are."""


class BeforeStart:
    """Keeps what holds: of each camera_info the newest, of a latched topic as many messages as its publisher keeps.

    Of static transforms the newest message for each set of frames is kept, because several nodes publish them.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, tuple[str, ...]], deque[Message]] = {}

    def add(self, message: Message) -> None:
        """Take a message from before the start, in the order of recording."""
        latched = is_latched(message)
        if not (latched or message.kind == INFO):
            return
        frames: tuple[str, ...] = ()
        depth = max([1, *(qos.depth for qos in offered(message))]) if latched else 1
        if is_static(message.topic):
            frames, depth = child_frames(message.data), 1
        self._kept.setdefault((message.topic, frames), deque(maxlen=depth)).append(message)

    def messages(self) -> list[Message]:
        """Return the messages that hold, by log time."""
        return sorted((m for kept in self._kept.values() for m in kept), key=lambda m: m.time_ns)


def is_static(topic: str) -> bool:
    """Return True if a topic is one of static transforms, by its name."""
    return topic.rpartition("/")[2] == STATIC_TRANSFORMS


def offered(message: Message) -> list[Qos]:
    """Return the QoS of the recorded publishers of a topic; none if the bag does not hold it."""
    ext = message.connection.ext
    return list(ext.offered_qos_profiles) if isinstance(ext, ConnectionExtRosbag2) else []


def is_latched(message: Message) -> bool:
    """Return True if a subscriber that comes later still receives the message."""
    durabilities = {qos.durability for qos in offered(message)} or {QosDurability.UNKNOWN}
    if durabilities <= {QosDurability.UNKNOWN, QosDurability.SYSTEM_DEFAULT}:
        return message.topic.rpartition("/")[2] in LATCHED
    return QosDurability.TRANSIENT_LOCAL in durabilities
