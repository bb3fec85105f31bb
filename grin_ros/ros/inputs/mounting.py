# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The mounting of the camera from tf2: the transform from the base frame to the optical frame."""

from __future__ import annotations

from rclpy.node import Node

from grin_ros.core.geometry.camera import Mounting
from grin_ros.core.geometry.pose import mounting_from_pose
from grin_ros.core.input_error import InputError
from grin_ros.ros.inputs.problem import FrameRejectedError, Problem
from grin_ros.ros.inputs.transforms import Transforms


class TfMounting:
    """Listens to /tf and /tf_static from construction to `close`. Calls may come from a thread that is not rclpy's."""

    def __init__(self, node: Node, base_frame: str) -> None:
        """base_frame: a frame on the ground with z up, such as base_footprint. Raises InputError without tf2_ros."""
        self._base_frame = base_frame
        self._transforms = Transforms(
            node,
            f"mounting.base_frame: got '{base_frame}'",
            "leave mounting.base_frame empty and set mounting.known, height_m, roll_deg and pitch_deg",
        )

    def __call__(self, camera_frame: str) -> Mounting:
        """Return height, roll and pitch of the newest transform.

        Raises FrameRejectedError if no transform is known, or if it is not the pose of a camera above the ground.
        """
        try:
            pose = self._transforms(self._base_frame, camera_frame)
        except InputError as error:
            raise FrameRejectedError.of("no transform", error) from error
        try:
            return mounting_from_pose(pose)
        except InputError as error:
            problem = Problem(
                "bad transform",
                f"tf: '{self._base_frame}' to '{camera_frame}': {error.text}",
                "mounting.base_frame must lie on the ground with z up, such as base_footprint",
            )
            raise FrameRejectedError(problem) from error

    def close(self) -> None:
        """Remove the subscriptions from the node."""
        self._transforms.close()
