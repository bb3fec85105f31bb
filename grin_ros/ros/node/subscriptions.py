# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The subscriptions of an active node. Their callbacks return at once; the worker's thread does the work."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSPolicyKind, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QosCallbackResult, QoSOverridingOptions

from grin_ros.ros.frame.processor import Capture
from grin_ros.ros.frame.topics import INPUTS
from grin_ros.ros.inputs.hints.gathering import HintInputs
from grin_ros.ros.inputs.messages import AnyImage
from grin_ros.ros.inputs.newest_info import KeptInfo, NewestInfo
from grin_ros.ros.message_types import INFO, message_class
from grin_ros.ros.node.diagnostics.monitor import Monitor
from grin_ros.ros.node.image_watch import ImageWatch
from grin_ros.ros.node.worker import CameraQueue
from grin_ros.ros.parameters.table import NodeConfig

QOS_POLICIES = (QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH, QoSPolicyKind.RELIABILITY, QoSPolicyKind.DURABILITY)
"""The policies of a topic that the parameters qos_overrides.<topic>.<subscription or publisher>.<policy> set."""


class Subscriptions:
    """Subscribes to a camera, and to the hints that correct its depth, until `close`."""

    def __init__(
        self,
        node: Node,
        config: NodeConfig,
        monitor: Monitor,
        queue: CameraQueue[Capture],
        newest_info: NewestInfo,
        hints: HintInputs | None,
    ) -> None:
        """Subscribe. queue: takes the images. newest_info: takes camera_info, and keeps it for the next activation.
        hints: takes the messages of the sources of hints, and sees every image.

        Raises what rclpy raises for an impossible QoS override.
        """
        self._node, self._monitor, self._queue = node, monitor, queue
        self._newest_info, self._hints = newest_info, hints
        self._subscriptions: list[Any] = []
        self._kept_infos: list[KeptInfo] = []
        # The executor serves in this order: camera_info comes before an image that arrived with it.
        callbacks: dict[str, Callable[[Any], None]] = {"camera_info": newest_info.receive}
        callbacks["image/compressed" if config.compressed else "image"] = self._receive_image
        if hints is not None:
            callbacks |= {topic: partial(hints.take, topic) for topic in hints.topics if _installed(topic)}
        try:
            for topic, callback in callbacks.items():
                self._subscribe(topic, callback)
        except Exception:
            self._unsubscribe()
            raise
        self.topics = [subscription.topic_name for subscription in self._subscriptions]
        """The full names of all topics, after remapping: camera_info, the image, and those of hints."""
        info_topic, image_topic = self.topics[:2]
        monitor.listening(image_topic, info_topic, config.compressed)
        self._watch = ImageWatch(node, image_topic)

    def close(self) -> None:
        """Unsubscribe."""
        self._watch.close()
        self._unsubscribe()

    def _unsubscribe(self) -> None:
        while self._kept_infos:
            self._kept_infos.pop().close()
        while self._subscriptions:
            self._node.destroy_subscription(self._subscriptions.pop())

    def _subscribe(self, topic: str, callback: Callable[[Any], None]) -> None:
        """Subscribe to the newest message of a topic, for hints the newest few. A camera_info may be one that its
        publisher has kept."""
        kept = KeptInfo(self._node, callback) if INPUTS[topic].type == INFO else None
        kind = message_class(INPUTS[topic].type)
        queue = INPUTS[topic].queue
        newest = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=queue, reliability=ReliabilityPolicy.BEST_EFFORT)
        overriding = QoSOverridingOptions(QOS_POLICIES, callback=None if kept else _checked)
        heard = kept.receive if kept else callback
        subscription = self._node.create_subscription(kind, topic, heard, newest, qos_overriding_options=overriding)
        self._subscriptions.append(subscription)
        if kept:
            self._kept_infos.append(kept)
            kept.look(subscription.topic_name)

    def _receive_image(self, image: AnyImage) -> None:
        self._monitor.image_came()
        self._watch.image_came()
        info = self._newest_info.message
        self._queue.submit(Capture(image, info, time.monotonic()))
        if self._hints is not None:  # after that, so that the network begins meanwhile
            self._hints.see(image, info)


def _installed(topic: str) -> bool:
    """Return whether the message type of an input is installed; a newer ROS 2 may have dropped it."""
    return message_class(INPUTS[topic].type) is not None


def _checked(profile: QoSProfile) -> QosCallbackResult:
    """Refuse a durability that has no effect: a best-effort subscription never gets the message that is kept."""
    result = QosCallbackResult()
    result.successful = (
        profile.durability != DurabilityPolicy.TRANSIENT_LOCAL or profile.reliability == ReliabilityPolicy.RELIABLE
    )
    result.reason = "" if result.successful else "durability transient_local also needs reliability reliable"
    return result
