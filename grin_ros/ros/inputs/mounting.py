# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The mounting of the camera from tf: the transform from the base frame to the optical frame."""

from __future__ import annotations

from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.core.input_error import InputError
from grin_ros.ros.inputs.problem import FrameRejectedError, Problem
from grin_ros.ros.message_types import TF_MESSAGE, message_class

LATE_NS = 1_000_000_000
"""The largest time between an image and the transforms that are used for it. A mast moves slowly, and its transforms
may come late; but those of a node that has died are not the pose of the camera any more."""
INSTEAD = "leave mounting.base_frame empty and set mounting.known, height_m, roll_deg and pitch_deg"


class TfMounting:
    """Knows how a camera is mounted from the transforms of a tree."""

    def __init__(self, tree: TransformTree, base_frame: str) -> None:
        """tree: /tf and /tf_static, which the caller fills. base_frame: a frame on the ground with z up, such as
        base_footprint."""
        self._tree, self._base_frame = tree, base_frame

    def __call__(self, camera_frame: str, stamp_ns: int) -> Mounting:
        """Return height, roll and pitch at the time of an image; the newest for a stamp of 0, which is no time.

        Raises FrameRejectedError if no transform is known within LATE_NS of that time, or if it is not the pose of a
        camera above the ground.
        """
        try:
            pose = self._tree.lookup(self._base_frame, camera_frame, stamp_ns or None, LATE_NS)
        except InputError as error:
            raise FrameRejectedError(Problem("no transform", error.text, f"{error.remedy}, or {INSTEAD}")) from error
        try:
            return Mounting.from_pose(pose)
        except InputError as error:
            problem = Problem(
                "bad transform",
                f"tf: '{self._base_frame}' to '{camera_frame}': {error.text}",
                "mounting.base_frame must lie on the ground with z up, such as base_footprint",
            )
            raise FrameRejectedError(problem) from error


def live_mounting(tree: TransformTree, base_frame: str) -> TfMounting:
    """Return the mounting for a node. Raises InputError where tf2_msgs is not installed."""
    if message_class(TF_MESSAGE) is None:
        raise InputError(
            f"mounting.base_frame: got '{base_frame}', but tf2_msgs is not installed",
            f"install ros-<distro>-tf2-msgs, or {INSTEAD}",
        )
    return TfMounting(tree, base_frame)
