# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The mounting from tf. tf2_msgs is not on PyPI, so that its messages are stand-ins here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import TransformStamped
from rclpy.context import Context
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy
from rclpy.signals import SignalHandlerOptions

from benchmarks.stand_in import engine as fakes
from benchmarks.stand_in.camera import info_message, picture
from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.ros.frame.processor import Capture, FrameProcessor, Processed
from grin_ros.ros.inputs import mounting as mountings
from grin_ros.ros.inputs import tf
from grin_ros.ros.inputs.images import open_converter
from grin_ros.ros.inputs.mounting import TfMounting
from grin_ros.ros.inputs.problem import Problem
from grin_ros.ros.message_types import TF_MESSAGE, message_class
from grin_ros.ros.node.lifecycle import GrinNode
from grin_ros.ros.operator.harness.messages import FRAME_ID, image_message, with_stamp
from grin_ros.ros.parameters.table import node_config
from tests.core.geometry.test_mounting import urdf
from tests.ros import IN_PROCESS_DOMAIN, in_process

BASE = "base_footprint"


def transform(mounting: Mounting, child: str = FRAME_ID, parent: str = BASE, seconds: int = 0) -> TransformStamped:
    made = TransformStamped(child_frame_id=child)
    made.header.frame_id, made.header.stamp.sec = parent, seconds
    made.transform.translation.x, made.transform.translation.z = 0.2, mounting.height_m
    turn = urdf(mounting.roll_rad, mounting.pitch_rad, 0.7)
    for name, value in zip("xyzw", turn, strict=True):
        setattr(made.transform.rotation, name, float(value))
    return made


class Robot:
    """Publishes transforms to a listener, as a node without DDS."""

    def __init__(self) -> None:
        self.tree = TransformTree()
        self._heard: list[tuple[str, Callable[[Any], None]]] = []
        self._warned: list[str] = []
        self.durabilities: set[tuple[str, DurabilityPolicy]] = set()
        self.listener = tf.TfListener(self, self.tree)  # type: ignore[arg-type]

    def create_subscription(
        self, _: Any, topic: str, callback: Callable[[Any], None], qos: Any, **_options: Any
    ) -> Any:
        self.durabilities.add((topic, qos.durability))
        self._heard.append((topic, callback))
        return self._heard[-1]

    def destroy_subscription(self, subscription: Any) -> None:
        self._heard.remove(subscription)

    def create_timer(self, *_: Any, **_options: Any) -> Any:
        return None

    def get_logger(self) -> Any:
        return SimpleNamespace(warning=self._warned.append)

    def tell(self, *transforms: TransformStamped, topic: str = tf.TF_STATIC) -> None:
        for heard, callback in self._heard:
            if heard == topic:
                callback(SimpleNamespace(transforms=list(transforms)))


@pytest.fixture
def robot(monkeypatch: pytest.MonkeyPatch) -> Robot:
    for module in (tf, mountings):
        monkeypatch.setattr(module, "message_class", lambda _: TransformStamped)
    return Robot()


Process = Callable[..., Processed | Problem]


@pytest.fixture
def process(robot: Robot, fake_artifact: Path) -> Iterator[Process]:
    """Process one frame of the camera with this frame_id, with its mounting from tf."""
    fakes.register()
    engine = open_engine(fakes.BACKEND, load_artifact(fake_artifact), 1)
    processor = FrameProcessor(Estimator(engine), open_converter(), print, mounting=TfMounting(robot.tree, BASE))

    def one(frame: str, stamp_s: float = 0.0) -> Processed | Problem:
        info = info_message()
        info.header.frame_id = frame
        image = with_stamp(image_message(picture(), 0, frame), round(stamp_s * 1e9))
        return processor(Capture(image, info, 0.0), node_config({}), lambda _: False)

    yield one
    engine.close()


def mounting_of(result: Processed | Problem) -> Mounting:
    assert isinstance(result, Processed), result
    assert result.frame.camera.mounting is not None
    return result.frame.camera.mounting


def test_a_frame_waits_for_its_transform_and_then_has_its_mounting(robot: Robot, process: Process) -> None:
    problem = process(FRAME_ID)
    assert isinstance(problem, Problem)
    assert problem.reason == "no transform"
    assert f"no transform from '{FRAME_ID}' to '{BASE}' (tf does not hold" in problem.text
    assert "robot_state_publisher for those of the robot" in problem.remedy and "mounting.known" in problem.remedy
    mounting = Mounting(0.8, 0.05, 0.3)
    robot.tell(transform(mounting))
    for frame in (FRAME_ID, f"/{FRAME_ID}"):
        got = mounting_of(process(frame))
        assert got.height_m == mounting.height_m
        np.testing.assert_allclose(got.up_optical(), mounting.up_optical(), atol=1e-9)


def test_the_newest_transform_of_a_chain_counts_and_time_may_go_back(robot: Robot, process: Process) -> None:
    lifted = TransformStamped(child_frame_id="mast")
    lifted.header.frame_id = BASE
    lifted.transform.translation.z, lifted.transform.rotation.w = 0.25, 1.0
    robot.tell(lifted)
    for seconds, pitch_rad in ((1000, 0.1), (1001, 0.2), (5, 0.4)):
        robot.tell(transform(Mounting(0.5, 0.1, pitch_rad), parent="mast", seconds=seconds), topic=tf.TF)
        got = mounting_of(process(FRAME_ID))
        assert got.height_m == pytest.approx(0.75)
        np.testing.assert_allclose(got.up_optical(), Mounting(1.0, 0.1, pitch_rad).up_optical(), atol=1e-9)


def test_a_tilted_camera_has_the_mounting_of_its_image(robot: Robot, process: Process) -> None:
    for seconds, pitch_rad in ((1000, 0.1), (1001, 0.3)):
        robot.tell(transform(Mounting(0.5, 0.0, pitch_rad), seconds=seconds), topic=tf.TF)
    for stamp_s, pitch_rad in ((1000.0, 0.1), (1000.5, 0.2), (1001.0, 0.3), (1001.8, 0.3), (999.5, 0.1)):
        np.testing.assert_allclose(
            mounting_of(process(FRAME_ID, stamp_s)).up_optical(), Mounting(0.5, 0.0, pitch_rad).up_optical(), atol=1e-6
        )
    problem = process(FRAME_ID, 1002.5)
    assert isinstance(problem, Problem) and problem.reason == "no transform"
    assert "is 1.50 s older than what is asked for" in problem.text


def test_a_base_frame_above_the_camera_is_refused(robot: Robot, process: Process) -> None:
    below = transform(Mounting(1.0))
    below.transform.translation.z = -0.3
    robot.tell(below)
    problem = process(FRAME_ID)
    assert isinstance(problem, Problem)
    assert problem.reason == "bad transform"
    assert "camera height: got -0.3 m" in problem.text
    assert "must lie on the ground with z up, such as base_footprint" in problem.remedy


def test_static_transforms_of_every_publisher_are_heard_until_the_listener_closes(robot: Robot) -> None:
    kept = {durability for topic, durability in robot.durabilities if topic == tf.TF_STATIC}
    assert kept == {DurabilityPolicy.VOLATILE, DurabilityPolicy.TRANSIENT_LOCAL}
    robot.listener.close()
    robot.tell(transform(Mounting(1.0)))
    assert not robot.tree.knows(BASE)


@pytest.mark.skipif(message_class(TF_MESSAGE) is not None, reason="tf2_msgs is installed here")
def test_without_tf2_msgs_configure_says_what_to_install(fake_artifact: Path) -> None:
    fakes.register()
    context = Context()
    rclpy.init(context=context, domain_id=IN_PROCESS_DOMAIN, signal_handler_options=SignalHandlerOptions.NO)
    values = {"model": str(fake_artifact), "backend": fakes.BACKEND, "mounting.base_frame": BASE}
    node: Any = GrinNode(context=context, parameter_overrides=[Parameter(n, value=v) for n, v in values.items()])
    try:
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
        _, told = in_process.verdict(node)
        assert f"mounting.base_frame: got '{BASE}', but tf2_msgs is not installed" in told
        assert "install ros-<distro>-tf2-msgs" in told
        assert "leave mounting.base_frame empty and set mounting.known" in told
    finally:
        node.close()
        rclpy.shutdown(context=context)
