# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Find what is wrong with a ROS graph, from the picture of it that `probe.py` takes.

Names are full ('/robot/grin', '/camera/image_raw'), and types are written as 'sensor_msgs/msg/Image'.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.input_error import InputError
from grin_ros.core.plausibility.doubt import Doubt
from grin_ros.ros import commands
from grin_ros.ros.message_types import CLOUD, COMPRESSED, IMAGE, INFO, SCAN
from grin_ros.ros.operator.doctor.finding import Finding, Severity, error, ok, warn
from grin_ros.ros.topic_names import CLOCK, info_topic

MEASURED = (IMAGE, SCAN, CLOUD)
"""Types of the outputs of the node that sensors publish too."""
OLD_S = 1.0
"""Stamps that are older than this are suspicious."""
FEW_HZ = 1.0
"""A camera that is slower than this is suspicious."""
RATES_APART = 0.2
"""Rates of an image and its camera_info that differ by more than this share are suspicious."""


@dataclass(frozen=True)
class Endpoint:
    """A publisher or subscription of a topic, with the QoS policies that can keep the two ends apart."""

    node: str
    type: str
    reliable: bool = False
    transient_local: bool = False


@dataclass(frozen=True)
class TopicEnds:
    """The two ends of a topic."""

    publishers: Sequence[Endpoint] = ()
    subscribers: Sequence[Endpoint] = ()


@dataclass(frozen=True)
class Reception:
    """The messages that were received on a topic.

    age_s: now minus the stamp of the newest one. problem: why the node would refuse it. doubts: what is implausible
    about it. depth: it is the image of a depth camera. kept: its publisher keeps the last one for late subscribers.
    """

    rate_hz: float = 0.0
    frame_id: str = ""
    age_s: float | None = None
    problem: InputError | None = None
    doubts: Sequence[Doubt] = ()
    depth: bool = False
    kept: bool = False


@dataclass(frozen=True)
class Status:
    """A status of /diagnostics. level: 0 OK, 1 WARN, 2 ERROR, 3 STALE. message: with the remedy at its end, if any."""

    level: int
    message: str
    remedy: str = ""


@dataclass(frozen=True)
class SeenNode:
    """A node of grin_ros, with its full name.

    lifecycle: the label that get_state answered; empty if it did not answer. status: its newest one on /diagnostics.
    count: how many nodes have this name. uses: those parameters that say what it uses; empty if it did not answer.
    """

    name: str
    lifecycle: str = ""
    use_sim_time: bool | None = None
    status: Status | None = None
    count: int = 1
    uses: Mapping[str, bool | str] = field(default_factory=dict)


@dataclass(frozen=True)
class RosGraph:
    """A picture of the graph. nodes: those of grin_ros. heard: what came on some topics within `seconds`. mountings:
    optical frame -> what tf says of the camera's mounting. domain: ROS_DOMAIN_ID, in which nodes see each other."""

    nodes: Sequence[SeenNode] = ()
    topics: Mapping[str, TopicEnds] = field(default_factory=dict)
    heard: Mapping[str, Reception] = field(default_factory=dict)
    seconds: float = 0.0
    middleware: str = ""
    mountings: Mapping[str, Mounting] = field(default_factory=dict)
    domain: int = 0

    def is_depth(self, topic: str) -> bool:
        """Return True if the image of a depth camera was heard on the topic."""
        return topic in self.heard and self.heard[topic].depth


def graph_findings(graph: RosGraph) -> Iterator[Finding]:
    """Yield everything that an operator should know, node by node, then about the cameras."""
    if not graph.nodes:
        elsewhere = f"or it runs in another ROS_DOMAIN_ID (this one is {graph.domain})"
        yield warn(f"no node of grin_ros is running, {elsewhere}", _start(graph))
    for node in graph.nodes:
        yield _state(node)
        if node.count > 1:
            yield warn(
                f"{node.name}: {node.count} nodes have this name, so their depth mixes and commands reach any of them",
                f"end all but one, or start each with a namespace of its own ({commands.namespace('robot1')})",
            )
        yield from _diagnostics(node)
        yield from _time(node, graph)
        for name, topic in graph.topics.items():
            if any(end.node == node.name and end.type in (IMAGE, COMPRESSED, INFO) for end in topic.subscribers):
                yield from _input(node, name, topic, graph)
            if any(end.node == node.name for end in topic.publishers):
                yield from _output(node, name, topic)
    yield from _cameras(graph)


def _state(node: SeenNode) -> Finding:
    texts = {
        "active": ok(f"{node.name}: active"),
        "inactive": warn(f"{node.name}: inactive, it publishes nothing", commands.transitions(node.name, "activate")),
        "unconfigured": warn(
            f"{node.name}: unconfigured, it publishes nothing",
            commands.transitions(node.name, "configure", "activate"),
        ),
        "finalized": error(f"{node.name}: finalized, it cannot come back", "start its process again"),
        "": error(
            f"{node.name}: its lifecycle service does not answer", "look at its log, and start its process again"
        ),
    }
    busy = warn(f"{node.name}: {node.lifecycle}, in the middle of a transition", "wait, then ask again")
    return texts.get(node.lifecycle, busy)


def _diagnostics(node: SeenNode) -> Iterator[Finding]:
    """Yield what the node itself says."""
    if node.status is None:
        if node.lifecycle == "active":
            yield warn(f"{node.name}: nothing on /diagnostics", "look at its log; diagnostics_period_s may be long")
        return
    status = node.status
    text = f"{node.name} says: {status.message.removesuffix(f'; {status.remedy}')}"
    if status.level == 0:
        yield ok(text)
    else:
        yield Finding(Severity.WARN if status.level == 1 else Severity.ERROR, text, status.remedy or "look at its log")


def _time(node: SeenNode, graph: RosGraph) -> Iterator[Finding]:
    """Judge whether the node takes its time from where its inputs take theirs."""
    clock = bool(graph.topics.get(CLOCK, TopicEnds()).publishers)
    if node.use_sim_time is None:
        return
    if node.use_sim_time and not clock:
        yield error(
            f"{node.name}: use_sim_time is true, but nothing publishes {CLOCK}: its time stands still",
            "ros2 bag play --clock, or grin replay; without a bag: "
            + commands.parameter(node.name, "use_sim_time", "false"),
        )
    elif clock and not node.use_sim_time:
        yield warn(
            f"{node.name}: something publishes {CLOCK}, but the node takes the system's time",
            commands.parameter(node.name, "use_sim_time", "true"),
        )
    else:
        yield ok(f"{node.name}: time from {CLOCK if clock else 'the system'}")


def _input(node: SeenNode, name: str, topic: TopicEnds, graph: RosGraph) -> Iterator[Finding]:
    """Judge one subscription of the node: who publishes the topic, whether the QoS fit, and what arrives."""
    ours = next(end for end in topic.subscribers if end.node == node.name)
    fitting = [end for end in topic.publishers if end.type == ours.type]
    for end in topic.publishers:
        if end.type != ours.type:
            compressed = {ours.type, end.type} == {IMAGE, COMPRESSED}
            yield error(
                f"{name}: {end.node} publishes {end.type}, {node.name} expects {ours.type}",
                f"start the node with compressed:={'true' if end.type == COMPRESSED else 'false'}"
                if compressed
                else "remap one of the two",
            )
    if not fitting:
        yield error(
            f"{name}: nothing publishes it, and {node.name} waits for it",
            f"start the camera driver, or remap: {_start(graph)}",
        )
        return
    for end in fitting:
        for what in mismatches(offered=end, requested=ours):
            policy = "reliability:=best_effort" if what == "reliable" else "durability:=volatile"
            yield error(
                f"{name}: {node.name} asks for {what}, {end.node} does not offer it, so no message arrives",
                f"remove the QoS override, or start the node with -p qos_overrides.{name}.subscription.{policy}",
            )
    if len(fitting) > 1:
        names = ", ".join(end.node for end in fitting)
        yield warn(
            f"{name}: {len(fitting)} publishers ({names}), so frames of several cameras mix", "remap all but one"
        )
    yield from _rate(name, graph)


def mismatches(offered: Endpoint, requested: Endpoint) -> Iterator[str]:
    """Yield the policies that a subscription asks for and a publisher does not offer: DDS does not connect the two."""
    if requested.reliable and not offered.reliable:
        yield "reliable"
    if requested.transient_local and not offered.transient_local:
        yield "transient_local"


def _output(node: SeenNode, name: str, topic: TopicEnds) -> Iterator[Finding]:
    """Judge whether the subscribers of the node can hear it, and it alone."""
    ours = next(end for end in topic.publishers if end.node == node.name)
    others = ", ".join(sorted({end.node for end in topic.publishers if end.node != node.name}))
    if others and ours.type in MEASURED:
        yield warn(
            f"{name}: {others} publishes it too, so subscribers take the messages of one for those of the other",
            f"start {node.name} in a namespace (namespace:=grin), or remap its output",
        )
    for end in topic.subscribers:
        for what in mismatches(offered=ours, requested=end):
            policy = "reliability:=reliable" if what == "reliable" else "durability:=transient_local"
            yield error(
                f"{name}: {end.node} asks for {what}, {node.name} does not offer it, so it hears nothing",
                f"change the subscriber, or start the node with -p qos_overrides.{name}.publisher.{policy}",
            )


def _rate(name: str, graph: RosGraph) -> Iterator[Finding]:
    heard = graph.heard.get(name)
    if heard is None:
        return
    if heard.rate_hz == 0.0:
        yield error(
            f"{name}: no message in {graph.seconds:.0f} s, although it is published",
            "look at the driver's log; for large images load the Fast DDS profile on both ends (see above)",
        )
        return
    made = f"{name}: {'kept for late subscribers' if heard.kept else f'{heard.rate_hz:.1f} Hz'}"
    yield from (warn(f"{name}: {doubt.text}", doubt.remedy) for doubt in heard.doubts)
    if heard.problem:
        yield error(f"{made}, but {heard.problem.text}", heard.problem.remedy)
    elif heard.kept:
        yield ok(made)
    elif heard.rate_hz < FEW_HZ:
        yield warn(made, "raise the driver's frame rate, or look for lost images (see the Fast DDS profile above)")
    elif heard.age_s is not None and not -0.1 <= heard.age_s <= OLD_S:
        yield warn(
            f"{made}, its stamps are {heard.age_s:.1f} s old",
            "check the clocks of camera and computer; with a bag: --clock, and use_sim_time of all nodes",
        )
    else:
        yield ok(made)


def _cameras(graph: RosGraph) -> Iterator[Finding]:
    """Judge the cameras: image topics with the camera_info beside them."""
    ours = {node.name for node in graph.nodes}
    taken = {name for name, topic in graph.topics.items() if any(end.node in ours for end in topic.subscribers)}
    for name, info in cameras(graph):
        types = ", ".join(sorted({end.type for end in graph.topics[name].publishers}))
        for topic in (name, info):
            if topic is not None and topic not in taken:
                yield from _rate(topic, graph)
        if info is None:
            yield warn(
                f"camera {name} ({types}): no camera_info beside it; depth in metres needs one",
                "set camera_info_url of the driver, or calibrate with camera_calibration",
            )
            continue
        yield ok(f"camera {name} ({types}) with {info}")
        rates = [graph.heard[topic].rate_hz for topic in (name, info) if topic in graph.heard]
        kept = info in graph.heard and graph.heard[info].kept
        if len(rates) == 2 and not kept and min(rates) > 0.0 and abs(rates[0] - rates[1]) > RATES_APART * max(rates):
            yield warn(
                f"{name}: {rates[0]:.1f} Hz, but {info}: {rates[1]:.1f} Hz",
                "they should come in pairs; if images get lost, load the Fast DDS profile on both ends",
            )
        frames = {graph.heard[topic].frame_id.lstrip("/") for topic in (name, info) if topic in graph.heard} - {""}
        if len(frames) == 2 and min(rates) > 0.0:
            yield error(
                f"{name} and {info}: their frame_id differ ({' and '.join(sorted(map(repr, frames)))})",
                "remap both to one camera, or correct the driver's frame_id",
            )


def cameras(graph: RosGraph) -> Iterator[tuple[str, str | None]]:
    """Yield (image topic, its camera_info or None) of everything but depth and the outputs of our own nodes."""
    ours = {node.name for node in graph.nodes}
    for name, topic in sorted(graph.topics.items()):
        types = {end.type for end in topic.publishers if end.node not in ours}
        if not types & {IMAGE, COMPRESSED} or graph.is_depth(name):
            continue
        beside = info_topic(name)
        has_info = any(end.type == INFO for end in graph.topics.get(beside, TopicEnds()).publishers)
        yield name, beside if has_info else None


def _start(graph: RosGraph) -> str:
    """Return the command that starts a node for the first camera that has a camera_info."""
    for name, info in cameras(graph):
        if info is not None:
            compressed = any(end.type == COMPRESSED for end in graph.topics[name].publishers)
            return commands.start(name, info, compressed=compressed)
    return commands.start()
