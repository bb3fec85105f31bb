# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Transforms over DDS, with the real tf2_msgs: several publishers, a robot that moves, what `grin bag` says of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import TransformStamped
from rclpy.context import Context
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from benchmarks.stand_in.camera import info_message
from benchmarks.stand_in.engine import BACKEND, register
from benchmarks.stand_in.process import start_node
from grin_ros.core.geometry.transform import BODY_TO_OPTICAL, Transform
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.ros.inputs.tf import DEPTH, TF, TF_STATIC, TfListener
from grin_ros.ros.message_types import TF_MESSAGE, message_class, type_name
from grin_ros.ros.operator.doctor.finding import Severity
from grin_ros.ros.operator.doctor.probe import look
from grin_ros.ros.operator.doctor.transforms import transform_findings
from grin_ros.ros.operator.harness.client import NodeClient
from grin_ros.ros.operator.harness.messages import FRAME_ID, image_message, with_stamp
from tests.ros.inputs.lidar import lidar, scene

TFMessage = message_class(TF_MESSAGE)
pytestmark = [
    pytest.mark.ros,
    pytest.mark.skipif(TFMessage is None, reason="tf2_msgs is part of a ROS installation"),
]

S = 1_000_000_000
KEPT = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
MOVING = QoSProfile(depth=DEPTH)
SPEED_M_S, AGE_S = 4.0, 0.1
PARAMETERS = {"hints.points": True, "mounting.base_frame": "ground", "floor_scale": False}
BASE_TO_CAMERA = Transform.from_rpy((0.1, 0.0, 0.5), (0.0, 0.0, 0.0)).after(BODY_TO_OPTICAL.inverse())
BASE_TO_LIDAR = Transform.from_rpy((0.1, 0.0, 0.5), (0.0, 0.0, 0.0))


def transforms(parent: str, child: str, stamp_ns: int, pose: Transform) -> Any:
    """Return a TFMessage with one transform."""
    made = with_stamp(TransformStamped(child_frame_id=child), stamp_ns)
    made.header.frame_id = parent
    for name, value in zip("xyz", pose.translation_m.tolist(), strict=True):
        setattr(made.transform.translation, name, value)
    for name, value in zip("xyzw", pose.quaternion.tolist(), strict=True):
        setattr(made.transform.rotation, name, value)
    return TFMessage(transforms=[made])


def moving(stamp_ns: int) -> Any:
    """Return where the robot is: it drives straight ahead."""
    ahead_m = SPEED_M_S * (stamp_ns % (1000 * S)) / S
    return transforms("odom", "/base", stamp_ns, Transform(np.eye(3), np.array([ahead_m, 0.0, 0.0])))


class Robot:
    """The nodes of a robot that publish transforms, each a DDS participant of its own."""

    def __init__(self) -> None:
        self._nodes: list[Node] = []

    def publisher(self, topic: str, qos: QoSProfile, name: str = "state", kind: Any = TFMessage) -> Any:
        """Return a publisher in a new node of this name."""
        context = Context()
        rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
        node = Node(name, context=context, start_parameter_services=False)
        self._nodes.append(node)
        return node.create_publisher(kind, topic, qos)

    def close(self) -> None:
        for node in self._nodes:
            node.destroy_node()
            rclpy.shutdown(context=node.context)


@pytest.fixture
def robot() -> Iterator[Robot]:
    made = Robot()
    yield made
    made.close()


def send(publisher: Any, *messages: Any) -> None:
    """Publish messages, and wait until all subscribers have them."""
    for message in messages:
        publisher.publish(message)
    assert publisher.wait_for_all_acked(Duration(seconds=20))


def images(stamp_ns: int) -> tuple[CameraInfo, Image]:
    """Return what the camera sends at a time."""
    return with_stamp(info_message(), stamp_ns), with_stamp(image_message(scene()), stamp_ns)


def depth(message: Image) -> np.ndarray[Any, Any]:
    return np.frombuffer(message.data, np.float32)


def by_bag(folder: Path, artifact: Path, messages: list[tuple[str, Any]]) -> np.ndarray[Any, Any]:
    """Return the depth that `grin bag` computes from these messages, of their last image."""
    pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")
    from grin_ros.ros.bags.messages import deserialize, serialize
    from grin_ros.ros.bags.run import run
    from tests.ros.bags.drives import content, job_of, of_topic
    from tests.ros.bags.recorded import write

    register()
    raw = [(topic, type_name(type(it)), number + 1, serialize(it)) for number, (topic, it) in enumerate(messages)]
    job = job_of(write(folder / "in", raw), folder / "out", artifact, hints=(("hints/points", "/lidar"),))
    run(replace(job, parameters={**job.parameters, **PARAMETERS}))
    return depth(deserialize(of_topic(content(folder / "out"), "/front/depth/image")[-1][1], Image))


def test_the_node_hears_every_publisher_and_says_what_grin_bag_says(
    robot: Robot, fake_artifact: Path, tmp_path: Path
) -> None:
    """The lidar measured before the image, while the robot drove on; time has gone back before, as when a bag begins
    again."""
    camera = transforms("base", f"/{FRAME_ID}", 0, BASE_TO_CAMERA)
    laser = transforms("/base", "lidar", 0, BASE_TO_LIDAR)
    ground = transforms("base", "ground", 0, Transform(np.eye(3), np.zeros(3)))
    robot.publisher(TF_STATIC, KEPT).publish(camera)  # before the node is there
    parameters = {"model": str(fake_artifact), "backend": BACKEND, "diagnostics_period_s": 0.1, **PARAMETERS}
    process = start_node(tmp_path / "log", parameters)
    client = NodeClient(process)
    try:
        client.bring_up({"depth/image": Image})
        robot.publisher(TF_STATIC, KEPT, "second").publish(ground)
        not_kept, odometry = (client.ros.create_publisher(TFMessage, topic, MOVING) for topic in (TF_STATIC, TF))
        clouds = client.ros.create_publisher(PointCloud2, "hints/points", MOVING)
        for each in (not_kept, odometry, clouds):
            client.wait(each.get_subscription_count, "subscription")
        send(not_kept, laser)

        def hinted(stamp_s: int) -> Any:
            """Send a cloud and the image after it, until the first depth with hints has come."""
            at_ns = stamp_s * S
            send(odometry, *map(moving, range(at_ns - S // 2, at_ns + 1, S // 500)))  # at 500 Hz
            clouds.publish(lidar(stamp_s - AGE_S))
            client.send_until(
                images(at_ns)[1],
                images(at_ns)[0],
                lambda: client.stamped("depth/image", stamp_s) and " used of " in client.value("hints points"),
                "depth with hints",
            )
            return client.stamped("depth/image", stamp_s)[-1]

        hinted(900)
        live = hinted(100)
        told = client.value("hints points")
        assert "100 ms older than the image" in told and "not taken into account" not in told
        assert "mounting known" in client.value("camera")
        assert "incompatible QoS" not in process.text(), "every publisher is heard"
    finally:
        process.stop()
        client.close()
    transform_messages = [(TF_STATIC, it) for it in (camera, laser, ground)]
    transform_messages += [(TF, moving(100 * S - step * S // 500)) for step in range(100, -1, -1)]
    info, image = images(100 * S)
    seen = [("/lidar", lidar(100 - AGE_S)), ("/front/camera_info", info), ("/front/image_raw", image)]
    expected = by_bag(tmp_path, fake_artifact, [*transform_messages, *seen])
    np.testing.assert_allclose(depth(live), expected, rtol=1e-3)
    still = by_bag(tmp_path / "still", fake_artifact, [*transform_messages[:3], *seen])
    assert np.nanmean(expected / still) < 0.98, "the motion of the robot makes a difference"


def test_messages_are_taken_many_at_a_time_and_malformed_ones_are_left_out(make: Callable[..., Any]) -> None:
    node, tree = make(), TransformTree()
    listener = TfListener(node, tree)
    publisher = node.create_publisher(TFMessage, TF, MOVING)
    until = time.monotonic() + 20.0
    while not publisher.get_subscription_count():
        assert time.monotonic() < until, "the listener is not discovered"
    good = [transforms("odom", f"part_{number}", S, BASE_TO_LIDAR) for number in range(DEPTH // 2)]
    malformed = b"\0\1\0\0" + 12 * b"\xff"
    send(publisher, malformed, *good, malformed)
    listener.take()
    assert all(tree.knows(f"part_{number}") for number in range(DEPTH // 2))
    listener.close()
    send(publisher, transforms("odom", "late", S, BASE_TO_LIDAR))
    listener.take()
    assert not tree.knows("late")


def test_the_doctor_names_a_publisher_that_the_node_cannot_hear(
    robot: Robot, fake_artifact: Path, tmp_path: Path
) -> None:
    robot.publisher(TF, QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT), "micro")
    robot.publisher(TF_STATIC, MOVING, "bag")
    parameters = {"model": str(fake_artifact), "backend": BACKEND, "hints.scan": True, "autostart": True}
    with start_node(tmp_path / "log", parameters) as process, NodeClient(process) as client:
        client.wait(lambda: client.value("lifecycle state") == "active", "active node")
        for _ in range(10):  # a new participant does not see all others at once
            if len(found := list(transform_findings(look(0.5)))) == 2:
                break
    assert [each.level for each in found] == [Severity.ERROR, Severity.OK], found
    assert found[0].text == "/tf: /grin asks for reliable, /micro does not offer it, so no transform arrives"
    assert found[1].text == "/tf_static: published by /bag"
