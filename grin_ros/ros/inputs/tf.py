# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fills the tree of transforms from /tf and /tf_static.

tf2_msgs comes with a ROS installation and is not on PyPI, so the node imports it only if a parameter asks for
transforms: hints, or mounting.base_frame.
"""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.core.input_error import InputError
from grin_ros.ros.inputs.messages import stamp_ns
from grin_ros.ros.message_types import message_class

TF, TF_STATIC = "/tf", "/tf_static"
TYPE = "tf2_msgs/msg/TFMessage"
VOLATILE = DurabilityPolicy.VOLATILE
DEPTH = 100
"""The number of messages that wait for the executor; tf2_ros has the same."""


def add_transforms(tree: TransformTree, message: Any, *, static: bool) -> str:
    """Put the transforms of a TFMessage into the tree. Return why some were left out; empty if none was."""
    problem = ""
    for each in message.transforms:
        place, turn = each.transform.translation, each.transform.rotation
        try:
            transform = Transform.from_quaternion((place.x, place.y, place.z), (turn.x, turn.y, turn.z, turn.w))
        except InputError as error:
            problem = f"tf from '{each.header.frame_id}' to '{each.child_frame_id}': {error}"
            continue
        tree.set(each.header.frame_id, each.child_frame_id, stamp_ns(each.header), transform, static=static)
    return problem


class TfListener:
    """Fills a tree from construction to `close`."""

    def __init__(self, node: Node, tree: TransformTree) -> None:
        """Subscribe. Where tf2_msgs is not installed, log what that means and leave the tree empty."""
        self._node, self._tree = node, tree
        self._told: set[str] = set()
        self._subscriptions: list[Any] = []
        kind = message_class(TYPE)
        if kind is None:
            node.get_logger().warning(
                "tf2_msgs is not installed, so no transforms are received: hints are used only where hints.*_pose "
                "gives the pose of the sensor, and not moved with the robot; install ros-<distro>-tf2-msgs"
            )
            return
        # A subscription for kept messages hears no publisher that keeps none, as that of a bag without its QoS.
        for topic, durability in ((TF, VOLATILE), (TF_STATIC, VOLATILE), (TF_STATIC, DurabilityPolicy.TRANSIENT_LOCAL)):
            qos = QoSProfile(
                history=HistoryPolicy.KEEP_LAST,
                depth=DEPTH,
                reliability=ReliabilityPolicy.RELIABLE,
                durability=durability,
            )
            receive = self._receiver(topic == TF_STATIC)
            self._subscriptions.append(node.create_subscription(kind, topic, receive, qos))

    def close(self) -> None:
        """Unsubscribe."""
        while self._subscriptions:
            self._node.destroy_subscription(self._subscriptions.pop())

    def _receiver(self, static: bool) -> Any:
        def receive(message: Any) -> None:
            problem = add_transforms(self._tree, message, static=static)
            frames = problem.partition(": ")[0]  # the rest may be another number in every message
            if problem and frames not in self._told:
                self._told.add(frames)
                self._node.get_logger().warning(f"{problem}; this transform is not used")

        return receive
