# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scan of the node and other publishers on its topic: a lidar, and a process of the node that was killed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rclpy.node import Node
from sensor_msgs.msg import LaserScan

from benchmarks.stand_in.camera import info_message, picture
from benchmarks.stand_in.engine import BACKEND
from benchmarks.stand_in.process import start_node
from grin_ros.ros.node import publishers
from grin_ros.ros.operator.harness.client import ACTIVATE, DEACTIVATE, NodeClient
from grin_ros.ros.operator.harness.messages import DEPTH_TOPICS, image_message
from tests.ros.in_process import send as send_in_process
from tests.ros.in_process import verdict
from tests.ros.waiting import until

STAMPS = itertools.count(100)


@pytest.fixture(scope="module")
def client(fake_artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeClient]:
    parameters = {"model": str(fake_artifact), "backend": BACKEND, "mounting.known": True, "mounting.height_m": 0.5}
    process = start_node(tmp_path_factory.mktemp("scan") / "log", parameters)
    with NodeClient(process) as client:
        client.bring_up(DEPTH_TOPICS)
        client.subscribe("scan", LaserScan)
        client.send_until(image_message(picture()), info_message(), lambda: client.received["scan"], "the first scan")
        yield client
    assert process.stop() == 0, process.text()


def send(client: NodeClient) -> None:
    """Send a frame and wait for its depth."""
    stamp_s = next(STAMPS)
    image, info = image_message(picture(stamp_s), stamp_s), info_message()
    client.send_until(image, info, lambda: client.stamped("depth/image", stamp_s), "depth")


def test_the_scan_comes_again_after_a_process_of_this_node_that_was_killed(client: NodeClient) -> None:
    """Others take a killed process for alive until its lease ends. Its publisher has the name of this node."""
    killed = Node("grin", context=client.ros.context, start_parameter_services=False)
    killed.create_publisher(LaserScan, "scan", 1)
    client.wait(lambda: client.ros.count_publishers("scan") == 2, "both publishers")
    send(client)
    killed.destroy_node()
    client.wait(lambda: client.ros.count_publishers("scan") == 1, "the end of the killed one")
    client.received["scan"].clear()
    client.send_until(image_message(picture()), info_message(), lambda: client.received["scan"], "the scan")
    assert "the output scan is not published" not in client.log()


def test_the_scan_is_not_mixed_with_that_of_a_lidar(client: NodeClient) -> None:
    """A lidar publishes on the same topic. When its driver has died, the camera's scan does not take its place."""
    lidar = client.ros.create_publisher(LaserScan, "scan", 1)
    client.wait(lambda: client.ros.count_publishers("scan") == 2, "both publishers")
    said = "the output scan is not published until the node is activated again: another node publishes on /scan"
    image, info = image_message(picture()), info_message()
    client.send_until(image, info, lambda: said in client.log(), "the reason in the log")
    client.received["scan"].clear()
    send(client)
    assert not client.received["scan"]
    client.remove(lidar)
    client.wait(lambda: client.ros.count_publishers("scan") == 1, "the end of the lidar")
    send(client)
    assert not client.received["scan"]
    assert client.change(DEACTIVATE) and client.change(ACTIVATE)
    client.send_until(image, info, lambda: client.received["scan"], "the camera's scan")


def test_a_second_node_of_the_same_name_is_told_once_it_lasts(
    make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was killed is forgotten by then."""
    monkeypatch.setattr(publishers, "FORGOTTEN_S", 0.0)
    node = make(mounting__known=True)
    node.trigger_configure()
    node.trigger_activate()
    twin = Node("grin", context=node.context, start_parameter_services=False)
    twin.create_publisher(LaserScan, "scan", 1)
    twin.create_subscription(LaserScan, "scan", lambda _: None, 1)
    until(lambda: node.count_publishers("scan") == node.count_subscribers("scan") + 1 == 2, 30.0, "the other node")
    until(lambda: send_in_process(node) and "another node has published" in verdict(node)[1], 30.0, "a warning")
    assert "if two nodes have this name, give each a namespace" in verdict(node)[1]
