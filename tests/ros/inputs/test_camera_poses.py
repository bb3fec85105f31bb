# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The pose of the camera comes with the hints of every sensor where tf knows it, and says when poses do not compare."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.core.types import Placed
from grin_ros.ros.inputs.camera_poses import CameraPoses
from grin_ros.ros.inputs.hints.gathering import HintInputs
from tests.ros.inputs.hints.wall import NOW_NS, driving, scan, tree, view

STEP_NS = 100_000_000


def told(poses: CameraPoses, of: TransformTree, image_ns: int) -> Placed:
    placed = poses(view(of, image_ns))
    assert placed is not None
    return placed


def test_poses_of_a_robot_that_drives_compare() -> None:
    poses, of = CameraPoses(), driving(1.5)
    one, two = (told(poses, of, NOW_NS + step) for step in (0, STEP_NS))
    assert one.since == two.since
    moved_m = two.fixed_from_optical.translation_m - one.fixed_from_optical.translation_m
    np.testing.assert_allclose(moved_m, [0.15, 0.0, 0.0], atol=1e-9)


def test_poses_do_not_compare_after_a_jump_when_time_goes_back_or_when_frames_are_forgotten() -> None:
    poses, of = CameraPoses(), driving(0.0)
    of.set("odom", "base", NOW_NS + 2 * STEP_NS, Transform(np.eye(3), [9.0, 0.0, 0.0]))
    since = [told(poses, of, NOW_NS + step * STEP_NS).since for step in (0, 1, 2, 0, 1)]
    poses.forget()
    since.append(told(poses, of, NOW_NS + 3 * STEP_NS // 2).since)
    compares = np.diff(since) == 0
    assert list(compares) == [True, False, False, True, False]


@pytest.mark.parametrize("fixed_frame", ["", "map"])
def test_without_a_fixed_frame_there_is_no_pose(fixed_frame: str) -> None:
    assert CameraPoses()(view(driving(1.0), fixed_frame=fixed_frame)) is None
    assert CameraPoses()(view(tree())) is None


@pytest.mark.parametrize(("on", "of", "placed"), [
    ({"scan": True}, driving(0.5), True),
    ({"scan": True}, tree(), False),
    ({"scan": True, "motion": True}, driving(0.5), False),
])  # fmt: skip
def test_hints_of_sensors_are_placed_unless_motion_has_poses_of_its_own(
    on: dict[str, bool], of: TransformTree, placed: bool
) -> None:
    at = view(of, **on)
    inputs = HintInputs(at.config, of)
    inputs.take("hints/scan", scan())
    hints = inputs.gather(at.frame, at.frame_id, at.config).hints
    assert hints is not None
    assert (hints.placed is not None) == placed
