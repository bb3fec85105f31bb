# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A camera_info that is sent once is enough: kept by its publisher or not, before the node or while it is inactive."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo

from benchmarks.stand_in.camera import info_message, picture
from grin_ros.ros.operator.harness.messages import image_message
from tests.ros.in_process import DEADLINE_S, counts, deliver, send, value, verdict
from tests.ros.inputs.hints.wall import depth_messages, zones

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE
KEEPS, VOLATILE = DurabilityPolicy.TRANSIENT_LOCAL, DurabilityPolicy.VOLATILE


class Driver:
    """A node that publishes camera_info, in the context and in an executor with the node under test."""

    def __init__(self, node: Any) -> None:
        self.ros = Node("driver", context=node.context)
        self.executor = SingleThreadedExecutor(context=node.context)
        for each in (node, self.ros):
            self.executor.add_node(each)
        self.node = node

    def publisher(self, durability: DurabilityPolicy, topic: str = "/camera_info") -> Any:
        return self.ros.create_publisher(CameraInfo, topic, QoSProfile(depth=1, durability=durability))

    def spin(self, seconds: float, done: Callable[[], bool] = lambda: False) -> bool:
        deadline = time.monotonic() + seconds
        while not done() and time.monotonic() < deadline:
            self.executor.spin_once(timeout_sec=0.02)
        return done()

    def received(self) -> int:
        return int(value(self.node, "camera_info received"))

    def close(self) -> None:
        self.executor.shutdown()
        self.ros.destroy_node()


@pytest.fixture
def started(make: Callable[..., Any]) -> Iterator[Callable[..., Driver]]:
    """Return a function that makes a configured node and its driver."""
    drivers: list[Driver] = []

    def start(**values: Any) -> Driver:
        node = make(**values)
        assert node.trigger_configure() == SUCCESS
        drivers.append(Driver(node))
        return drivers[-1]

    yield start
    for driver in drivers:
        driver.close()


def send_image_alone(node: Any) -> str:
    """Give the node an image without a camera_info of its own. Return what became of it."""
    before = counts(node)
    deliver(node, "/image", image_message(picture(), 0))
    deadline = time.monotonic() + DEADLINE_S
    while (now := counts(node))["pending"] or now["received"] == before["received"]:
        assert time.monotonic() < deadline, "the frame was not answered"
        time.sleep(0.005)
    return next(key for key in ("published", "rejected", "failed") if now[key] > before[key])


def infos_of(node: Any) -> int:
    return sum(each.topic_name == "/camera_info" for each in node.subscriptions)


@pytest.mark.parametrize(
    "overrides", [{}, {"qos_overrides./camera_info.subscription.durability": "transient_local"}], ids=["", "override"]
)
def test_a_kept_camera_info_from_before_activation_is_heard_once(
    started: Callable[..., Driver], overrides: dict[str, str]
) -> None:
    driver = started(**overrides)
    publisher = driver.publisher(KEEPS)
    publisher.publish(info_message())
    assert driver.node.trigger_activate() == SUCCESS
    assert driver.spin(DEADLINE_S, lambda: driver.received() > 0)
    driver.spin(0.5)
    assert driver.received() == 1
    assert infos_of(driver.node) == 1
    assert send_image_alone(driver.node) == "published"
    publisher.publish(info_message())
    assert driver.spin(DEADLINE_S, lambda: driver.received() > 1)
    driver.spin(0.5)
    assert driver.received() == 2


def test_a_kept_camera_info_is_heard_from_a_publisher_that_starts_later(started: Callable[..., Driver]) -> None:
    driver = started()
    assert driver.node.trigger_activate() == SUCCESS
    driver.publisher(KEEPS).publish(info_message())
    assert driver.spin(DEADLINE_S, lambda: driver.received() > 0)
    driver.spin(0.5)
    assert driver.received() == 1


def test_a_driver_that_starts_again_with_another_calibration_is_heard(started: Callable[..., Driver]) -> None:
    driver, later = started(), info_message()
    later.k[0] *= 0.5
    publisher = driver.publisher(KEEPS)
    publisher.publish(info_message())
    assert driver.node.trigger_activate() == SUCCESS
    assert driver.spin(DEADLINE_S, lambda: driver.received() == 1)
    driver.ros.destroy_publisher(publisher)
    driver.publisher(KEEPS).publish(later)
    assert driver.spin(DEADLINE_S, lambda: driver.received() == 2)
    driver.spin(0.5)
    assert driver.received() == 2 and infos_of(driver.node) == 1


def test_several_sensors_that_keep_their_camera_info_are_all_heard(started: Callable[..., Driver]) -> None:
    driver = started()
    for name in ("left", "right", "rear"):
        info = info_message()
        info.header.frame_id = name
        driver.publisher(KEEPS).publish(info)
    assert driver.node.trigger_activate() == SUCCESS
    assert driver.spin(DEADLINE_S, lambda: driver.received() == 3)
    driver.spin(0.5)
    assert driver.received() == 3 and infos_of(driver.node) == 1


def test_a_kept_camera_info_of_a_depth_sensor_is_heard_too(started: Callable[..., Driver]) -> None:
    driver = started(hints__depth=True)
    driver.publisher(KEEPS, "/hints/depth/camera_info").publish(info_message())
    assert driver.node.trigger_activate() == SUCCESS
    deliver(driver.node, "/hints/depth", depth_messages(zones(), 45.0)[0][1])

    def known() -> bool:
        send(driver.node)
        return "nothing has come" not in value(driver.node, "hints depth")

    assert driver.spin(DEADLINE_S, known)


def test_volatile_publishers_are_heard_and_not_asked_for_what_they_do_not_keep(started: Callable[..., Driver]) -> None:
    driver = started()
    publisher = driver.publisher(VOLATILE)
    assert driver.node.trigger_activate() == SUCCESS
    driver.spin(0.5)
    assert infos_of(driver.node) == 1
    assert driver.spin(DEADLINE_S, lambda: publisher.get_subscription_count() > 0)
    publisher.publish(info_message())
    assert driver.spin(DEADLINE_S, lambda: driver.received() == 1)


def test_a_camera_info_outlives_deactivate_and_activate(make: Callable[..., Any]) -> None:
    node = make()
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS
    assert send_image_alone(node) == "rejected"
    assert send(node) == "published"
    for _ in range(2):
        assert node.trigger_deactivate() == SUCCESS
        assert node.trigger_activate() == SUCCESS
        assert send_image_alone(node) == "published"


def test_without_camera_info_the_status_names_both_topics(make: Callable[..., Any]) -> None:
    node = make()
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS
    assert send_image_alone(node) == "rejected"
    level, message = verdict(node)
    assert level == DiagnosticStatus.ERROR
    assert message.startswith("images arrive on /image, but no camera_info yet on /camera_info")
    assert (value(node, "image topic"), value(node, "camera_info topic")) == ("/image", "/camera_info")


def test_a_durability_that_would_have_no_effect_is_refused(make: Callable[..., Any]) -> None:
    name = "qos_overrides./image.subscription."
    node = make(**{f"{name}durability": "transient_local"})
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == FAILURE
    assert "durability transient_local also needs reliability reliable" in verdict(node)[1]
    both = make(**{f"{name}durability": "transient_local", f"{name}reliability": "reliable"})
    assert both.trigger_configure() == SUCCESS
    assert both.trigger_activate() == SUCCESS


def test_an_override_without_effect_is_named_in_the_log(
    make: Callable[..., Any], capfd: pytest.CaptureFixture[str]
) -> None:
    names = ("qos_overrides./imagee.subscription.depth", "qos_overrides./image.subscription.deadline")
    node = make(**dict.fromkeys(names, 5), **{"qos_overrides./points.publisher.durability": "transient_local"})
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS
    said = capfd.readouterr().err
    for name in names:
        assert f"parameter '{name}' has no effect" in said
    assert "points.publisher.durability' has no effect" not in said
