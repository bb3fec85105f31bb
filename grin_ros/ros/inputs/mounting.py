# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where the camera is on the robot, from tf2: base frame -> camera's optical frame gives height, roll and pitch."""

from __future__ import annotations

from rclpy.node import Node

from grin_ros.core.geometry.camera import Mounting
from grin_ros.core.geometry.pose import mounting_from_pose
from grin_ros.ros.inputs.messages import FrameRejectedError
from grin_ros.ros.inputs.transforms import Transforms


class TfMounting:
    """Listens to /tf and /tf_static from construction to `close`; may be called from another thread than rclpy's."""

    def __init__(self, node: Node, base_frame: str) -> None:
        """base_frame: on the ground, z up, such as base_footprint. Raises ValueError where there is no tf2_ros."""
        self._base_frame = base_frame
        self._transforms = Transforms(
            node,
            f"mounting.base_frame: got '{base_frame}'",
            "leave mounting.base_frame empty and set mounting.known, height_m, roll_deg and pitch_deg",
        )

    def __call__(self, camera_frame: str) -> Mounting:
        """By the newest transform. Raises FrameRejectedError: none known, or one that is no mounting."""
        try:
            pose = self._transforms(self._base_frame, camera_frame)
        except ValueError as error:
            raise FrameRejectedError(
                "no transform",
                f"{error}; check that robot_state_publisher runs and both frames are in its URDF, or leave "
                "mounting.base_frame empty",
            ) from error
        try:
            return mounting_from_pose(pose)
        except ValueError as error:
            raise FrameRejectedError(
                "bad transform",
                f"tf: '{self._base_frame}' to '{camera_frame}': {error} mounting.base_frame must lie on the ground "
                "with z up, such as base_footprint",
            ) from error

    def close(self) -> None:
        """Take the subscriptions off the node."""
        self._transforms.close()
