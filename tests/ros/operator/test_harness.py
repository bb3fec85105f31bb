# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The harness: the environment for ROS 2, the messages of a camera, and the end of a process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import rclpy
from lifecycle_msgs.srv import GetState
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.service import Service
from rclpy.signals import SignalHandlerOptions
from std_msgs.msg import Empty

from grin_ros.core.geometry.camera import Camera
from grin_ros.ros.dds_profile import PROFILE_VARIABLES, profile_variables
from grin_ros.ros.inputs.images import open_converter
from grin_ros.ros.inputs.messages import camera_from_info
from grin_ros.ros.operator.harness.client import NodeClient
from grin_ros.ros.operator.harness.environment import prepare_environment
from grin_ros.ros.operator.harness.messages import camera_info_message, image_message
from grin_ros.ros.operator.harness.process import HarnessError, NodeProcess
from tests.ros import ROOT
from tests.ros.waiting import alive, until

(PROFILE, *_) = profile_variables(os.environ)


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Unset the variables of ROS, as in a new shell; they are restored afterwards."""
    names = ("AMENT_PREFIX_PATH", "ROS_DOMAIN_ID", "ROS_AUTOMATIC_DISCOVERY_RANGE")
    for name in (*names, *PROFILE_VARIABLES):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.usefixtures("clean")
def test_the_environment_keeps_traffic_local_and_names_the_wheels_prefix() -> None:
    prepare_environment()
    assert os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    assert 1 <= int(os.environ["ROS_DOMAIN_ID"]) <= 100
    assert os.environ["AMENT_PREFIX_PATH"] == sys.prefix
    assert "maxMessageSize" in Path(os.environ[PROFILE]).read_text()


def test_a_users_profile_and_ros_installation_are_kept(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("AMENT_PREFIX_PATH", "/opt/ros/jazzy")
    clean.setenv(PROFILE, "/etc/mine.xml")
    prepare_environment()
    assert os.environ["AMENT_PREFIX_PATH"] == "/opt/ros/jazzy"
    assert os.environ[PROFILE] == "/etc/mine.xml"


@pytest.mark.parametrize(
    "camera",
    [
        Camera(640, 480, 525.0, 520.0, 319.5, 239.5),
        Camera(641, 479, 400.0, 410.0, 300.0, 250.0, "plumb_bob", (0.1, -0.2, 0.001, 0.002, 0.05)),
        Camera(320, 240, 160.0, 160.0, 159.0, 119.0, "equidistant", (0.01, 0.02, -0.01, 0.003)),
    ],
)
def test_camera_info_gives_the_same_camera_again(camera: Camera) -> None:
    again = camera_from_info(camera_info_message(camera))
    assert (again.width, again.height) == (camera.width, camera.height)
    pixels = [[0.0, 0.0], [camera.width - 1.0, 17.0], [camera.cx, camera.cy]]
    np.testing.assert_allclose(again.unproject(pixels), camera.unproject(pixels), atol=1e-12)


def test_the_image_message_holds_the_pixels() -> None:
    image = np.random.default_rng(0).integers(0, 256, (7, 5, 3), np.uint8)
    np.testing.assert_array_equal(open_converter()(image_message(image)), image)


def test_a_client_whose_first_response_is_lost_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node loses the response to a client that it has not discovered yet."""
    sent: list[object] = []
    send = Service.send_response

    def lossy(service: Service, response: object, header: object) -> None:
        sent.append(response)
        if len(sent) > 1:
            send(service, response, header)

    def answer(_: GetState.Request, response: GetState.Response) -> GetState.Response:
        response.current_state.label = "active"
        return response

    monkeypatch.setattr(Service, "send_response", lossy)
    context = Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    node = Node("lossy", context=context, start_parameter_services=False)
    node.create_service(GetState, "lossy/get_state", answer)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    serving = threading.Thread(target=executor.spin)
    serving.start()
    try:
        with NodeClient(None, "lossy") as client:
            assert client.state() == "active"
        assert len(sent) >= 3, "one was lost, one says that the client is known, and one answers"
    finally:
        executor.shutdown()
        serving.join(10.0)
        rclpy.shutdown(context=context)


def test_a_publisher_is_removed_while_the_client_listens() -> None:
    """The interpreter switches threads as often as it can, so that another order than that of `remove` fails."""
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(5):
            with NodeClient(None) as client:
                client.remove(client.image_publisher)
                client.remove(client.info_publisher)
                assert not client.reached(lambda: client.ros.count_publishers("image"), 0.05)
    finally:
        sys.setswitchinterval(interval_s)


def test_a_client_whose_thread_has_ended_says_so() -> None:
    def fail(_: Empty) -> None:
        raise ValueError("a callback that fails")

    with NodeClient(None) as client:
        client.ros.create_subscription(Empty, "broken", fail, 1)
        publisher = client.ros.create_publisher(Empty, "broken", 1)

        def sent() -> bool:
            publisher.publish(Empty())
            return False

        with pytest.raises(HarnessError, match="a callback that fails"):
            client.wait(sent, "message")


STUBBORN = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""


def test_a_process_that_ignores_ctrl_c_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stubborn.py").write_text(STUBBORN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    process = NodeProcess(tmp_path / "node.log", {}, module="stubborn")
    deadline = time.monotonic() + 60.0
    while "ready" not in process.tail():
        assert time.monotonic() < deadline
        process.check()
        time.sleep(0.02)
    assert process.stop(timeout_s=0.5) != 0
    with pytest.raises(HarnessError, match=r"process ended with exit code -15(.|\n)*ready"):
        process.check()


def test_a_process_that_nobody_stops_ends_with_the_program(tmp_path: Path) -> None:
    """A test that fails while a node comes up would leave it in the domain of later tests."""
    program = (
        "from pathlib import Path; from grin_ros.ros.operator.harness.process import LoggedProcess; "
        f"process = LoggedProcess(Path({str(tmp_path / 'log')!r}), ['sleep', '600']); print(process.pid)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    until(lambda: not alive(int(done.stdout)), 30.0, "the end of the process")
