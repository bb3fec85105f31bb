# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rigid transforms from tf2.

tf2_ros comes with a ROS installation and is not on PyPI, so it is imported only if a parameter asks for it.
"""

from __future__ import annotations

import importlib
from typing import Any

from rclpy.clock import JumpThreshold
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.input_error import InputError


class Transforms:
    """Listens to /tf and /tf_static from construction to `close`. Calls may come from a thread that is not rclpy's."""

    def __init__(self, node: Node, asked: str, instead: str) -> None:
        """asked: the parameter that asks for tf2, with its value. instead: what the operator can do without tf2.

        Raises InputError, which quotes both, if tf2_ros cannot be imported.
        """
        try:
            tf2: Any = importlib.import_module("tf2_ros")
        except ImportError as error:
            raise InputError(
                f"{asked}, but tf2_ros cannot be imported ({error})", f"install ros-<distro>-tf2-ros-py, or {instead}"
            ) from error
        self._instead = instead
        self._error: type[Exception] = tf2.TransformException
        self._buffer = tf2.Buffer()
        self._listener = tf2.TransformListener(self._buffer, node, spin_thread=False)
        # When a bag starts again, transforms from the end of the bag would hide new ones. Static transforms stay.
        threshold = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=True)
        self._jump = node.get_clock().create_jump_callback(threshold, post_callback=lambda _: self._buffer.clear())

    def __call__(self, parent: str, child: str) -> Transform:
        """Return the newest transform that takes points of `child` to `parent`. Raises InputError if none is known."""
        try:
            found = self._buffer.lookup_transform(parent.lstrip("/"), child.lstrip("/"), Time()).transform
        except self._error as error:
            raise InputError(
                f"tf: no transform from '{parent}' to '{child}' ({error})",
                f"check that robot_state_publisher runs and both frames are in its URDF, or {self._instead}",
            ) from error
        place, turn = found.translation, found.rotation
        return Transform.from_quaternion((place.x, place.y, place.z), (turn.x, turn.y, turn.z, turn.w))

    def close(self) -> None:
        """Remove the subscriptions from the node."""
        self._jump.unregister()
        self._listener.unregister()
