# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""hints/landmarks: points that stand still, seen from where the camera was when the image was taken."""

from __future__ import annotations

import numpy as np
import pytest
from geometry_msgs.msg import Point32
from sensor_msgs.msg import PointCloud

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.core.input_error import InputError
from grin_ros.ros.inputs.hints.landmarks import TOPIC, TOPIC_V1, LandmarksSource
from tests.ros.inputs.hints.wall import (
    CAMERA,
    NOW_NS,
    OPTICAL,
    WALL_M,
    asked,
    cloud,
    depth_error,
    driving,
    header,
    view,
    wall_points,
)


def in_odom(stamp_ns: int = NOW_NS) -> PointCloud:
    return PointCloud(
        header=header("odom", stamp_ns),
        points=[Point32(x=float(x), y=float(y), z=float(z)) for x, y, z in wall_points()],
    )


def test_wrong_stamps_do_not_matter_for_what_stands_still() -> None:
    """The robot has driven 0.5 m towards the wall since odom's origin; the message is stamped a second too early."""
    at = view(driving(1.0), image_ns=NOW_NS + 5 * 10**8)
    early = cloud(wall_points(), stamp_ns=NOW_NS - 5 * 10**8)
    early.header.frame_id = "odom"
    for given in (asked(LandmarksSource(), TOPIC, early, at), asked(LandmarksSource(), TOPIC_V1, in_odom(), at)):
        assert given.hints is not None and len(given.hints) > 100
        rays = CAMERA.unproject(given.hints.pixels)
        np.testing.assert_allclose(given.hints.range_m * rays[:, 2], WALL_M - 0.5, rtol=1e-4)
        np.testing.assert_allclose(given.hints.sigma_ln, 0.05, rtol=1e-6)


def test_landmarks_of_long_ago_are_not_used() -> None:
    with pytest.raises(InputError, match=r"3\.00 s older than the image, and hints\.landmarks_max_age_s is 2"):
        asked(LandmarksSource(), TOPIC_V1, in_odom(NOW_NS - 3 * 10**9), view(driving(0.0)))


def test_landmarks_far_from_the_origin_of_their_frame_are_used_too() -> None:
    far_m = 2000.0
    at = driving(0.0)
    at.set("map", "odom", 0, Transform.from_rpy((far_m, 0, 0), (0, 0, 0)), static=True)
    message = cloud(wall_points() + np.array([far_m, 0.0, 0.0]), kind="f8")
    message.header.frame_id = "map"
    given = asked(LandmarksSource(), TOPIC, message, view(at))
    assert given.hints is not None and len(given.hints) == 400 and depth_error(given) < 1e-4


def test_without_a_fixed_frame_nothing_is_missing_for_what_stands_still() -> None:
    """OpenVINS alone is such a case: its tf is global > imu > camera."""
    at = TransformTree()
    at.set("global", "optical", 0, OPTICAL, static=True)
    message = cloud(wall_points(), stamp_ns=NOW_NS - 10**8)
    message.header.frame_id = "global"
    given = asked(LandmarksSource(), TOPIC, message, view(at))
    assert depth_error(given) < 1e-4 and given.note == ""
    message.header.frame_id = "optical"
    assert "the motion of the robot" in asked(LandmarksSource(), TOPIC, message, view(at)).note


def test_landmarks_in_the_frame_of_the_camera_are_moved_from_their_time() -> None:
    """They are as old as their stamp says, because they move with the camera."""
    own = cloud(wall_points() @ np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]), stamp_ns=NOW_NS)
    own.header.frame_id = "optical"
    given = asked(LandmarksSource(), TOPIC, own, view(driving(1.0), image_ns=NOW_NS + 10**8))
    assert given.hints is not None
    rays = CAMERA.unproject(given.hints.pixels)
    np.testing.assert_allclose(given.hints.range_m * rays[:, 2], WALL_M - 0.1, rtol=1e-4)
