# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The probe of a real graph: a node process, its camera, and another camera without subscribers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import rclpy
from numpy.typing import NDArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, LaserScan

from benchmarks.stand_in.camera import info_message, picture
from benchmarks.stand_in.engine import BACKEND
from benchmarks.stand_in.process import start_node
from grin_ros.ros.inputs.newest_info import KEPT
from grin_ros.ros.message_types import COMPRESSED, IMAGE, INFO
from grin_ros.ros.operator.doctor.finding import Severity
from grin_ros.ros.operator.doctor.graph import RosGraph, graph_findings
from grin_ros.ros.operator.doctor.offers import offers
from grin_ros.ros.operator.doctor.probe import doubts_of, look, problem_of
from grin_ros.ros.operator.harness.client import ACTIVATE, CONFIGURE, NodeClient
from grin_ros.ros.operator.harness.messages import FRAME_ID, image_message

PERIOD_S = 0.05
UNCALIBRATED = "/second/camera_info"
COVERED, ONCE = "/third/image_raw", "/third/camera_info"
SCAN = "/robot/scanner"


def jpeg(image: NDArray[np.uint8]) -> CompressedImage:
    return CompressedImage(format="jpeg", data=cv2.imencode(".jpg", image)[1].tobytes())


class Cameras:
    """The driver of the node's camera, of a second one that is compressed and not calibrated, and of a third one.

    The third is covered, and sends the camera_info of another resolution once. There is a lidar too.
    """

    def __init__(self) -> None:
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        node = self._node = Node("driver", context=self._context, start_parameter_services=False)
        self._image = node.create_publisher(Image, "/camera/image_raw", qos_profile_sensor_data)
        self._info = node.create_publisher(CameraInfo, "/camera/camera_info", qos_profile_sensor_data)
        self._second = node.create_publisher(CompressedImage, "/second/image_raw/compressed", QoSProfile(depth=1))
        self._second_info = node.create_publisher(CameraInfo, UNCALIBRATED, QoSProfile(depth=1))
        self._third = node.create_publisher(Image, COVERED, qos_profile_sensor_data)
        self._third_info = node.create_publisher(CameraInfo, ONCE, KEPT)
        self._third_info.publish(info_message(64, 48, k=[64.0, 0.0, 63.5, 0.0, 64.0, 47.5, 0.0, 0.0, 1.0]))
        node.create_publisher(LaserScan, SCAN, qos_profile_sensor_data)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(node)
        node.create_timer(PERIOD_S, self._publish)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join(10.0)
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)

    def _publish(self) -> None:
        now_s = int(time.time())
        self._info.publish(info_message())
        self._image.publish(image_message(picture(), now_s))
        self._second_info.publish(info_message(k=[0.0] * 9))
        self._third.publish(image_message(np.full((48, 64, 3), 7, np.uint8), now_s))

    def _spin(self) -> None:
        while not self._ended.is_set():
            self._executor.spin_once(timeout_sec=0.1)


def complete(limit_s: float) -> RosGraph:
    """Return the graph once discovery has found everything, or as it is after the limit."""
    published = {
        "/camera/image_raw",
        "/camera/camera_info",
        "/second/image_raw/compressed",
        UNCALIBRATED,
        COVERED,
        ONCE,
        SCAN,
        "/robot/points",
    }
    subscribed = {"/camera/image_raw", "/camera/camera_info"}
    end_s = time.monotonic() + limit_s
    while True:
        found = look(seconds=1.0)
        sent = {name for name, topic in found.topics.items() if topic.publishers}
        taken = {name for name, topic in found.topics.items() if topic.subscribers}
        told = all(node.status is not None for node in found.nodes)
        heard = found.heard.keys() >= published - {SCAN, "/robot/points"}  # what it sees late, it has not listened to
        ends = [end for topic in found.topics.values() for end in (*topic.publishers, *topic.subscribers)]
        named = not any("UNKNOWN" in end.node for end in ends)  # DDS finds an end before the name of its node
        whole = found.nodes and told and heard and named and sent >= published and taken >= subscribed
        if whole or time.monotonic() > end_s:
            return found


@pytest.fixture(scope="module")
def graph(fake_artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RosGraph]:
    """Probe the graph while the node is active, with a subscriber of its points that asks for too much."""
    parameters = {"model": str(fake_artifact), "backend": BACKEND, "diagnostics_period_s": 0.2}
    remapped = ("-r", "image:=/camera/image_raw", "-r", "camera_info:=/camera/camera_info")
    node = start_node(tmp_path_factory.mktemp("graph") / "log", parameters, *remapped, "-r", "__ns:=/robot")
    client = NodeClient(node, name="/robot/grin")
    for publisher in (client.image_publisher, client.info_publisher):
        client.remove(publisher)  # they would be a third camera
    cameras = Cameras()
    try:
        assert client.change(CONFIGURE), client.log()
        assert client.change(ACTIVATE), client.log()
        client.wait(lambda: client.value("published") not in ("", "0"), "first depth")
        yield complete(30.0)
    finally:
        cameras.close()
        client.close()
        node.stop()


def test_the_node_and_its_inputs_are_found(graph: RosGraph) -> None:
    (node,) = graph.nodes
    assert (node.name, node.lifecycle, node.use_sim_time) == ("/robot/grin", "active", False)
    assert node.status is not None
    assert graph.middleware.startswith("rmw_")
    images = graph.topics["/camera/image_raw"]
    assert [(end.node, end.type, end.reliable) for end in images.publishers] == [("/driver", IMAGE, False)]
    assert [(end.node, end.type, end.reliable) for end in images.subscribers] == [("/robot/grin", IMAGE, False)]
    assert graph.topics["/robot/points"].publishers[0].reliable
    for topic, kind in (("/camera/image_raw", IMAGE), ("/camera/camera_info", INFO)):
        assert graph.topics[topic].publishers[0].type == kind
        assert 5.0 < graph.heard[topic].rate_hz < 40.0
        assert graph.heard[topic].frame_id == FRAME_ID
        assert graph.heard[topic].problem is None
    age_s = graph.heard["/camera/image_raw"].age_s
    assert age_s is not None
    assert -1.0 < age_s < 5.0


def test_a_second_camera_is_found_with_its_problem(graph: RosGraph) -> None:
    assert graph.topics["/second/image_raw/compressed"].publishers[0].type == COMPRESSED
    assert graph.heard["/second/image_raw/compressed"].rate_hz == 0.0


def test_the_findings_about_this_graph(graph: RosGraph) -> None:
    found = list(graph_findings(graph))
    said = "\n".join(map(str, found))
    assert "OK     /robot/grin: active" in said
    assert "camera /camera/image_raw (sensor_msgs/msg/Image) with /camera/camera_info" in said
    wrong = [each.text for each in found if each.level is Severity.ERROR]
    assert len(wrong) == 2, wrong
    assert wrong[0] == "/second/image_raw/compressed: no message in 1 s, although it is published"
    assert wrong[1].startswith(UNCALIBRATED)
    assert "K[0] = 0" in wrong[1]


def test_what_the_node_could_use_is_offered(graph: RosGraph) -> None:
    mounting, lidar = offers(graph)
    assert mounting.text.startswith("/robot/grin: the mounting of the camera is not known")
    assert lidar.remedy.startswith(
        f"start it with those that you trust: --ros-args -p hints.scan:=true -r hints/scan:={SCAN}"
    )


def test_a_camera_info_that_was_sent_before_the_doctor_came_is_heard(graph: RosGraph) -> None:
    heard = graph.heard[ONCE]
    assert heard.kept
    assert heard.problem is None
    assert [doubt.name for doubt in heard.doubts] == ["principal point"]


def test_a_covered_lens_and_a_calibration_of_another_resolution_are_warnings(graph: RosGraph) -> None:
    found = [each for each in graph_findings(graph) if each.text.startswith("/third/")]
    said = "\n".join(each.text for each in found if each.level is Severity.WARN)
    assert f"{COVERED}: the picture has no contrast" in said
    assert f"{ONCE}: camera_info: the principal point" in said
    assert f"{ONCE}: kept for late subscribers" in [each.text for each in found if each.level is Severity.OK]


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (image_message(np.full((48, 64, 3), 255, np.uint8)), "no contrast"),
        (Image(height=48, width=64, encoding="mono16", step=128, data=b"\x00\x03" * (48 * 64)), "few bits"),
        (info_message(k=[0.5, 0.0, 15.5, 0.0, 0.5, 11.5, 0.0, 0.0, 1.0]), "field of view"),
        (jpeg(np.full((48, 64, 3), 1, np.uint8)), "nearly black"),
        (jpeg(np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)), "noise"),
        (image_message(picture(width=64, height=48)), ""),
    ],
)
def test_what_the_node_doubts_the_doctor_doubts_too(message: Any, name: str) -> None:
    assert [doubt.name for doubt in doubts_of(message)] == ([name] if name else [])


def test_an_empty_domain_has_no_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "102")  # the tests draw 1 to 101
    graph = look(seconds=0.1, limit_s=1.0)
    assert graph.nodes == []
    assert any("another ROS_DOMAIN_ID (this one is 102)" in each.text for each in graph_findings(graph))


def test_a_message_that_the_node_would_refuse_has_its_reason() -> None:
    assert problem_of(info_message()) is None
    assert problem_of(image_message(picture(), 1)) is None
    assert "K[0] = 0" in str(problem_of(info_message(k=[0.0] * 9)))
    assert "got encoding ''" in str(problem_of(Image(height=1, width=1)))
    assert problem_of(CompressedImage(format="jpeg"))
