# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rigid transforms from tf2, which comes with a ROS installation and not from PyPI: imported only where asked for."""

from __future__ import annotations

import importlib
from typing import Any

from rclpy.clock import JumpThreshold
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time

from grin_ros.core.geometry.transform import Transform


class Transforms:
    """Listens to /tf and /tf_static from construction to `close`; may be called from another thread than rclpy's."""

    def __init__(self, node: Node, asked: str, instead: str) -> None:
        """asked: the parameter that asks for tf2, and its value; instead: what else to do. Both for the text of the
        ValueError that is raised where there is no tf2_ros."""
        try:
            tf2: Any = importlib.import_module("tf2_ros")
        except ImportError as error:
            raise ValueError(
                f"{asked}, but tf2_ros cannot be imported ({error}). Install ros-<distro>-tf2-ros-py, or {instead}"
            ) from error
        self._error: type[Exception] = tf2.TransformException
        self._buffer = tf2.Buffer()
        self._listener = tf2.TransformListener(self._buffer, node, spin_thread=False)
        # A bag that starts again: what is known of the future would hide what comes. Static transforms stay.
        threshold = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=True)
        self._jump = node.get_clock().create_jump_callback(threshold, post_callback=lambda _: self._buffer.clear())

    def __call__(self, parent: str, child: str) -> Transform:
        """The newest. Raises ValueError where none is known."""
        try:
            found = self._buffer.lookup_transform(parent.lstrip("/"), child.lstrip("/"), Time()).transform
        except self._error as error:
            raise ValueError(f"tf: no transform from '{parent}' to '{child}' ({error})") from error
        place, turn = found.translation, found.rotation
        return Transform.from_quaternion((place.x, place.y, place.z), (turn.x, turn.y, turn.z, turn.w))

    def close(self) -> None:
        """Take the subscriptions off the node."""
        self._jump.unregister()
        self._listener.unregister()
