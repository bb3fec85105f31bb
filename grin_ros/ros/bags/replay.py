# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin replay`: publishes a bag over DDS, with /clock. It needs no rosbag2.

The recorded bytes are published with the time between their log times, and with the QoS that their publishers offered.
If the bag does not hold the QoS, publishers are reliable, which every subscriber hears. With `--start`, the newest
camera_info and latched messages from before are published first.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from rclpy.context import Context
from rclpy.duration import Duration
from rclpy.exceptions import InvalidTopicNameException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.utilities import try_shutdown
from rclpy.validate_full_topic_name import validate_full_topic_name
from rosbags.interfaces import QosHistory, QosReliability
from rosgraph_msgs.msg import Clock

from grin_ros.core.command_line import DONE, INCOMPLETE, WRONG_CALL, CommandParser, positive, seconds
from grin_ros.core.input_error import InputError
from grin_ros.ros.bags.before_start import BeforeStart, is_latched, is_static, offered
from grin_ros.ros.bags.reading import Bag, Message
from grin_ros.ros.bags.survey import survey
from grin_ros.ros.message_types import message_class
from grin_ros.ros.starting import start_ros
from grin_ros.ros.topic_names import CLOCK

logger = logging.getLogger(__name__)

CLOCK_PERIOD_S = 0.025
"""The longest time between two messages on /clock."""
CLOCK_APART_NS = 5_000_000
"""The shortest time of the bag between two of them. With one for every message of /tf, nodes would hardly do more than
read the time."""
DEPTH = 10
"""The number of messages that a publisher keeps if the bag does not say it."""
STATIC_DEPTH = 100
"""At least this number of messages is kept for late subscribers of static transforms, which several nodes publish."""
SETTLED_S = 0.5
"""Publishing begins when no new subscriber has been found for this time."""
SETTLING_S = 3.0
"""Publishing begins after this time at the latest."""
LONGEST_GAP_S = 60.0
"""A longer time without any recorded message is skipped: nobody waits for it, and often a clock was set meanwhile."""
ACKNOWLEDGED_S = 5.0
"""At the end reliable subscribers have this time to receive the last messages."""


class Player:
    """Publishes a bag: one publisher for each topic, and the clock.

    left_out: topic -> why it cannot be published here, such as a message type that is not installed.
    """

    def __init__(self, node: Node, bag: Bag, topics: Collection[str] | None = None) -> None:
        """Create the publishers. topics: only these; None for all. Raises ValueError if the bag has no such topic."""
        self._node = node
        self._bag = bag
        self._publishers: dict[str, Any] = {}
        self._sent: Counter[str] = Counter()
        self._subscribers: Counter[str] = Counter()
        self.left_out: dict[str, str] = {}
        self._clock = node.create_publisher(Clock, CLOCK, QoSProfile(depth=10))
        self._time_ns = -CLOCK_APART_NS
        self._survey = survey(bag)
        first = self._survey.first
        if not first and not bag.damage:
            raise InputError(f"{bag.path}: the bag holds no messages", "record it again while topics are published")
        missing = sorted(set(topics or ()) - first.keys())
        if missing:
            raise ValueError(f"{bag.path}: it has no topic {', '.join(missing)}; it has {', '.join(sorted(first))}")
        for topic, message in first.items():
            if topic == CLOCK or (topics is not None and topic not in topics):
                continue  # a recorded clock would contradict the clock of this replay
            kind = message_class(message.kind)
            if kind is None:
                self.left_out[topic] = f"{message.kind} is not installed here"
            elif why := _wrong_name(topic):
                self.left_out[topic] = f"ROS 2 does not allow its name: {why}"
            else:
                self._publishers[topic] = node.create_publisher(kind, topic, qos_of(message))

    @property
    def running(self) -> bool:
        """False after the context was shut down."""
        return bool(self._node.context.ok())

    def check_start(self, start_s: float) -> None:
        """Raise InputError if the bag ends before `start_s`."""
        self._survey.time_ns(start_s)

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

    def settle(self) -> None:
        """Wait until the subscribers that are there have been found, so that they miss nothing of the beginning."""
        began_s = changed_s = time.monotonic()
        known = -1
        while self._node.context.ok() and (now_s := time.monotonic()) < min(
            changed_s + SETTLED_S, began_s + SETTLING_S
        ):
            found = sum(p.get_subscription_count() for p in (*self._publishers.values(), self._clock))
            if found != known:
                known, changed_s = found, now_s
            time.sleep(0.02)

    def play(self, rate: float = 1.0, start_s: float = 0.0, *, now: Callable[[], float] = time.monotonic) -> int:
        """Publish the bag once, and return the number of messages. Ends early if the context is shut down.

        rate: 2.0 is twice as fast. start_s: seconds from the first message. What still holds from before is published
        at once (`before_start.py`). A jump of log times by more than LONGEST_GAP_S is logged and skipped. Raises
        InputError if the bag ends before `start_s`.
        """
        from_ns = last_ns = self._survey.time_ns(start_s)
        skipped_ns = 0
        began_s, before = None, BeforeStart()
        published = self._sent.total()
        for message in self._bag.messages():
            if message.time_ns < from_ns:
                if message.topic in self._publishers:
                    before.add(message)
                continue
            gap_ns, last_ns = message.time_ns - last_ns, message.time_ns
            if abs(gap_ns) > LONGEST_GAP_S * 1e9:
                skipped_ns += gap_ns
                self._tell_gap(message.time_ns, gap_ns)
            if message.topic not in self._publishers:
                continue
            if began_s is None:
                began_s = now()
                for held in before.messages():
                    self._publish(held)
            due_s = began_s + (message.time_ns - from_ns - skipped_ns) / 1e9 / rate
            while (ahead_s := due_s - now()) > 0.0 and self._node.context.ok():
                self._publish_clock(message.time_ns - round(ahead_s * rate * 1e9))
                time.sleep(min(ahead_s, CLOCK_PERIOD_S))
            if not self._node.context.ok():
                break
            self._publish_clock(message.time_ns)
            self._publish(message)
        return self._sent.total() - published

    def flush(self) -> list[str]:
        """Wait until the reliable subscribers have received everything; return the topics where that takes too long."""
        late = []
        for topic, publisher in self._publishers.items():
            if self._node.context.ok() and not publisher.wait_for_all_acked(Duration(seconds=ACKNOWLEDGED_S)):
                late.append(topic)
        return late

    def report(self) -> str:
        """Return the number of messages of each topic, and the largest number of subscribers that it had."""
        lines = [f"{self._sent.total()} messages published"]
        for topic, count in sorted(self._sent.items()):
            heard = self._subscribers[topic]
            listeners = f"{heard} subscriber{'s' * (heard > 1)}" if heard else "no subscriber"
            lines.append(f"  {topic}: {count} to {listeners}")
        return "\n".join(lines)

    def _tell_gap(self, end_ns: int, gap_ns: int) -> None:
        length, after_s = timedelta(seconds=round(abs(gap_ns) / 1e9)), (end_ns - gap_ns - self._survey.start_ns) / 1e9
        what = "nothing was logged for" if gap_ns > 0 else "the log times step back by"
        text = "%s: %s %s (h:mm:ss) after second %.1f; perhaps a clock was set. This gap is skipped"
        logger.warning(text, self._bag.path, what, length, after_s)

    def _publish(self, message: Message) -> None:
        publisher = self._publishers[message.topic]
        publisher.publish(message.data)
        self._sent[message.topic] += 1
        self._subscribers[message.topic] = max(self._subscribers[message.topic], publisher.get_subscription_count())

    def _publish_clock(self, time_ns: int) -> None:
        if 0 <= time_ns - self._time_ns < CLOCK_APART_NS:
            return
        self._time_ns = time_ns
        message = Clock()
        message.clock.sec, message.clock.nanosec = divmod(time_ns, 10**9)
        self._clock.publish(message)


def _wrong_name(topic: str) -> str:
    """Return why ROS 2 does not allow the name of a topic, or ''."""
    try:
        validate_full_topic_name(f"/{topic.removeprefix('/')}")
    except InvalidTopicNameException as error:
        return str(error).splitlines()[0].removesuffix(":").removeprefix("Invalid topic name: ")
    return ""


def qos_of(message: Message) -> QoSProfile:
    """Return the QoS that the recorded publisher offered, or the first of several publishers.

    If the bag does not hold it: reliable, and transient local for topics that are always latched.
    """
    profiles = offered(message)
    qos = profiles[0] if profiles else None
    depth = qos.depth or DEPTH if qos is not None else DEPTH
    if is_static(message.topic):
        depth = max(depth, STATIC_DEPTH)
    best_effort = qos is not None and qos.reliability == QosReliability.BEST_EFFORT
    keep_all = qos is not None and qos.history == QosHistory.KEEP_ALL
    return QoSProfile(
        history=HistoryPolicy.KEEP_ALL if keep_all else HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if is_latched(message) else DurabilityPolicy.VOLATILE,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin replay`, and return its exit status.

    0: everything was published. 2: it could not begin. 3: published, but something was unreadable, cannot be
    published here, or was not acknowledged by a subscriber.
    """
    arguments = parser().parse_args(argv)
    context, node = Context(), None
    try:
        bag = Bag(Path(arguments.bag))
        start_ros(context=context)
        node = Node("grin_replay", context=context, start_parameter_services=False)
        return _played(Player(node, bag, arguments.topics), bag, arguments)
    except (ValueError, OSError) as error:
        print(f"grin replay: {error}", file=sys.stderr)
        return WRONG_CALL
    finally:
        if node is not None:
            node.destroy_node()
        try_shutdown(context=context)


def _played(player: Player, bag: Bag, arguments: argparse.Namespace) -> int:
    for topic, why in player.left_out.items():
        print(f"grin replay: {topic} is left out: {why}", file=sys.stderr)
    player.check_start(arguments.start)
    player.wait_for_subscribers(arguments.wait)
    player.settle()
    try:
        while player.play(arguments.rate, arguments.start) and arguments.loop and player.running:
            pass
        late = player.flush()
    finally:
        print(player.report())
        for what in bag.damage:
            print(f"  unreadable: {what}", file=sys.stderr)
    for topic in late:
        text = f"{topic}: a subscriber has not received everything in {ACKNOWLEDGED_S:g} s; is it too slow? Try --rate"
        print(f"grin replay: {text}", file=sys.stderr)
    return INCOMPLETE if bag.damage or player.left_out or late else DONE


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin replay`."""
    made = CommandParser(
        "replay",
        "Publish a bag over DDS, with /clock. Nodes that listen need use_sim_time:=true.",
        "grin replay drive --rate 0.5 --loop --wait /front/image_raw",
    )
    made.add_argument("bag", metavar="BAG", help="bag directory, .mcap or .db3 file")
    made.add_argument("--rate", type=positive, default=1.0, help="2.0 is twice as fast")
    made.add_argument("--loop", action="store_true", help="publish it again and again; time jumps back each time")
    made.add_argument("--start", type=seconds, default=0.0, metavar="S", help="skip this many seconds of the bag")
    made.add_argument("--topics", nargs="+", metavar="TOPIC", help="publish only these topics")
    made.add_argument("--wait", nargs="+", default=[], metavar="TOPIC", help="wait for subscribers of these topics")
    return made
