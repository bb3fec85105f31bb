# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin replay`: publishes a bag over DDS, with /clock. It needs no rosbag2.

The recorded bytes are published with the time between their log times, and with the QoS that their publishers offered.
If the bag does not hold the QoS, publishers are reliable, which every subscriber hears.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.utilities import try_shutdown
from rosbags.interfaces import ConnectionExtRosbag2, Qos, QosDurability, QosHistory, QosReliability
from rosgraph_msgs.msg import Clock

from grin_ros.core.command_line import DONE, INCOMPLETE, CommandParser, fail
from grin_ros.ros.bags.reading import Bag, Message
from grin_ros.ros.message_types import message_class

CLOCK = "/clock"
CLOCK_PERIOD_S = 0.025
"""The longest time between two messages on /clock."""
LATCHED = ("/tf_static", "/robot_description")
"""Topics that are latched (transient local) if the bag does not hold their QoS."""
ACKNOWLEDGED_S = 5.0
"""At the end reliable subscribers have this time to receive the last messages."""


class Player:
    """Publishes a bag: one publisher for each topic, and the clock.

    unknown: topic -> message type, for the types that are not installed here; these topics are left out.
    """

    def __init__(self, node: Node, bag: Bag, topics: Collection[str] | None = None) -> None:
        """Create the publishers. topics: only these; None for all. Raises ValueError if the bag has no such topic."""
        self._node = node
        self._bag = bag
        self._publishers: dict[str, Any] = {}
        self._latched: set[str] = set()
        self.unknown: dict[str, str] = {}
        self._clock = node.create_publisher(Clock, CLOCK, QoSProfile(depth=10))
        offered = first_of_each(bag)
        missing = sorted(set(topics or ()) - offered.keys())
        if missing:
            raise ValueError(f"{bag.path}: it has no topic {', '.join(missing)}; it has {', '.join(sorted(offered))}")
        for topic, message in offered.items():
            if topic == CLOCK or (topics is not None and topic not in topics):
                continue  # a recorded clock would contradict the clock of this replay
            kind = message_class(message.kind)
            if kind is None:
                self.unknown[topic] = message.kind
            else:
                profile = qos_of(message)
                self._publishers[topic] = node.create_publisher(kind, topic, profile)
                if profile.durability == DurabilityPolicy.TRANSIENT_LOCAL:
                    self._latched.add(topic)

    def wait_for_subscribers(self, topics: Collection[str]) -> None:
        """Wait until each of `topics` (/clock too) has a subscriber, or the context ends.

        Raises ValueError if a topic is not published here.
        """
        publishers = {**self._publishers, CLOCK: self._clock}
        silent = sorted(set(topics) - publishers.keys())
        if silent:
            raise ValueError(f"--wait: {', '.join(silent)} is not published; expected one of {', '.join(publishers)}")
        while self._node.context.ok() and not all(publishers[t].get_subscription_count() for t in topics):
            time.sleep(0.01)

    def play(self, rate: float = 1.0, start_s: float = 0.0, *, now: Callable[[], float] = time.monotonic) -> int:
        """Publish the bag once, and return the number of messages. Ends early if the context is shut down.

        rate: 2.0 is twice as fast. start_s: seconds from the first message. Latched messages from before `start_s`
        (/tf_static) are published at once, because a late subscriber would still receive them.
        """
        began_s = first_ns = None
        published = 0
        from_ns = 0
        for message in self._bag.messages():
            if first_ns is None:
                first_ns = message.time_ns
                from_ns = first_ns + round(start_s * 1e9)
            if message.topic not in self._publishers:
                continue
            if message.time_ns < from_ns:
                if message.topic in self._latched:
                    self._publishers[message.topic].publish(message.data)
                    published += 1
                continue
            if began_s is None:
                began_s = now()
            due_s = began_s + (message.time_ns - from_ns) / 1e9 / rate
            while (ahead_s := due_s - now()) > 0.0 and self._node.context.ok():
                self._publish_clock(message.time_ns - round(ahead_s * rate * 1e9))
                time.sleep(min(ahead_s, CLOCK_PERIOD_S))
            if not self._node.context.ok():
                break
            self._publish_clock(message.time_ns)
            self._publishers[message.topic].publish(message.data)
            published += 1
        return published

    def flush(self) -> None:
        """Wait until the reliable subscribers have received everything, or for a few seconds."""
        for publisher in (*self._publishers.values(), self._clock):
            if self._node.context.ok():
                publisher.wait_for_all_acked(Duration(seconds=ACKNOWLEDGED_S))

    def _publish_clock(self, time_ns: int) -> None:
        message = Clock()
        message.clock.sec, message.clock.nanosec = divmod(time_ns, 10**9)
        self._clock.publish(message)


def first_of_each(bag: Bag) -> Mapping[str, Message]:
    """Return the first message of each topic, which holds its type and QoS. A damaged bag is read to its end."""
    contents = bag.contents()
    wanted = None if contents is None else {topic for topic, count in contents.counts.items() if count}
    first: dict[str, Message] = {}
    for message in bag.messages():
        first.setdefault(message.topic, message)
        if wanted is not None and wanted <= first.keys():
            break
    return first


def qos_of(message: Message) -> QoSProfile:
    """Return the QoS that the recorded publisher offered, or the first of several publishers.

    If the bag does not hold it: reliable, and transient local for the topics of LATCHED.
    """
    ext = message.connection.ext
    offered: Sequence[Qos] = ext.offered_qos_profiles if isinstance(ext, ConnectionExtRosbag2) else ()
    if not offered:
        latched = message.topic in LATCHED
        durability = DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE
        return QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE, durability=durability)
    qos = offered[0]
    best_effort = qos.reliability == QosReliability.BEST_EFFORT
    latched = qos.durability == QosDurability.TRANSIENT_LOCAL
    return QoSProfile(
        history=HistoryPolicy.KEEP_ALL if qos.history == QosHistory.KEEP_ALL else HistoryPolicy.KEEP_LAST,
        depth=max(1, qos.depth),
        reliability=ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin replay`, and return its exit status.

    0: everything was published. 1: it could not begin. 3: published, but something was unreadable or of a type that is
    not installed.
    """
    arguments = parser().parse_args(argv)
    context = Context()
    rclpy.init(context=context, args=[])
    node = Node("grin_replay", context=context, start_parameter_services=False)
    try:
        bag = Bag(Path(arguments.bag))
        player = Player(node, bag, arguments.topics)
        for topic, kind in player.unknown.items():
            print(f"grin replay: {topic} is left out: {kind} is not installed here", file=sys.stderr)
        player.wait_for_subscribers(arguments.wait)
        while True:
            published = player.play(arguments.rate, arguments.start)
            if not (arguments.loop and published and context.ok()):
                break
        player.flush()
        print(f"{published} messages published")
        for what in bag.damage:
            print(f"  unreadable: {what}", file=sys.stderr)
        return INCOMPLETE if bag.damage or player.unknown else DONE
    except ValueError as error:
        return fail("replay", error)
    finally:
        node.destroy_node()
        try_shutdown(context=context)


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin replay`."""
    made = CommandParser(
        "replay",
        "Publish a bag over DDS, with /clock. Nodes that listen need use_sim_time:=true.",
        "grin replay drive --rate 0.5 --loop --wait /front/image_raw",
    )
    made.add_argument("bag", metavar="BAG", help="bag directory, .mcap or .db3 file")
    made.add_argument("--rate", type=_rate, default=1.0, help="2.0 is twice as fast")
    made.add_argument("--loop", action="store_true", help="publish it again and again; time jumps back each time")
    made.add_argument("--start", type=float, default=0.0, metavar="S", help="skip this many seconds of the bag")
    made.add_argument("--topics", nargs="+", metavar="TOPIC", help="publish only these topics")
    made.add_argument("--wait", nargs="+", default=[], metavar="TOPIC", help="wait for subscribers of these topics")
    return made


def _rate(text: str) -> float:
    value = float(text)
    if not 0.0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"got {text}, expected more than 0")
    return value
