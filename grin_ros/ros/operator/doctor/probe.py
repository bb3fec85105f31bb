# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Probe the ROS graph: nodes of grin_ros, cameras, the endpoints of topics with their QoS, and what they publish."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import GetParameters
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from rclpy.topic_endpoint_info import TopicEndpointInfo
from rclpy.utilities import get_rmw_implementation_identifier
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.core.input_error import InputError
from grin_ros.core.plausibility.doubt import Doubt, doubt
from grin_ros.core.plausibility.picture import FrozenWatch
from grin_ros.ros.inputs.compressed import check_stream, pixels_of
from grin_ros.ros.inputs.content import is_depth
from grin_ros.ros.inputs.doubts import camera_info_doubts, message_doubt
from grin_ros.ros.inputs.images import check_layout, open_converter
from grin_ros.ros.inputs.messages import camera_from_info
from grin_ros.ros.inputs.newest_info import KEPT
from grin_ros.ros.inputs.tf import TfListener
from grin_ros.ros.message_types import COMPRESSED, IMAGE, INFO, TF_MESSAGE, message_class
from grin_ros.ros.node.diagnostics.message import REMEDY
from grin_ros.ros.operator.doctor.graph import Endpoint, Reception, RosGraph, SeenNode, Status, TopicEnds, cameras
from grin_ros.ros.operator.doctor.offers import ASKED, mountings_by_tf
from grin_ros.ros.operator.harness.messages import header_stamp_ns
from grin_ros.ros.starting import start_ros

AFTER_STAMP = 12
"""The stamp of a serialised message with a header ends at this byte."""
CLASSES: Mapping[str, Any] = {IMAGE: Image, COMPRESSED: CompressedImage, INFO: CameraInfo}
DISCOVERY_S = 2.0
"""The graph counts as known when nothing new has appeared for this long."""
DISCOVERY_LIMIT_S = 10.0
"""The longest time to wait for that, or for anything that is not the doctor's own."""
ANSWER_S = 3.0
"""The time to wait for the answer of a service."""
STATUS = ": depth"
"""The end of the name of a diagnostic status of a grin_ros node."""
OWN_NAME = "grin_doctor"
OWN_TOPICS = ("/rosout", "/parameter_events")
"""The topics that every node publishes, the doctor too."""


class Listener:
    """Counts the messages of one topic and keeps the newest one, serialised.

    It subscribes best effort, as the node does; where all publishers keep their last message, it asks for that one too.
    """

    def __init__(self, node: Node, topic: str, kind: str, kept: bool) -> None:
        self.kind = kind
        self.kept = kept
        self.arrivals_s: list[float] = []
        self.newest = b""
        self._stamps: set[int] = set()
        self._contents: set[int] = set()
        node.create_subscription(CLASSES[kind], topic, self._note, KEPT if kept else qos_profile_sensor_data, raw=True)

    def heard(self, now_ns: int) -> Reception:
        """Return what was received until now. now_ns: the time of the system clock."""
        if not self.arrivals_s:
            return Reception()
        span_s = self.arrivals_s[-1] - self.arrivals_s[0]
        rate_hz = (len(self.arrivals_s) - 1) / span_s if span_s > 0.0 else 0.01  # one message has no rate
        message = deserialize_message(self.newest, CLASSES[self.kind])
        stamp_ns = header_stamp_ns(self.newest)
        age_s = (now_ns - stamp_ns) / 1e9 if stamp_ns else None
        depth = not isinstance(message, CameraInfo) and is_depth(message)
        problem = problem_of(message)
        doubts: tuple[Doubt, ...] = ()
        if problem is None and not depth:
            try:
                doubts = tuple(doubts_of(message)) or tuple(self._frozen(span_s))
            except InputError as corrupt:
                problem = corrupt
        return Reception(rate_hz, message.header.frame_id, age_s, problem, doubts, depth, self.kept)

    def _frozen(self, span_s: float) -> Iterator[Doubt]:
        """Yield the doubt that all images are the same although their stamps differ."""
        same = self.kind != INFO and len(self._contents) == 1
        if same and len(self._stamps) >= FrozenWatch.MIN_COUNT and span_s * 1e9 >= FrozenWatch.MIN_TIME_NS:
            yield doubt("frozen", count=len(self._stamps))

    def _note(self, data: bytes) -> None:
        self.arrivals_s.append(time.monotonic())
        self.newest = data
        self._stamps.add(header_stamp_ns(data))
        if len(self._contents) < 2:  # enough to know that they differ
            self._contents.add(hash(data[AFTER_STAMP:]))


def look(seconds: float, limit_s: float = DISCOVERY_LIMIT_S) -> RosGraph:
    """Join the graph, listen for `seconds`, and leave. Raises what rclpy raises if ROS does not work.

    limit_s: the longest time to wait for discovery.
    """
    context = Context()
    start_ros(context=context)
    node = Node(OWN_NAME, context=context, start_parameter_services=False)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    try:
        return _look(node, executor, seconds, limit_s)
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)


def _look(node: Node, executor: SingleThreadedExecutor, seconds: float, limit_s: float) -> RosGraph:
    told: dict[str, Status] = {}

    def note(array: DiagnosticArray) -> None:
        for status in array.status:
            if status.name.endswith(STATUS):
                remedy = next((pair.value for pair in status.values if pair.key == REMEDY), "")
                told["/" + status.name.removesuffix(STATUS)] = Status(status.level[0], status.message, remedy)

    node.create_subscription(DiagnosticArray, "/diagnostics", note, QoSProfile(depth=20))
    _discover(node, executor, limit_s)
    tree = TransformTree()
    if message_class(TF_MESSAGE) is not None:
        TfListener(node, tree)
    listeners: dict[str, Listener] = {}
    for turn in range(2):  # a second time only for topics that were found while it listened
        topics = _topics(node)
        wanted = _worth_hearing(topics, {*told, *_running(node)})
        new = {name: kind for name, kind in wanted.items() if name not in listeners}
        if turn and not new:
            break
        listeners |= {name: Listener(node, name, kind, _kept(topics[name])) for name, kind in new.items()}
        _spin(executor, seconds, lambda: False)
    now_ns = time.time_ns()
    heard = {name: listener.heard(now_ns) for name, listener in listeners.items()}
    names = sorted({*told, *_running(node)})
    count = Counter(f"{namespace.rstrip('/')}/{name}" for name, namespace in node.get_node_names_and_namespaces())
    return RosGraph(
        nodes=[replace(_grin_node(node, executor, name, told.get(name)), count=count[name]) for name in names],
        topics=topics,
        heard=heard,
        seconds=seconds,
        middleware=str(get_rmw_implementation_identifier()),
        domain=node.context.get_domain_id(),
        mountings=mountings_by_tf(tree, {each.frame_id.lstrip("/") for each in heard.values()}),
    )


def _discover(node: Node, executor: SingleThreadedExecutor, limit_s: float) -> None:
    """Wait until something is seen that is not the doctor's own, and then until nothing new appears."""
    start = changed_s = time.monotonic()
    seen: object = None
    alone = True
    while (now_s := time.monotonic()) - start < limit_s and (alone or now_s - changed_s < DISCOVERY_S):
        _spin(executor, 0.1, lambda: False)
        topics = [name for name, _ in node.get_topic_names_and_types()]
        here = sorted(node.get_node_names_and_namespaces()), sorted(topics)
        if here != seen:
            seen, changed_s = here, time.monotonic()
            alone = not any(node.count_publishers(name) for name in topics if name not in OWN_TOPICS)


def _running(node: Node) -> list[str]:
    """Return the lifecycle nodes that are called grin, in any namespace."""
    found = []
    for name, namespace in node.get_node_names_and_namespaces():
        if name == "grin":
            full = f"{namespace.rstrip('/')}/{name}"
            services = dict(node.get_service_names_and_types_by_node(name, namespace))
            if f"{full}/get_state" in services:
                found.append(full)
    return found


def _grin_node(node: Node, executor: SingleThreadedExecutor, name: str, status: Status | None) -> SeenNode:
    state = _ask(node, executor, GetState, f"{name}/get_state", GetState.Request())
    # One request for all would be answered with nothing by a node that lacks one of them.
    time_of = _parameters(node, executor, name, ["use_sim_time"])
    use_sim_time = time_of.get("use_sim_time")
    return SeenNode(
        name,
        "" if state is None else str(state.current_state.label),
        use_sim_time if isinstance(use_sim_time, bool) else None,
        status,
        uses=_parameters(node, executor, name, ASKED) if time_of else {},  # it does not answer, so do not wait again
    )


def _parameters(node: Node, executor: SingleThreadedExecutor, name: str, wanted: Sequence[str]) -> dict[str, Any]:
    """Return those of the wanted parameters of a node that are set; none if it does not answer."""
    request = GetParameters.Request(names=list(wanted))
    answer = _ask(node, executor, GetParameters, f"{name}/get_parameters", request)
    values = [] if answer is None else map(parameter_value_to_python, answer.values)
    return {each: value for each, value in zip(wanted, values, strict=False) if value is not None}


def _ask(node: Node, executor: SingleThreadedExecutor, kind: Any, name: str, request: Any) -> Any:
    """Return the response of a service, or None if there is none in time."""
    client = node.create_client(kind, name)
    try:
        if not _spin(executor, ANSWER_S, client.service_is_ready):
            return None
        future = client.call_async(request)
        return future.result() if _spin(executor, ANSWER_S, future.done) else None
    finally:
        node.destroy_client(client)


def _spin(executor: SingleThreadedExecutor, limit_s: float, done: Callable[[], bool]) -> bool:
    """Serve callbacks until `done` returns True, and return True; or return False after `limit_s`."""
    deadline = time.monotonic() + limit_s
    while not done():
        left_s = deadline - time.monotonic()
        if left_s <= 0.0:
            return False
        executor.spin_once(timeout_sec=min(left_s, 0.05))
    return True


def _topics(node: Node) -> dict[str, TopicEnds]:
    found = {}
    for name, _ in node.get_topic_names_and_types():
        publishers = [_endpoint(info) for info in node.get_publishers_info_by_topic(name)]
        subscribers = [_endpoint(info) for info in node.get_subscriptions_info_by_topic(name)]
        own = f"/{OWN_NAME}"
        found[name] = TopicEnds(publishers, [end for end in subscribers if end.node != own])
    return found


def _worth_hearing(topics: Mapping[str, TopicEnds], nodes: Collection[str]) -> dict[str, str]:
    """Return topic -> type of the image topics, their camera_info, and what the grin_ros `nodes` subscribe to."""
    around = RosGraph(nodes=[SeenNode(name) for name in nodes], topics=topics)
    pairs = [each for pair in cameras(around) for each in pair if each]
    inputs = [name for name, topic in topics.items() if any(end.node in nodes for end in topic.subscribers)]
    wanted: dict[str, str] = {}
    for name in {*inputs, *pairs}:
        types = {end.type for end in topics[name].publishers} & CLASSES.keys()
        if len(types) == 1:  # two types on one topic: nobody can hear both
            wanted[name] = types.pop()
    return wanted


def _endpoint(info: TopicEndpointInfo) -> Endpoint:
    return Endpoint(
        node=f"{info.node_namespace.rstrip('/')}/{info.node_name}",
        type=info.topic_type,
        reliable=info.qos_profile.reliability == ReliabilityPolicy.RELIABLE,
        transient_local=info.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL,
    )


def _kept(topic: TopicEnds) -> bool:
    """Return True if all publishers of a camera_info keep their last message, and a subscription can ask for it."""
    return all(end.type == INFO and end.transient_local and end.reliable for end in topic.publishers)


def doubts_of(message: Any) -> Iterator[Doubt]:
    """Yield what is implausible about a message that `problem_of` has passed. Raises InputError if it is corrupt."""
    if isinstance(message, CameraInfo):
        yield from camera_info_doubts(message)
        return
    found = message_doubt(message, pixels_of(message, open_converter()))
    if found:
        yield found


def problem_of(message: Any) -> InputError | None:
    """Return why the node would refuse a message; None if it would not."""
    try:
        if isinstance(message, CameraInfo):
            camera_from_info(message)
        elif isinstance(message, CompressedImage):
            check_stream(message)
        else:
            check_layout(message)
    except InputError as error:
        return error
    return None
