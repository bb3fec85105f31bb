# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node as a process of its own, and a client that talks to it over DDS. Every wait is for something, and ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from numpy.typing import NDArray
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, SetParameters
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 60.0
WIDTH, HEIGHT = 32, 24
FRAME = "camera_optical"
INFOS = "camera_info received"
TOPICS = {
    "depth/image": Image,
    "depth/sigma": Image,
    "depth/camera_info": CameraInfo,
    "depth/image_mm": Image,
    "points": PointCloud2,
}
CONFIGURE = Transition.TRANSITION_CONFIGURE
ACTIVATE = Transition.TRANSITION_ACTIVATE
DEACTIVATE = Transition.TRANSITION_DEACTIVATE
CLEANUP = Transition.TRANSITION_CLEANUP


class NodeProcess:
    """`python -m MODULE --ros-args -p ...`; its output is in `log`."""

    def __init__(
        self,
        log: Path,
        parameters: Mapping[str, Any],
        *arguments: str,
        module: str = "tests.ros.fake_node",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        command = [sys.executable, "-m", module, "--ros-args", *arguments]
        for name, value in parameters.items():
            command += ["-p", f"{name}:={value if isinstance(value, str) else json.dumps(value)}"]
        variables = {**os.environ, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1", **(environment or {})}
        variables.pop("_ROS_WHEELS_BOOTSTRAP_COMPLETE", None)
        self.log = log
        with log.open("wb") as stream:
            self.process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=stream, stderr=subprocess.STDOUT)

    def text(self) -> str:
        """All it has said."""
        return self.log.read_text(errors="replace")

    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def stop(self) -> int:
        """Interrupt it, as a launch file does; killed if it does not end. Its exit code."""
        if self.alive():
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20.0)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait(20.0)


class Client:
    """One ROS context with all that a test needs of the node `name`. Its callbacks run in a thread of its own."""

    def __init__(self, node: NodeProcess | None, name: str = "grin", compressed: bool = False) -> None:
        self.node_process = node
        self.name = name
        self.received: dict[str, list[Any]] = defaultdict(list)
        self._changed = threading.Condition()
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self.ros = Node("test_client", context=self._context)
        reliable = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
        self.image_publisher: Any = (
            self.ros.create_publisher(CompressedImage, "image/compressed", reliable)
            if compressed
            else self.ros.create_publisher(Image, "image", reliable)
        )
        self.info_publisher: Any = self.ros.create_publisher(CameraInfo, "camera_info", reliable)
        self.subscribe("/diagnostics", DiagnosticArray)
        self._clients: dict[str, Any] = {}
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.ros)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def subscribe(self, topic: str, message_type: Any) -> Any:
        """Collect the messages of `topic` in `received`."""

        def note(message: Any) -> None:
            with self._changed:
                self.received[topic].append(message)
                self._changed.notify_all()

        return self.ros.create_subscription(message_type, topic, note, QoSProfile(depth=50))

    def wait(self, condition: Callable[[], Any], what: str, limit_s: float = LIMIT_S) -> Any:
        """The first true answer of `condition`, asked whenever something arrives (and every 20 ms, for discovery)."""
        deadline = time.monotonic() + limit_s
        with self._changed:
            while True:
                answer = condition()
                if answer:
                    return answer
                node = self.node_process
                assert node is None or node.alive(), f"the node died, waiting for {what}:\n{self.log()}"
                assert time.monotonic() < deadline, f"no {what} in {limit_s} s; the node says:\n{self.log()}"
                self._changed.wait(0.02)

    def ask(self, service_type: Any, name: str, request: Any) -> Any:
        """The future response of the node's service `name`."""
        if name not in self._clients:
            self._clients[name] = self.ros.create_client(service_type, f"{self.name}/{name}")
        client = self._clients[name]
        self.wait(client.service_is_ready, f"service {name}")
        return client.call_async(request)

    def call(self, service_type: Any, name: str, request: Any) -> Any:
        """The response of the node's service `name`."""
        future = self.ask(service_type, name, request)
        self.wait(future.done, f"answer of {name}")
        return future.result()

    def change(self, transition_id: int, label: str = "") -> bool:
        """Whether the lifecycle transition succeeded."""
        request = ChangeState.Request(transition=Transition(id=transition_id, label=label))
        return bool(self.call(ChangeState, "change_state", request).success)

    def state(self) -> str:
        """The lifecycle state's label."""
        return str(self.call(GetState, "get_state", GetState.Request()).current_state.label)

    def set_parameter(self, name: str, value: Any) -> tuple[bool, str]:
        """Whether it was accepted, and the reason if not. value: a Python value or a ParameterValue."""
        future = self.ask_to_set(name, value)
        self.wait(future.done, f"answer to setting {name}")
        result = future.result().results[0]
        return bool(result.successful), str(result.reason)

    def ask_to_set(self, name: str, value: Any) -> Any:
        """The future response of set_parameters."""
        request = SetParameters.Request(parameters=[Parameter(name=name, value=parameter_value(value))])
        return self.ask(SetParameters, "set_parameters", request)

    def describe(self, *names: str) -> list[Any]:
        """ParameterDescriptors."""
        request = DescribeParameters.Request(names=names)
        return list(self.call(DescribeParameters, "describe_parameters", request).descriptors)

    def bring_up(self, topics: Mapping[str, Any] = TOPICS) -> None:
        """Configure, activate, subscribe to `topics`, and wait until every end is connected."""
        assert self.change(CONFIGURE), self.log()
        assert self.change(ACTIVATE), self.log()
        for topic, message_type in topics.items():
            if topic not in self.received:
                self.received[topic] = []
                self.subscribe(topic, message_type)
        self.wait_connected(topics)

    def wait_connected(self, topics: Mapping[str, Any] = TOPICS) -> None:
        """Until the node's subscriptions and its publishers of `topics` are matched with this client's."""
        self.wait(lambda: self.image_publisher.get_subscription_count() == 1, "subscription of the image")
        self.wait(lambda: self.info_publisher.get_subscription_count() == 1, "subscription of camera_info")
        self.wait(lambda: all(self.ros.count_publishers(topic) == 1 for topic in topics), "publishers of all outputs")

    def send(self, image: Any, info: Any) -> None:
        """camera_info, known to have arrived, then the image. camera_info may be None."""
        if info is not None:
            before = int(self.value(INFOS))
            self.info_publisher.publish(info)
            self.wait(lambda: int(self.value(INFOS)) > before, "camera_info in the diagnostics")
        self.image_publisher.publish(image)

    def send_until(self, image: Any, info: Any, condition: Callable[[], Any], what: str) -> Any:
        """Send again and again, as a camera does (the first frames after matching may be lost), until `condition`."""
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            self.info_publisher.publish(info)
            self.image_publisher.publish(image)
            with self._changed:
                answer = condition() or (self._changed.wait(0.1), condition())[1]
            if answer:
                return answer
        raise AssertionError(f"no {what}; the node says:\n{self.log()}")

    def log(self) -> str:
        """The end of what the node has said."""
        return self.node_process.text()[-3000:] if self.node_process else "(not started by this client)"

    def stamped(self, topic: str, stamp_s: int) -> list[Any]:
        """The messages of `topic` with this stamp."""
        return [message for message in list(self.received[topic]) if message.header.stamp.sec == stamp_s]

    def status(self) -> DiagnosticStatus | None:
        """The newest diagnostic status of the node."""
        told = self.received["/diagnostics"]
        return told[-1].status[0] if told else None

    def value(self, key: str) -> str:
        """A value of the newest status; empty where it is not there."""
        status = self.status()
        return {pair.key: pair.value for pair in status.values}.get(key, "") if status else ""

    def close(self) -> None:
        """End the thread and the context."""
        self._executor.shutdown()
        self._thread.join(10.0)
        self.ros.destroy_node()
        rclpy.shutdown(context=self._context)

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()


def parameter_value(value: Any) -> ParameterValue:
    """As rclpy's Parameter does, but a test may hand a ParameterValue of its own."""
    if isinstance(value, ParameterValue):
        return value
    if isinstance(value, bool):
        return ParameterValue(type=ParameterType.PARAMETER_BOOL, bool_value=value)
    if isinstance(value, int):
        return ParameterValue(type=ParameterType.PARAMETER_INTEGER, integer_value=value)
    if isinstance(value, float):
        return ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)
    return ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=value)


def picture(seed: int = 0, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """Any (H, W, 3) uint8 image that the fake backend accepts."""
    image = np.random.default_rng(seed).integers(14, 256, (height, width, 3), np.uint8)
    image[: height // 4, :, 0] = 0  # invalid depth
    return image


def image_message(image: NDArray[np.uint8], stamp_s: int, frame: str = FRAME) -> Image:
    """rgb8, without padding."""
    message = Image(height=image.shape[0], width=image.shape[1], encoding="rgb8", step=image.shape[1] * 3)
    message.data.frombytes(image.tobytes())
    message.header.frame_id = frame
    message.header.stamp.sec = stamp_s
    return message


def info_message(width: int = WIDTH, height: int = HEIGHT, **fields: Any) -> CameraInfo:
    """A good CameraInfo of this size; `fields` replace."""
    f_px = float(width)
    message = CameraInfo(width=width, height=height, distortion_model="plumb_bob", d=[0.01, -0.02, 0.001, 0.0, 0.0])
    message.k = [f_px, 0.0, (width - 1) / 2, 0.0, f_px, (height - 1) / 2, 0.0, 0.0, 1.0]
    message.header.frame_id = FRAME
    for name, value in fields.items():
        setattr(message, name, value)
    return message
