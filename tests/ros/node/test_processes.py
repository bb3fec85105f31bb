# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes in processes of their own: one that cannot be configured, a slow one, simulated time, a real backend.

What a process does with an exception of a callback is tested in this process.
"""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.context import Context
from rclpy.signals import SignalHandlerOptions
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image

from benchmarks.stand_in.camera import HEIGHT, WIDTH, info_message, picture
from benchmarks.stand_in.engine import BACKEND, DELAY_VARIABLE, fake_depth_m
from benchmarks.stand_in.process import start_node
from grin_ros.core.types import Frame
from grin_ros.ros import commands
from grin_ros.ros.node.lifecycle import GrinNode
from grin_ros.ros.node.process import spin
from grin_ros.ros.operator.harness.client import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, NodeClient
from grin_ros.ros.operator.harness.messages import FRAME_ID, image_message
from tests.ros import IN_PROCESS_DOMAIN

Start = Callable[..., NodeClient]
DEPTH = {"depth/image": Image}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start node processes with these parameters, each with a client. All end with the test."""
    clients: list[NodeClient] = []

    def make(*arguments: str, name: str = "grin", compressed: bool = False, **options: Any) -> NodeClient:
        parameters = {"diagnostics_period_s": 0.1, **options.pop("parameters")}
        process = start_node(tmp_path / f"log{len(clients)}", parameters, *arguments, **options)
        clients.append(NodeClient(process, name, compressed=compressed))
        return clients[-1]

    yield make
    for client in clients:
        assert client.process is not None
        client.process.stop()
        client.close()


def test_a_node_that_cannot_be_configured_says_why_and_goes_on(start: Start) -> None:
    client = start(parameters={"model": "nonesuch", "backend": BACKEND})
    for index in range(200):
        assert not client.change((ACTIVATE, DEACTIVATE, CLEANUP, 99)[index % 4]), "possible before configure?"
    assert not client.change(CONFIGURE)
    assert client.state() == "unconfigured"
    text = "configure failed: model: got 'nonesuch', which is neither a folder nor a shipped model"
    status = client.wait(lambda: (s := client.status()) and text in s.message and s, "reason in the diagnostics")
    assert status.level == DiagnosticStatus.ERROR
    assert text in client.log()
    process = client.process
    assert process is not None
    process.send_signal(signal.SIGTERM)
    assert process.wait(30.0) == 0
    assert "Traceback" not in process.text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_node_that_is_stopped_while_it_opens_its_backend_ends_quietly(
    start: Start, fake_artifact: Path, number: signal.Signals
) -> None:
    parameters = {"model": str(fake_artifact), "backend": BACKEND, "autostart": True}
    client = start(parameters=parameters, environment={DELAY_VARIABLE: "1.5"})
    client.wait(lambda: "grin" in client.ros.get_node_names(), "node in the graph")
    process = client.process
    assert process is not None
    process.send_signal(number)
    assert process.wait(30.0) == 0
    assert not any(word in process.text() for word in ("Traceback", "failed:", "terminate")), process.text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_node_that_is_told_to_end_again_and_again_ends_without_an_error(
    start: Start, fake_artifact: Path, number: signal.Signals
) -> None:
    """A launch file passes on the signal that its whole process group has received already."""
    client = start(parameters={"model": str(fake_artifact), "backend": BACKEND, "autostart": True})
    client.wait(lambda: client.state() == "active", "active node")
    process = client.process
    assert process is not None
    until = time.monotonic() + 30.0
    while process.alive() and time.monotonic() < until:
        process.send_signal(number)
        time.sleep(0.005)
    assert process.wait(1.0) == 0
    assert "Traceback" not in process.text()


def test_a_callback_that_fails_because_ros_has_ended_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    """The first exception comes while ROS 2 runs and is logged; before the second one a signal has ended ROS 2."""
    context = Context()
    rclpy.init(context=context, domain_id=IN_PROCESS_DOMAIN, signal_handler_options=SignalHandlerOptions.NO)
    node = GrinNode(context=context)
    publisher = node.create_publisher(Image, "picture", 1)
    calls = itertools.count()

    def act() -> None:
        if next(calls) == 0:
            raise RuntimeError("a malformed message")
        context.shutdown()
        publisher.publish(Image())

    node.create_timer(0.001, act)
    spin([node])
    node.close()
    said = capfd.readouterr().err
    assert "the node goes on" in said
    assert "RuntimeError: a malformed message" in said
    assert said.count("Traceback") == 1
    assert next(calls) == 2


def test_the_log_says_what_the_node_does_and_what_it_waits_for(start: Start, fake_artifact: Path) -> None:
    client = start("-r", "image:=/front", parameters={"model": str(fake_artifact), "backend": BACKEND})
    assert client.process is not None
    said = client.process.text
    command = commands.transitions("/grin", "configure", "activate")
    client.wait(lambda: command in said(), "advice to a node that nobody activates")
    assert client.change(CONFIGURE)
    assert client.change(ACTIVATE)
    assert "active: listening on /camera_info, /front" in said()
    client.wait(lambda: "no image has arrived on /front for 5 s" in said(), "warning of silence")
    assert "images are published on /image (sensor_msgs/msg/Image)" in said()
    front = client.ros.create_publisher(Image, "/front", 10)

    def first_depth() -> bool:
        client.info_publisher.publish(info_message())
        front.publish(image_message(picture(), 2))
        return "the first depth is published, " in said()

    client.wait(first_depth, "the first depth in the log")
    assert "ms after its image arrived; backend: fake backend of the tests" in said()


def test_a_slow_backend_drops_old_frames_and_never_blocks_the_node(start: Start, fake_artifact: Path) -> None:
    """The input is compressed, with the default QoS (best effort), and the node is in a namespace."""
    client = start(
        "-r",
        "__ns:=/robot",
        "-r",
        "__node:=depth",
        "-r",
        "/robot/image/compressed:=/image/compressed",
        "-r",
        "/robot/camera_info:=/camera_info",
        name="/robot/depth",
        compressed=True,
        environment={DELAY_VARIABLE: "0.4"},
        parameters={"model": str(fake_artifact), "backend": BACKEND, "compressed": True},
    )
    topic = "/robot/depth/image"
    client.bring_up({topic: Image})
    image = picture()
    done, png = cv2.imencode(".png", np.ascontiguousarray(image[..., ::-1]))
    assert done

    def compressed(stamp_s: int) -> CompressedImage:
        message = CompressedImage(format="rgb8; png compressed bgr8")
        message.data.frombytes(png.tobytes())
        message.header.frame_id = FRAME_ID
        message.header.stamp.sec = stamp_s
        return message

    client.send_until(compressed(1), info_message(), lambda: client.stamped(topic, 1), "first depth")
    for stamp_s in range(2, 42):
        client.image_publisher.publish(compressed(stamp_s))
        assert client.state() == "active"  # answered between frames of which each takes far longer
    client.send_until(compressed(100), info_message(), lambda: client.stamped(topic, 100), "depth of the newest")
    got = np.frombuffer(client.stamped(topic, 100)[0].data, np.float32).reshape(HEIGHT, WIDTH)
    np.testing.assert_array_equal(got, fake_depth_m(image))
    client.wait(lambda: client.value("pending") == "0", "quiet")
    numbers = {key: int(client.value(key)) for key in ("received", "published", "dropped", "rejected")}
    assert numbers["dropped"] > numbers["published"]
    assert numbers["received"] == numbers["published"] + numbers["dropped"] + numbers["rejected"]
    assert float(client.value("latency encode p50 (ms)")) >= 400.0
    status = client.status()
    assert status is not None
    assert status.name == "robot/depth: depth"


def test_with_use_sim_time_ages_are_measured_by_the_simulated_clock(start: Start, fake_artifact: Path) -> None:
    parameters = {"model": str(fake_artifact), "backend": BACKEND, "use_sim_time": True}
    client = start(parameters=parameters)
    clock = client.ros.create_publisher(Clock, "/clock", 10)
    ticks = itertools.count()

    def tick() -> None:
        message = Clock()
        message.clock.sec, tenths = divmod(10_000 + next(ticks), 10)
        message.clock.nanosec = tenths * 100_000_000
        clock.publish(message)

    client.ros.create_timer(0.02, tick)  # a tenth of a simulated second each
    client.bring_up(DEPTH)
    image = image_message(picture(), 990)  # at least ten simulated seconds old
    client.send_until(image, info_message(), lambda: client.stamped("depth/image", 990), "depth")
    age = client.wait(lambda: client.value("age at publication p50 (ms)"), "age")
    assert 10_000.0 <= float(age) < 1e6
    assert client.received["/diagnostics"][-1].header.stamp.sec < 100_000
    client.wait(lambda: (s := client.status()) and "s after the stamp of its image" in s.message, "warning")


def test_onnx_runtime_in_the_node_gives_the_same_depth_as_in_this_process(
    start: Start, tiny_artifact: Path, tiny_frame: Frame
) -> None:
    """The subscriptions have the default QoS."""
    pytest.importorskip("onnxruntime")
    from grin_ros.core.artifact.loading import load_artifact
    from grin_ros.core.backends.opening import open_engine
    from grin_ros.core.estimator import Estimator, Settings

    parameters = {"model": str(tiny_artifact), "backend": "ort", "threads": 1, "max_depth_m": 500.0}
    client = start(module="grin_ros.ros.node.single_camera", parameters=parameters)
    camera = tiny_frame.camera
    topics = {"depth/image": Image, "depth/sigma": Image}
    client.bring_up(topics)
    info = info_message(camera.width, camera.height, k=camera.K.ravel(), d=list(camera.distortion))
    message = image_message(tiny_frame.image, 5)
    client.send_until(message, info, lambda: all(client.stamped(topic, 5) for topic in topics), "depth and sigma")

    engine = open_engine("ort", load_artifact(tiny_artifact), 1)
    expected = Estimator(engine, Settings(max_depth_m=500.0))(Frame(tiny_frame.image, camera.with_mounting(None)))
    engine.close()
    for topic, metres in (("depth/image", expected.depth_m), ("depth/sigma", expected.sigma_m)):
        got = np.frombuffer(client.stamped(topic, 5)[0].data, np.float32).reshape(camera.height, camera.width)
        np.testing.assert_allclose(got, metres, rtol=1e-4)
    assert "onnxruntime" in client.wait(lambda: client.value("backend"), "backend in the diagnostics")
