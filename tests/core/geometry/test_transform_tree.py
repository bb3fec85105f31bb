# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The tree of frames: chains, interpolation, two times through a fixed frame, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.geometry.transform_tree import MOST_FRAMES, TransformTree
from grin_ros.core.input_error import InputError

S = 1_000_000_000


def turned(yaw_deg: float, x: float = 0.0, y: float = 0.0) -> Transform:
    return Transform.from_rpy((x, y, 0.0), (0.0, 0.0, math.radians(yaw_deg)))


def robot() -> TransformTree:
    """Return odom > base > camera and lidar. The base drives 1 m and turns 90 degrees in the second after 10 s."""
    tree = TransformTree()
    tree.set("odom", "base", 10 * S, turned(0.0))
    tree.set("odom", "base", 11 * S, turned(90.0, x=1.0))
    tree.set("/base", "/camera", 0, turned(0.0, x=0.2), static=True)
    tree.set("base", "lidar", 0, turned(180.0, x=-0.3), static=True)
    return tree


def same(found: Transform, expected: Transform) -> None:
    np.testing.assert_allclose(found.rotation, expected.rotation, atol=1e-9)
    np.testing.assert_allclose(found.translation_m, expected.translation_m, atol=1e-9)


def test_static_frames_are_placed_at_any_time() -> None:
    same(robot().lookup("camera", "lidar", 99 * S), turned(180.0, x=-0.5))
    same(robot().lookup("/lidar", "/camera", 0), turned(180.0, x=-0.5))
    same(robot().lookup("camera", "camera", 0), turned(0.0))


def test_between_two_stamps_the_motion_is_interpolated() -> None:
    same(robot().lookup("odom", "base", 10 * S + S // 2), turned(45.0, x=0.5))
    same(robot().lookup("odom", "camera", 10 * S), turned(0.0, x=0.2))


def test_a_little_after_the_newest_stamp_the_motion_goes_on() -> None:
    same(robot().lookup("odom", "base", 11 * S + S // 20), turned(94.5, x=1.05))
    with pytest.raises(InputError, match=r"newest transform from 'base' to 'odom' is 0\.50 s older"):
        robot().lookup("odom", "base", 11 * S + S // 2)
    with pytest.raises(InputError, match=r"oldest transform from 'base' to 'odom' is 0\.50 s newer"):
        robot().lookup("odom", "base", 10 * S - S // 2)


def test_a_point_that_stands_still_moves_in_the_frame_of_the_robot() -> None:
    moved = robot().between("camera", 11 * S, "lidar", 10 * S, "odom")
    point = np.array([-1.0, 0.0, 0.0])  # the lidar looks back: this is 0.7 m ahead of the base at 10 s
    np.testing.assert_allclose(moved(point), [-0.2, 0.3, 0.0], atol=1e-9)


def told(period_ns: int) -> TransformTree:
    """Return odom > base > camera with transforms up to 20 s. The camera is mounted on a joint, which is told later."""
    tree = TransformTree()
    for index in reversed(range(12)):
        tree.set("odom", "base", 20 * S - index * period_ns, turned(0.0))
    tree.set("base", "camera", 19 * S, turned(0.0))
    tree.set("base", "camera", 21 * S, turned(0.0))
    tree.set("camera", "optical", 0, turned(0.0), static=True)
    return tree


@pytest.mark.parametrize(
    ("period_ms", "age_ms", "rare"),
    [(200, 150, True), (100, 130, True), (20, 150, False), (51, 101, False), (200, 3000, False)],
)
def test_transforms_that_come_too_rarely_are_told_from_those_that_are_late(
    period_ms: int, age_ms: int, rare: bool
) -> None:
    with pytest.raises(InputError, match="newest transform from 'base' to 'odom'") as caught:
        told(period_ms * S // 1000).lookup("odom", "base", 20 * S + age_ms * S // 1000)
    assert (f"one comes only every {period_ms / 1000:.2f} s" in caught.value.text) == rare
    assert ("publish it at 20 Hz or more" in caught.value.remedy) == rare
    assert ("all clocks agree" in caught.value.remedy) != rare


def test_the_stamp_after_which_a_way_is_continued_is_known() -> None:
    tree = told(S // 10)
    assert tree.newest_ns("odom", "optical") == tree.newest_ns("/optical", "/odom") == 20 * S
    assert tree.newest_ns("base", "optical") == 21 * S
    assert tree.newest_ns("camera", "optical") is None


def test_frames_that_are_not_there_or_not_connected_are_named() -> None:
    tree = robot()
    tree.set("map", "marker", 0, turned(0.0), static=True)
    with pytest.raises(InputError, match="tf does not hold 'laser'"):
        tree.lookup("camera", "laser", 0)
    with pytest.raises(InputError, match="not connected"):
        tree.lookup("camera", "marker", 0)
    assert tree.knows("odom") and tree.knows("/lidar") and not tree.knows("laser")


def test_a_loop_of_parents_is_refused() -> None:
    tree = TransformTree()
    tree.set("a", "b", 0, turned(0.0), static=True)
    tree.set("b", "a", 0, turned(0.0), static=True)
    with pytest.raises(InputError, match=r"\(the frames 'a', 'b' are parents of one another\); correct the nodes"):
        tree.lookup("a", "c", 0)


@pytest.mark.parametrize(("parent", "child"), [("odom", "odom"), ("base", "base"), ("", "base"), ("odom", "/")])
def test_a_frame_is_not_its_own_parent_and_has_a_name(parent: str, child: str) -> None:
    """Some nodes publish such transforms all day; tf2 ignores them."""
    tree = robot()
    with pytest.raises(InputError, match="expected two different names"):
        tree.set(parent, child, 11 * S, turned(5.0))
    same(tree.lookup("odom", "camera", 10 * S), turned(0.0, x=0.2))


def test_a_loop_above_the_robot_does_not_matter_to_it() -> None:
    tree = robot()
    tree.set("map", "odom", 0, turned(0.0), static=True)
    tree.set("odom", "map", 0, turned(0.0), static=True)
    same(tree.lookup("camera", "lidar", 10 * S), turned(180.0, x=-0.5))


def test_a_frame_whose_transform_was_refused_is_not_called_unknown() -> None:
    tree = robot()
    tree.refuse("/radar", InputError("pose: got a quaternion of length 2, expected 1", "correct the node"))
    with pytest.raises(
        InputError, match=r"'radar' to 'camera' \(pose: got a quaternion of length 2, .*; correct the node"
    ):
        tree.lookup("camera", "radar", 10 * S)
    tree.set("base", "radar", 0, turned(0.0), static=True)
    same(tree.lookup("base", "radar", 0), turned(0.0))


def test_a_tree_that_nobody_fills_says_why() -> None:
    tree = TransformTree()
    tree.unfilled = InputError("tf2_msgs is not installed", "install it")
    with pytest.raises(InputError, match=r"from 'lidar' to 'camera' \(tf2_msgs is not installed\); install it"):
        tree.lookup("camera", "lidar", 0)


def test_when_time_goes_back_the_old_motion_is_forgotten() -> None:
    tree = robot()
    tree.set("odom", "base", 2 * S, turned(0.0, y=7.0))
    same(tree.lookup("odom", "base", 2 * S), turned(0.0, y=7.0))
    with pytest.raises(InputError):
        tree.lookup("odom", "base", 10 * S)


def test_transforms_that_come_in_another_order_or_twice_count_by_their_stamps() -> None:
    tree = TransformTree()
    for stamp in (10.0, 10.4, 10.2, 10.4):
        tree.set("odom", "base", round(stamp * S), turned(0.0, x=stamp))
    same(tree.lookup("odom", "base", round(10.3 * S)), turned(0.0, x=10.3))


def test_the_memory_of_a_long_drive_is_bounded() -> None:
    tree = TransformTree()
    for step in range(5000):
        tree.set("odom", "base", step * S // 100, turned(0.0, x=step))
    same(tree.lookup("odom", "base", 45 * S), turned(0.0, x=4500.0))
    with pytest.raises(InputError, match="oldest"):
        tree.lookup("odom", "base", 20 * S)


def test_frames_that_have_fallen_silent_are_forgotten_when_there_are_too_many() -> None:
    tree = robot()
    for number in range(2 * MOST_FRAMES):
        seconds = 11 + number // 100
        tree.set("odom", "base", seconds * S, turned(0.0, x=seconds))
        tree.set("camera", f"person_{number}", seconds * S, turned(0.0))
    assert tree.knows(f"person_{2 * MOST_FRAMES - 1}") and not tree.knows("person_0")
    same(tree.lookup("odom", "lidar"), turned(180.0, x=seconds - 0.3))
    assert sum(tree.knows(f"person_{number}") for number in range(2 * MOST_FRAMES)) < MOST_FRAMES
