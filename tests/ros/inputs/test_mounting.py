# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The mounting from tf2: with a stand-in for tf2_ros, which is not on PyPI, and with the real one if it is there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import TransformStamped
from rclpy.clock import ClockType
from rclpy.context import Context
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions
from rclpy.time import Time

from benchmarks.stand_in import engine as fakes
from benchmarks.stand_in.camera import info_message, picture
from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.geometry.camera import Mounting
from grin_ros.ros.frame.processor import Capture, FrameProcessor, Processed
from grin_ros.ros.inputs.images import open_converter
from grin_ros.ros.inputs.mounting import TfMounting
from grin_ros.ros.inputs.problem import FrameRejectedError, Problem
from grin_ros.ros.node.lifecycle import GrinNode
from grin_ros.ros.operator.harness.messages import FRAME_ID, image_message
from grin_ros.ros.parameters.table import node_config
from tests.core.geometry.test_pose import urdf
from tests.ros import IN_PROCESS_DOMAIN, in_process

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE
BASE = "base_footprint"


def transform(mounting: Mounting, child: str = FRAME_ID, parent: str = BASE) -> TransformStamped:
    made = TransformStamped(child_frame_id=child)
    made.header.frame_id = parent
    made.transform.translation.x, made.transform.translation.z = 0.2, mounting.height_m
    turn = urdf(mounting.roll_rad, mounting.pitch_rad, 0.7)
    for name, value in zip("xyzw", turn, strict=True):
        setattr(made.transform.rotation, name, float(value))
    return made


class TransformException(Exception):  # noqa: N818 - its name there
    """The error of tf2."""


class Buffer:
    """Knows the transforms that were set, and is as strict about its arguments as the buffer of tf2."""

    made: Buffer

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], TransformStamped] = {}
        self.cleared = 0
        Buffer.made = self

    def set_transform_static(self, made: TransformStamped, authority: str) -> None:
        assert authority
        self.known[made.header.frame_id, made.child_frame_id] = made

    def lookup_transform(self, target_frame: str, source_frame: str, time: Time) -> TransformStamped:
        assert (time.nanoseconds, time.clock_type) == (0, ClockType.SYSTEM_TIME), "not the newest"
        assert not source_frame.startswith("/"), "tf2 refuses a leading slash"
        try:
            return self.known[target_frame, source_frame]
        except KeyError:
            raise TransformException(f'"{source_frame}" passed to lookupTransform does not exist.') from None

    def clear(self) -> None:
        self.cleared += 1


class TransformListener:
    """Holds the buffer until it is unregistered."""

    listening = 0

    def __init__(self, buffer: Buffer, node: Any, *, spin_thread: bool) -> None:
        assert isinstance(buffer, Buffer)
        assert isinstance(node, GrinNode)
        assert not spin_thread
        TransformListener.listening += 1

    def unregister(self) -> None:
        TransformListener.listening -= 1


@pytest.fixture
def tf2(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("tf2_ros")
    for made in (TransformException, Buffer, TransformListener):
        setattr(module, made.__name__, made)
    monkeypatch.setitem(sys.modules, "tf2_ros", module)


@pytest.fixture
def node(fake_artifact: Path) -> Iterator[Any]:
    fakes.register()
    context = Context()
    rclpy.init(context=context, domain_id=IN_PROCESS_DOMAIN, signal_handler_options=SignalHandlerOptions.NO)
    values = {"model": str(fake_artifact), "backend": fakes.BACKEND, "mounting.base_frame": BASE}
    made = GrinNode(context=context, parameter_overrides=[Parameter(n, value=v) for n, v in values.items()])
    yield made
    made.close()
    rclpy.shutdown(context=context)


Process = Callable[[str], Processed | Problem]


@pytest.fixture
def process(request: pytest.FixtureRequest, node: Any, fake_artifact: Path) -> Iterator[Process]:
    """Process one frame of the camera with this frame_id, with its mounting from tf2."""
    request.getfixturevalue("tf2")
    engine = open_engine(fakes.BACKEND, load_artifact(fake_artifact), 1)
    mounting = TfMounting(node, BASE)
    processor = FrameProcessor(Estimator(engine), open_converter(), print, mounting=mounting)

    def one(frame: str) -> Processed | Problem:
        info = info_message()
        info.header.frame_id = frame
        return processor(Capture(image_message(picture(), 1, frame), info, 0.0), node_config({}), lambda _: False)

    yield one
    mounting.close()
    engine.close()


def test_a_frame_waits_for_its_transform_and_then_has_its_mounting(process: Process) -> None:
    problem = process(FRAME_ID)
    assert isinstance(problem, Problem)
    assert problem.reason == "no transform"
    assert f"no transform from '{BASE}' to '{FRAME_ID}'" in problem.text
    assert "does not exist" in problem.text
    assert "check that robot_state_publisher runs" in problem.remedy
    mounting = Mounting(0.8, 0.05, 0.3)
    Buffer.made.set_transform_static(transform(mounting), "robot_state_publisher")
    for frame in (FRAME_ID, f"/{FRAME_ID}"):
        result = process(frame)
        assert isinstance(result, Processed)
        got = result.frame.camera.mounting
        assert got is not None
        assert got.height_m == mounting.height_m
        np.testing.assert_allclose(got.up_optical(), mounting.up_optical(), atol=1e-9)


def test_a_base_frame_above_the_camera_is_refused(process: Process) -> None:
    below = transform(Mounting(1.0))
    below.transform.translation.z = -0.3
    Buffer.made.set_transform_static(below, "urdf")
    problem = process(FRAME_ID)
    assert isinstance(problem, Problem)
    assert problem.reason == "bad transform"
    assert "camera height: got -0.3 m" in problem.text
    assert "must lie on the ground with z up, such as base_footprint" in problem.remedy


@pytest.mark.usefixtures("tf2")
def test_it_listens_while_configured_and_forgets_when_time_goes_back(node: Any) -> None:
    before = TransformListener.listening
    for _ in range(2):
        assert node.trigger_configure() == SUCCESS
        assert TransformListener.listening == before + 1
        assert node.trigger_cleanup() == SUCCESS
        assert TransformListener.listening == before
    assert node.trigger_configure() == SUCCESS
    clock, cleared = node.get_clock(), Buffer.made.cleared
    clock._set_ros_time_is_active(True)
    for seconds in (1000, 1001, 5):
        clock.set_ros_time_override(Time(seconds=seconds, clock_type=ClockType.ROS_TIME))
        if seconds == 1001:
            cleared = Buffer.made.cleared  # the change to simulated time counts as a jump, going on does not
    assert Buffer.made.cleared == cleared + 1


def test_without_tf2_configure_says_what_to_install(node: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tf2_ros", None)
    assert node.trigger_configure() == FAILURE
    _, told = in_process.verdict(node)
    assert f"mounting.base_frame: got '{BASE}', but tf2_ros cannot be imported" in told
    assert "install ros-<distro>-tf2-ros-py" in told
    assert "leave mounting.base_frame empty and set mounting.known" in told


@pytest.mark.ros
def test_the_real_tf2_along_a_chain(node: Any) -> None:
    pytest.importorskip("tf2_ros", reason="tf2_ros is part of a ROS installation")
    mounting = TfMounting(node, BASE)
    with pytest.raises(FrameRejectedError, match="no transform from"):
        mounting(FRAME_ID)
    lifted = TransformStamped(child_frame_id="base_link")
    lifted.header.frame_id = BASE
    lifted.transform.translation.z, lifted.transform.rotation.w = 0.25, 1.0
    mounting._buffer.set_transform_static(lifted, "test")
    mounting._buffer.set_transform_static(transform(Mounting(0.5, 0.1, 0.2), parent="base_link"), "test")
    got = mounting(FRAME_ID)
    assert got.height_m == pytest.approx(0.75)
    np.testing.assert_allclose(got.up_optical(), Mounting(1.0, 0.1, 0.2).up_optical(), atol=1e-9)
    mounting.close()
