# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints in the node: sources that are switched on are subscribed to, and diagnostics say what each of them gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Range

from benchmarks.stand_in.camera import info_message
from grin_ros.ros.message_types import TF_MESSAGE, message_class
from grin_ros.ros.operator.harness.messages import image_message
from tests.ros.in_process import counts, deliver, value, values
from tests.ros.inputs.hints.wall import beam
from tests.ros.inputs.lidar import lidar, scene
from tests.ros.waiting import until

ANSWERED_S = 60.0


def active(make: Callable[..., Any], *arguments: str, **values: Any) -> Any:
    node = make(*arguments, **values)
    node.trigger_configure()
    node.trigger_activate()
    return node


def show(node: Any, seconds: int = 100) -> None:
    """Give the node an image, and wait until it has been answered."""
    before = counts(node)["published"]
    deliver(node, "/camera_info", info_message())
    deliver(node, "/image", image_message(scene(), seconds))
    until(lambda: counts(node)["published"] > before, ANSWERED_S, "depth")


def test_only_sources_that_are_on_are_subscribed_to(make: Callable[..., Any]) -> None:
    topics = {each.topic_name for each in active(make, hints__points=True).subscriptions}
    assert "/hints/points" in topics and "/hints/scan" not in topics
    assert not {"/hints/points", "/tf"} & {each.topic_name for each in active(make).subscriptions}


def test_an_output_is_not_published_on_the_topic_of_an_input(
    make: Callable[..., Any], capfd: pytest.CaptureFixture[str]
) -> None:
    wired = ("-r", "hints/scan:=/scan")
    mounted = {"mounting__known": True, "mounting__height_m": 0.5}
    node = active(make, *wired, hints__scan=True, **mounted)
    assert "/scan" in {each.topic_name for each in node.subscriptions}
    assert "/scan" not in {each.topic_name for each in node.publishers}
    said = capfd.readouterr().err
    assert "the output scan is not published: it would be on /scan, from which the node takes hints/scan" in said
    assert "such as -r scan:=/grin/scan" in said
    show(node)
    both = active(make, *wired, "-r", "scan:=/grin/scan", hints__scan=True, **mounted)
    assert "/grin/scan" in {each.topic_name for each in both.publishers}
    assert "is not published" not in capfd.readouterr().err


def test_diagnostics_say_what_each_source_gives(make: Callable[..., Any]) -> None:
    node = active(make, hints__points=True, hints__points_pose="0 0 0 0 0 0", hints__scan=True)
    deliver(node, "/hints/points", lidar(100.0))
    show(node)
    now = values(node)
    used, _, rest = now["hints points"].partition(" used of ")
    assert int(used) > 100 and "0 ms older than the image" in rest
    assert "the motion of the robot is not taken into account" in rest
    assert now["hints scan"].startswith("nothing has come on hints/scan yet; check the remapping")
    assert float(now["hints correct depth by"].rstrip("%")) > 20.0
    show(node, 200)
    assert "100.00 s older than the image" in value(node, "hints points")


@pytest.mark.skipif(message_class(TF_MESSAGE) is not None, reason="tf2_msgs is installed here")
def test_without_tf2_msgs_the_log_says_what_that_means(
    make: Callable[..., Any], capfd: pytest.CaptureFixture[str]
) -> None:
    active(make, hints__scan=True)
    assert "tf2_msgs is not installed, so no transforms are received" in capfd.readouterr().err


def test_motion_sees_every_image_and_says_which_poses_are_missing(make: Callable[..., Any]) -> None:
    node = active(make, hints__motion=True)
    show(node)
    assert value(node, "hints motion").startswith("nothing has come on motion/odometry")
    named = active(make, motion__fixed_frame="odom")
    show(named)
    missing = "tf does not hold" if message_class(TF_MESSAGE) is not None else "tf2_msgs is not installed"
    assert missing in value(named, "hints motion")


def test_sensors_that_publish_at_the_same_moment_are_all_heard(make: Callable[..., Any]) -> None:
    node = active(make, hints__range=True, hints__range_pose="0 0 0 0 0 0")
    sonars = Node("sonars", context=node.context, start_parameter_services=False)
    publisher: Any = sonars.create_publisher(Range, "hints/range", qos_profile_sensor_data)
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    try:
        while not publisher.get_subscription_count():
            executor.spin_once(0.02)
        for number in range(8):  # before the executor takes any of them
            publisher.publish(beam(frame_id=f"sonar{number}", stamp_ns=100 * 10**9))
        for _ in range(100):
            executor.spin_once(0.01)
        show(node)
    finally:
        executor.shutdown()
        sonars.destroy_node()
    told = value(node, "hints range")
    assert all(f"'sonar{number}'" in told for number in range(8)), told
    assert "hints.range_pose is the pose of one sensor" in told
