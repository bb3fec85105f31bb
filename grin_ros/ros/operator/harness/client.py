# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A client that talks to a running node: as its camera, its operator and a subscriber of its outputs."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterValue
from rcl_interfaces.srv import DescribeParameters, SetParameters
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from grin_ros.ros.operator.harness.messages import Received, header_stamp_ns, with_stamp
from grin_ros.ros.operator.harness.process import HarnessError, LoggedProcess

LIMIT_S = 60.0
"""The time to wait for an answer: opening an engine and checking its golden sample take long on a busy machine."""
RELIABLE = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
CONFIGURE = Transition.TRANSITION_CONFIGURE
ACTIVATE = Transition.TRANSITION_ACTIVATE
DEACTIVATE = Transition.TRANSITION_DEACTIVATE
CLEANUP = Transition.TRANSITION_CLEANUP
TRANSITIONS = {CONFIGURE: "configure", ACTIVATE: "activate", DEACTIVATE: "deactivate", CLEANUP: "cleanup"}
SERVICES = {
    "change_state": ChangeState,
    "describe_parameters": DescribeParameters,
    "set_parameters": SetParameters,
    "get_state": GetState,
}
"""The services of the node that a client asks. The node learns of the clients in this order, of `get_state` last."""
ASK_AGAIN_S = 2.0
"""The time after which `get_state` is asked again before the first other request."""


class NodeClient:
    """A client of one node, with a ROS context and a thread of its own. As a context manager it closes itself."""

    def __init__(
        self,
        process: LoggedProcess | None,
        name: str = "grin",
        *,
        compressed: bool = False,
        camera_qos: QoSProfile = RELIABLE,
    ) -> None:
        """Connect to the node `name`. `process` is checked while the client waits; None if somebody else started it."""
        self.process = process
        self.name = name
        self.received: dict[str, list[Any]] = defaultdict(list)
        self._changed = threading.Condition()
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self.ros = Node("grin_client", context=self._context, start_parameter_services=False)
        kind, topic = (CompressedImage, "image/compressed") if compressed else (Image, "image")
        self.image_publisher: Any = self.ros.create_publisher(kind, topic, camera_qos)
        self.info_publisher: Any = self.ros.create_publisher(CameraInfo, "camera_info", camera_qos)
        self.subscribe("/diagnostics", DiagnosticArray)
        self._services = {kind.Request: self.ros.create_client(kind, f"{name}/{at}") for at, kind in SERVICES.items()}
        self._known = False  # whether the node has discovered this client
        self._ended_by: Exception | None = None  # what ended the client's thread, other than `close`
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.ros)
        self._thread = threading.Thread(target=self._spin, name="grin_client", daemon=True)
        self._thread.start()

    def subscribe(self, topic: str, kind: Any) -> None:
        """Collect the messages of `topic` in `received`."""

        collected = self.received[topic]

        def note(message: Any) -> None:
            with self._changed:
                collected.append(message)
                self._changed.notify_all()

        self.ros.create_subscription(kind, topic, note, QoSProfile(depth=50))

    def listen(self, topic: str, kind: Any, on_message: Callable[[Received], None]) -> None:
        """Call `on_message` with every message of `topic`, serialised, in the client's thread."""

        def note(data: bytes) -> None:
            received_ns = time.time_ns()
            on_message(Received(topic, data, header_stamp_ns(data), received_ns))
            with self._changed:
                self._changed.notify_all()

        self.ros.create_subscription(kind, topic, note, RELIABLE, raw=True)

    def remove(self, publisher: Publisher) -> None:
        """Destroy a publisher of `ros`, in the client's thread.

        rclpy's executor fails with InvalidHandle if an entity is destroyed by another thread just before it waits.
        """
        topic = publisher.topic_name
        removed = self._executor.create_task(self.ros.destroy_publisher, publisher)
        self.wait(removed.done, f"end of the publisher of {topic}")

    def reached(self, condition: Callable[[], Any], timeout_s: float) -> Any:
        """Return the first true answer of `condition`, or the last false one after `timeout_s`.

        It is asked whenever a message arrives, and every 20 ms for what sends no message, such as discovery. Raises
        HarnessError if the node or the client's thread has ended.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not (answer := condition()):
                if self.process is not None:
                    self.process.check()
                if self._ended_by is not None:
                    raise HarnessError(f"The client hears nothing any more: {self._ended_by!r}") from self._ended_by
                left_s = deadline - time.monotonic()
                if left_s <= 0.0:
                    break
                self._changed.wait(min(left_s, 0.02))
        return answer

    def wait(self, condition: Callable[[], Any], what: str, timeout_s: float = LIMIT_S) -> Any:
        """Return the first true answer of `condition`. Raises HarnessError when time is up or the node has ended."""
        answer = self.reached(condition, timeout_s)
        if not answer:
            raise HarnessError(f"No {what} within {timeout_s:.0f} s. Last log lines of the node:\n{self.log()}")
        return answer

    def ask(self, request: Any) -> Any:
        """Send a request to the node's service of its type, one of `SERVICES`, and return the future of its response.

        A node that has not discovered a client yet loses the response to it, though it acts on the request. So the
        first request waits until the node has answered `get_state`, which may be asked again and again.
        """
        if not self._known:
            asked = GetState.Request()
            self.wait(lambda: self.reached(self._sent(asked).done, ASK_AGAIN_S), "answer of get_state")
            self._known = True
        return self._sent(request)

    def call(self, request: Any) -> Any:
        """Return the response of the node's service to a request."""
        future = self.ask(request)
        self.wait(future.done, f"answer to {type(request).__name__}")
        return future.result()

    def change(self, transition_id: int, label: str = "") -> bool:
        """Request a lifecycle transition, and return True if it succeeded."""
        request = ChangeState.Request(transition=Transition(id=transition_id, label=label))
        return bool(self.call(request).success)

    def state(self) -> str:
        """Return the label of the node's lifecycle state."""
        return str(self.call(GetState.Request()).current_state.label)

    def set_parameter(self, name: str, value: Any) -> tuple[bool, str]:
        """Set a parameter; return whether the node accepted it, and its reason if not."""
        future = self.ask_to_set(name, value)
        self.wait(future.done, f"answer to setting {name}")
        result = future.result().results[0]
        return bool(result.successful), str(result.reason)

    def ask_to_set(self, name: str, value: Any) -> Any:
        """Return the future response of set_parameters. `value` is a Python value or a ParameterValue."""
        if not isinstance(value, ParameterValue):
            value = Parameter(name, value=value).get_parameter_value()
        request = SetParameters.Request(parameters=[ParameterMessage(name=name, value=value)])
        return self.ask(request)

    def describe(self, *names: str) -> list[Any]:
        """Return the ParameterDescriptors of these parameters."""
        request = DescribeParameters.Request(names=names)
        return list(self.call(request).descriptors)

    def bring_up(self, topics: Mapping[str, Any], on_message: Callable[[Received], None] | None = None) -> None:
        """Configure and activate the node, and wait until its inputs and `topics` are connected.

        The messages of `topics` (topic -> message class) go to `on_message` serialised, or else into `received`.
        Raises HarnessError if the node refuses.
        """
        for topic, kind in topics.items():
            if on_message is not None:
                self.listen(topic, kind, on_message)
            elif topic not in self.received:
                self.subscribe(topic, kind)
        self._transitions(CONFIGURE, ACTIVATE)
        self.wait_connected(topics)

    def shut_down(self) -> None:
        """Deactivate the node and free what it holds. Raises HarnessError if it refuses."""
        self._transitions(DEACTIVATE, CLEANUP)

    def wait_connected(self, topics: Mapping[str, Any]) -> None:
        """Wait until the node subscribes to the image and camera_info of this client, and publishes `topics`."""
        self.wait(self.image_publisher.get_subscription_count, "subscription to the image")
        self.wait(self.info_publisher.get_subscription_count, "subscription to camera_info")
        self.wait(lambda: all(map(self.ros.count_publishers, topics)), "publishers of all outputs")

    def publish(self, image: Any, info: CameraInfo, stamp_ns: int) -> None:
        """Publish camera_info and then the image, both with this stamp."""
        self.info_publisher.publish(with_stamp(info, stamp_ns))
        self.image_publisher.publish(with_stamp(image, stamp_ns))

    def send(self, image: Any, info: CameraInfo | None) -> None:
        """Publish camera_info unless it is None, wait until the node has counted it, then publish the image."""
        if info is not None:
            key = "camera_info received"
            self.wait(lambda: self.value(key), "diagnostics")
            before = int(self.value(key))
            self.info_publisher.publish(info)
            self.wait(lambda: int(self.value(key)) > before, "camera_info in the diagnostics")
        self.image_publisher.publish(image)

    def send_until(self, image: Any, info: CameraInfo, condition: Callable[[], Any], what: str) -> Any:
        """Publish both every 0.1 s until `condition` is true, and return its answer.

        The first frames after two ends have found each other may be lost. Raises HarnessError after LIMIT_S.
        """
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            self.info_publisher.publish(info)
            self.image_publisher.publish(image)
            if answer := self.reached(condition, 0.1):
                return answer
        raise HarnessError(f"No {what} within {LIMIT_S:.0f} s. Last log lines of the node:\n{self.log()}")

    def log(self) -> str:
        """Return the last lines that the node has logged."""
        return self.process.tail(40) if self.process else "(this client did not start the node)"

    def stamped(self, topic: str, stamp_s: int) -> list[Any]:
        """Return the collected messages of `topic` whose stamp has these seconds."""
        return [message for message in list(self.received[topic]) if message.header.stamp.sec == stamp_s]

    def status(self) -> DiagnosticStatus | None:
        """Return the newest diagnostic status of the node, or None if there is none yet."""
        told = self.received["/diagnostics"]
        return told[-1].status[0] if told else None

    def value(self, key: str) -> str:
        """Return a value of the newest diagnostic status; empty if it has no such key."""
        status = self.status()
        return {pair.key: pair.value for pair in status.values}.get(key, "") if status else ""

    def close(self) -> None:
        """End the client's thread and its ROS context."""
        self._executor.shutdown()
        self._thread.join(10.0)
        self.ros.destroy_node()
        rclpy.shutdown(context=self._context)

    def _sent(self, request: Any) -> Any:
        client = self._services[type(request)]
        self.wait(client.service_is_ready, f"service for {type(request).__name__}")
        return client.call_async(request)

    def _transitions(self, *transition_ids: int) -> None:
        for transition_id in transition_ids:
            if not self.change(transition_id):
                label = TRANSITIONS[transition_id]
                raise HarnessError(f"The node refused to {label}. Its last log lines:\n{self.log()}")

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:  # `close` ends it this way
            pass
        except Exception as error:
            self._ended_by = error

    def __enter__(self) -> NodeClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
