# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fills the tree of transforms from /tf and /tf_static.

tf2_msgs comes with a ROS installation and is not on PyPI, so the node imports it only if a parameter asks for
transforms: hints, or mounting.base_frame.
"""

from __future__ import annotations

import threading
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.core.input_error import InputError
from grin_ros.ros.inputs.messages import stamp_ns
from grin_ros.ros.message_types import TF_MESSAGE, message_class
from grin_ros.ros.steady_timer import steady_timer

TF, TF_STATIC = "/tf", "/tf_static"
VOLATILE = DurabilityPolicy.VOLATILE
DEPTH = 100
"""The number of messages that wait to be taken; tf2_ros has the same."""
INSTALL_TF2_MSGS = "install ros-<distro>-tf2-msgs, which comes with ROS 2 and not with its wheels"
PERIOD_S = 0.05
"""The longest time for which they wait. At twice the rate of DEPTH / PERIOD_S, half of the messages would be lost."""


def add_transforms(tree: TransformTree, message: Any, *, static: bool) -> str:
    """Put the transforms of a TFMessage into the tree. Return why some were left out; empty if none was."""
    problem = ""
    for each in message.transforms:
        place, turn = each.transform.translation, each.transform.rotation
        try:
            transform = Transform.from_quaternion((place.x, place.y, place.z), (turn.x, turn.y, turn.z, turn.w))
            tree.set(each.header.frame_id, each.child_frame_id, stamp_ns(each.header), transform, static=static)
        except InputError as error:
            problem = f"tf from '{each.header.frame_id}' to '{each.child_frame_id}': {error}"
            tree.refuse(each.child_frame_id, error)
    return problem


class _Polled(CallbackGroup):
    """Keeps subscriptions and their QoS events out of the executor, which would wake for each message."""

    def can_execute(self, entity: Any) -> bool:  # noqa: ARG002  # it is so for all of them
        """Return False."""
        return False

    def beginning_execution(self, entity: Any) -> bool:  # noqa: ARG002
        """Return False."""
        return False

    def ending_execution(self, entity: Any) -> None:
        """Do nothing, since nothing has begun."""


class TfListener:
    """Fills a tree from construction to `close`.

    It takes the messages that have come every PERIOD_S, and when `take` is called. If the executor woke for each of
    them, /tf at 500 Hz would cost nearly half of a core.
    """

    def __init__(self, node: Node, tree: TransformTree) -> None:
        """Subscribe. Where tf2_msgs is not installed, log what that means and leave the tree empty."""
        self._node, self._tree = node, tree
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._subscriptions: list[Any] = []
        self._timer: Any = None
        kind = message_class(TF_MESSAGE)
        if kind is None:
            node.get_logger().warning(
                "tf2_msgs is not installed, so no transforms are received: hints are used only where hints.*_pose "
                f"gives the pose of the sensor, and not moved with the robot; {INSTALL_TF2_MSGS}"
            )
            tree.unfilled = InputError("tf2_msgs is not installed, so no transforms are received", INSTALL_TF2_MSGS)
            return
        # A subscription for kept messages hears no publisher that keeps none, as that of a bag without its QoS.
        for topic, durability in ((TF_STATIC, DurabilityPolicy.TRANSIENT_LOCAL), (TF_STATIC, VOLATILE), (TF, VOLATILE)):
            qos = QoSProfile(
                history=HistoryPolicy.KEEP_LAST,
                depth=DEPTH,
                reliability=ReliabilityPolicy.RELIABLE,
                durability=durability,
            )
            receive = self._receiver(topic == TF_STATIC)
            subscription = node.create_subscription(kind, topic, receive, qos, callback_group=_Polled())
            self._subscriptions.append(subscription)
        self._timer = steady_timer(node, PERIOD_S, self.take)

    def take(self) -> None:
        """Put the transforms that have come into the tree. Any thread may call this. Does not raise."""
        with self._lock:
            for subscription in self._subscriptions:
                for _ in range(2 * DEPTH):  # messages that come faster must not hold up the caller
                    try:
                        with subscription.handle:
                            taken = subscription.handle.take_message(subscription.msg_type, subscription.raw)
                    except Exception as error:  # rclpy raises several, as for a name that is not UTF-8
                        self._tell("tf: a message", f"{type(error).__name__}: {error}; it is not used")
                        continue
                    if taken is None:
                        break
                    subscription.callback(taken[0])

    def close(self) -> None:
        """Unsubscribe."""
        with self._lock:
            if self._timer is not None:
                self._node.destroy_timer(self._timer)
                self._timer = None
            while self._subscriptions:
                self._node.destroy_subscription(self._subscriptions.pop())

    def _receiver(self, static: bool) -> Any:
        def receive(message: Any) -> None:
            problem = add_transforms(self._tree, message, static=static)
            if problem:
                frames, _, why = problem.partition(": ")
                self._tell(frames, f"{why}; this transform is not used")

        return receive

    def _tell(self, what: str, why: str) -> None:
        """Log a problem, once of each thing that it concerns: the rest may be another number in every message."""
        if what not in self._told and self._node.context.ok():
            self._told.add(what)
            self._node.get_logger().warning(f"{what}: {why}")
