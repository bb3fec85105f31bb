# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node as its users see it: a process, a lifecycle, frames in, outputs back. For the demo, benchmarks and tests.

prepare_environment()
with NodeProcess({"model": "nano"}, log) as process, Driver(process, on_output) as driver:
    driver.bring_up()
    driver.send(image_message(image), camera_info_message(camera), time.time_ns())
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from numpy.typing import NDArray
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from grin_ros.core.geometry.camera import Camera

OUTPUTS: Mapping[str, Any] = {
    "depth/image": Image,
    "depth/sigma": Image,
    "depth/camera_info": CameraInfo,
    "points": PointCloud2,
    "/diagnostics": DiagnosticArray,
}
"""Topic -> message class of everything that the node publishes by default."""

FRAME_ID = "camera_optical_frame"
TRANSITIONS = {
    Transition.TRANSITION_CONFIGURE: "configure",
    Transition.TRANSITION_ACTIVATE: "activate",
    Transition.TRANSITION_DEACTIVATE: "deactivate",
    Transition.TRANSITION_CLEANUP: "cleanup",
}
CONFIGURE_S = 60.0  # opening an engine and checking its golden sample, on a slow and busy machine
ANSWER_S = 30.0


class DrivingError(RuntimeError):
    """The node did not do what it was asked; the text says what, and what it logged last."""


@dataclass(frozen=True)
class Received:
    """One serialised message as it came. stamp_ns: of its header; received_ns: time.time_ns() at its arrival."""

    topic: str
    data: bytes
    stamp_ns: int
    received_ns: int


def prepare_environment() -> None:
    """Set, for this process and those it starts, what ROS 2 reads at its start: call it before anything of rclpy.

    The traffic stays on this machine and in a domain of its own, large images fit through shared memory (the shipped
    Fast DDS profile), and the PyPI wheels find their resources. What the user has set stays, but for the first two.
    """
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 100))
    os.environ.setdefault("AMENT_PREFIX_PATH", sys.prefix)
    profile = str(dds_profile())
    for name in ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"):  # Fast DDS 2 and 3
        os.environ.setdefault(name, profile)


def dds_profile() -> Path:
    """config/fastdds.xml: in the source tree, or where pip or colcon installed it. Raises FileNotFoundError."""
    source = Path(__file__).resolve().parents[3] / "config"
    prefixes = [sys.prefix, *os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)]
    for folder in (source, *(Path(prefix) / "share" / "grin_ros" / "config" for prefix in prefixes if prefix)):
        if (folder / "fastdds.xml").is_file():
            return folder / "fastdds.xml"
    searched = ", ".join([str(source), *prefixes])
    raise FileNotFoundError(f"config/fastdds.xml: not found in or under {searched}; reinstall grin_ros")


class NodeProcess:
    """The node as a process of its own, with its log in a file. A context manager: it ends with the block."""

    def __init__(
        self,
        parameters: Mapping[str, bool | int | float | str],
        log: Path,
        *,
        name: str = "grin",
        module: str = "grin_ros.ros.node.lifecycle",
    ) -> None:
        """module: what `python -m` runs."""
        self.name = name
        self.log = log
        command = [sys.executable, "-m", module, "--ros-args", "-r", f"__node:={name}"]
        for key, value in parameters.items():
            command += ["-p", f"{key}:={json.dumps(value)}"]  # JSON is YAML: a text in quotes stays a text
        with log.open("wb") as stream:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT)

    @property
    def pid(self) -> int:
        return self._process.pid

    def check(self) -> None:
        """Raises DrivingError if the process has ended."""
        code = self._process.poll()
        if code is not None:
            raise DrivingError(f"the node's process ended (exit code {code}). Its last log lines:\n{self.tail()}")

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) or "(it logged nothing)"

    def stop(self, timeout_s: float = 15.0) -> int:
        """Ctrl-C, as a user would; then harder. The exit code."""
        for attempt in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is not None:
                break
            self._process.send_signal(attempt)
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                continue
        return self._process.wait(timeout_s)

    def __enter__(self) -> NodeProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Driver:
    """Talks to a running node: lifecycle services, a camera's two topics, all outputs. A context manager.

    on_output is called for every message that arrives, in a thread of the driver's.
    """

    def __init__(
        self,
        process: NodeProcess,
        on_output: Callable[[Received], None],
        topics: Mapping[str, Any] = OUTPUTS,
    ) -> None:
        self._process = process
        self._on_output = on_output
        self._changed = threading.Condition()
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node(f"{process.name}_driver", context=self._context, start_parameter_services=False)
        self._change_state = self._node.create_client(ChangeState, f"{process.name}/change_state")
        self._image = self._node.create_publisher(Image, "image", qos_profile_sensor_data)
        self._camera_info = self._node.create_publisher(CameraInfo, "camera_info", qos_profile_sensor_data)
        reliable = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
        self._topics = dict(topics)
        for topic, kind in self._topics.items():
            self._node.create_subscription(kind, topic, self._receiver(topic), reliable, raw=True)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, name="driver", daemon=True)
        self._thread.start()

    def bring_up(self) -> None:
        """Configure and activate the node, and wait until all topics are connected. Raises DrivingError."""
        self.transition(Transition.TRANSITION_CONFIGURE, CONFIGURE_S)
        self.transition(Transition.TRANSITION_ACTIVATE)
        self.wait(self._connected, ANSWER_S, "connect its topics")

    def shut_down(self) -> None:
        """Deactivate the node and free what it holds. Raises DrivingError."""
        self.transition(Transition.TRANSITION_DEACTIVATE)
        self.transition(Transition.TRANSITION_CLEANUP)

    def transition(self, transition_id: int, timeout_s: float = ANSWER_S) -> None:
        """Request one lifecycle transition and wait for it. Raises DrivingError: refused, no answer, node dead."""
        label = TRANSITIONS[transition_id]
        self.wait(self._change_state.service_is_ready, ANSWER_S, "offer its lifecycle services")
        request = ChangeState.Request(transition=Transition(id=transition_id))
        future = self._change_state.call_async(request)
        future.add_done_callback(lambda _: self._notify())
        self.wait(future.done, timeout_s, f"answer '{label}'")
        if not future.result().success:
            raise DrivingError(f"the node refused to {label}. Its last log lines:\n{self._process.tail()}")

    def send(self, image: Image, info: CameraInfo, stamp_ns: int) -> None:
        """Publish one frame and its CameraInfo, both with this stamp."""
        self._camera_info.publish(stamped(info, stamp_ns))
        self._image.publish(stamped(image, stamp_ns))

    def wait(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Until `condition`, asked again whenever something arrives. Raises DrivingError: time is up, or node dead."""
        if not self.reached(condition, timeout_s):
            raise DrivingError(
                f"the node did not {what} within {timeout_s:.0f} s. Its last log lines:\n{self._process.tail()}"
            )

    def reached(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """As `wait`, but says whether it came to that. Raises DrivingError if the node died."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not condition():
                self._process.check()
                left_s = deadline - time.monotonic()
                if left_s <= 0.0:
                    return False
                self._changed.wait(min(left_s, 0.05))  # discovery wakes nobody, so look again now and then
        return True

    def _connected(self) -> bool:
        inputs = (self._image.get_subscription_count(), self._camera_info.get_subscription_count())
        return all(inputs) and all(self._node.count_publishers(topic) for topic in self._topics)

    def _receiver(self, topic: str) -> Callable[[bytes], None]:
        def receive(data: bytes) -> None:
            received_ns = time.time_ns()
            self._on_output(Received(topic, data, header_stamp_ns(data), received_ns))
            self._notify()

        return receive

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):  # the end that __exit__ asks for
            self._executor.spin()

    def __enter__(self) -> Driver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.shutdown()
        self._thread.join(timeout=5.0)
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)


def image_message(image: NDArray[np.uint8]) -> Image:
    """(H, W, 3) uint8 RGB -> sensor_msgs/Image, rgb8, without a stamp."""
    message = Image(height=image.shape[0], width=image.shape[1], encoding="rgb8", step=3 * image.shape[1])
    message.header.frame_id = FRAME_ID
    message.data = image.tobytes()  # an ndarray would be converted element by element
    return message


def camera_info_message(camera: Camera) -> CameraInfo:
    """sensor_msgs/CameraInfo of the camera, without a stamp."""
    message = CameraInfo(height=camera.height, width=camera.width)
    message.header.frame_id = FRAME_ID
    message.distortion_model = "plumb_bob" if camera.distortion_model == "none" else camera.distortion_model
    message.d = list(camera.distortion) or [0.0] * 5
    message.k = camera.K.ravel()
    message.r = np.eye(3).ravel()
    message.p = np.hstack([camera.K, np.zeros((3, 1))]).ravel()
    return message


def stamped(message: Any, stamp_ns: int) -> Any:
    """The same message, with this stamp in its header."""
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 10**9)
    return message


def header_stamp_ns(data: bytes) -> int:
    """The stamp of a serialised message that begins with a std_msgs/Header: CDR, 4 bytes of encapsulation before it."""
    seconds, nanoseconds = struct.unpack_from("<iI" if data[1] & 1 else ">iI", data, 4)
    return int(seconds) * 10**9 + int(nanoseconds)
