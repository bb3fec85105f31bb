# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin bag` with motion: recorded images with /tf, or with odometry and /tf_static, give hints as in the node."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CameraInfo, Image

from benchmarks.stand_in.engine import register
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.labels.folder import LabelFolder
from grin_ros.ros.bags.messages import serialize
from grin_ros.ros.bags.run import run
from grin_ros.ros.inputs.messages import info_from_camera
from grin_ros.ros.inputs.tf import TF, TF_STATIC
from grin_ros.ros.message_types import TF_MESSAGE, type_name
from grin_ros.ros.teaching.labelling import label
from tests.core.motion.room import CAMERA, PERIOD_NS, sideways, view
from tests.ros.bags.drives import Raw, content, job_of
from tests.ros.bags.recorded import write
from tests.ros.inputs.hints.test_motion import image_message
from tests.ros.inputs.hints.wall import header

FRAMES = 10
ODOMETRY = "nav_msgs/msg/Odometry"
STORE = get_typestore(Stores.ROS2_JAZZY)
KINDS: dict[str, Any] = dict(STORE.types)


@pytest.fixture(autouse=True)
def fake_backend() -> None:
    register()


def quaternion(pose: Transform) -> Any:
    return KINDS["geometry_msgs/msg/Quaternion"](*pose.quaternion.tolist())


def head(frame_id: str, stamp_ns: int) -> Any:
    stamp = KINDS["builtin_interfaces/msg/Time"](stamp_ns // 10**9, stamp_ns % 10**9)
    return KINDS["std_msgs/msg/Header"](stamp=stamp, frame_id=frame_id)


def tf(parent: str, child: str, stamp_ns: int, pose: Transform) -> bytes:
    place = KINDS["geometry_msgs/msg/Vector3"](*map(float, pose.translation_m))
    moved = KINDS["geometry_msgs/msg/Transform"](translation=place, rotation=quaternion(pose))
    stamped = KINDS["geometry_msgs/msg/TransformStamped"](
        header=head(parent, stamp_ns), child_frame_id=child, transform=moved
    )
    return bytes(STORE.serialize_cdr(KINDS[TF_MESSAGE](transforms=[stamped]), TF_MESSAGE))


def odometry(stamp_ns: int, pose: Transform) -> bytes:
    place = KINDS["geometry_msgs/msg/Point"](*map(float, pose.translation_m))
    where = KINDS["geometry_msgs/msg/Pose"](position=place, orientation=quaternion(pose))
    zero = KINDS["geometry_msgs/msg/Vector3"](0.0, 0.0, 0.0)
    made = KINDS[ODOMETRY](
        header=head("odom", stamp_ns),
        child_frame_id="base",
        pose=KINDS["geometry_msgs/msg/PoseWithCovariance"](pose=where, covariance=np.zeros(36)),
        twist=KINDS["geometry_msgs/msg/TwistWithCovariance"](
            twist=KINDS["geometry_msgs/msg/Twist"](linear=zero, angular=zero), covariance=np.zeros(36)
        ),
    )
    return bytes(STORE.serialize_cdr(made, ODOMETRY))


def drive(path: Path, left_out: str = "") -> Path:
    """A drive with both /tf (odom to base) and /odom, and the camera's place on the robot in /tf_static."""
    identity = Transform(np.eye(3), np.zeros(3))
    messages: list[Raw] = [(TF_STATIC, TF_MESSAGE, 1, tf("base", "optical", 0, identity))]
    for index, pose in enumerate(sideways(FRAMES)):
        at_ns = (index + 1) * PERIOD_NS
        info = info_from_camera(CAMERA)
        info.header = header("optical", at_ns)
        messages += [
            (TF, TF_MESSAGE, at_ns - 3, tf("odom", "base", at_ns, pose)),
            ("/odom", ODOMETRY, at_ns - 2, odometry(at_ns, pose)),
            ("/front/camera_info", type_name(CameraInfo), at_ns - 1, serialize(info)),
            ("/front/image_raw", type_name(Image), at_ns, serialize(image_message(view(CAMERA, pose)[0], at_ns))),
        ]
    return write(path, [raw for raw in messages if raw[0] != left_out])


def test_tf_and_odometry_of_a_bag_give_the_same_hints(tmp_path: Path, fake_artifact: Path) -> None:
    drive(tmp_path / "in")
    by_tf = job_of(tmp_path / "in", tmp_path / "tf", fake_artifact, every=3)
    by_tf = replace(by_tf, parameters={**by_tf.parameters, "motion.fixed_frame": "odom"})
    by_odometry = job_of(
        tmp_path / "in", tmp_path / "odometry", fake_artifact, every=3, hints=(("motion/odometry", "/odom"),)
    )
    by_odometry = replace(by_odometry, parameters={**by_odometry.parameters, "hints.motion": True})
    first, second = run(by_tf), run(by_odometry)
    assert first.frames == second.frames == 4
    assert first.hints["motion"] == second.hints["motion"] >= 2, "the first frames have no baseline yet"
    outputs = [
        [raw for raw in content(tmp_path / name) if raw[0].startswith("/front/depth")] for name in ("tf", "odometry")
    ]
    assert outputs[0] == outputs[1]
    alone = job_of(tmp_path / "in", tmp_path / "alone", fake_artifact, every=3)
    run(alone)
    assert [raw for raw in content(tmp_path / "alone") if raw[0].startswith("/front/depth")] != outputs[0]


def test_frames_to_learn_from_know_their_poses_from_odometry_where_tf_has_none(
    tmp_path: Path, fake_artifact: Path
) -> None:
    drive(tmp_path / "in", left_out=TF)
    job = job_of(tmp_path / "in", tmp_path / "frames", fake_artifact, hints=(("motion/odometry", "/odom"),))
    report = label(replace(job, parameters={**job.parameters, "hints.motion": True}))
    frames, poses = LabelFolder(tmp_path / "frames"), list(sideways(FRAMES))
    assert report.frames == len(frames) >= 2
    for number in range(len(frames)):
        pose = frames.pose(number)
        assert pose is not None
        expected = poses[frames.stamp_ns(number) // PERIOD_NS - 1]
        np.testing.assert_allclose(pose.translation_m, expected.translation_m, atol=1e-9)
