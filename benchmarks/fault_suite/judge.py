# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The judge of everything that the node publishes."""

from __future__ import annotations

import threading

import numpy as np
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image

from benchmarks.fault_suite.mutations import Depth
from grin_ros.ros.operator.harness.messages import header_stamp_ns

HELD_STAMPS = 4000
"""A stamp is forgotten after this many more; what is published with it then is a violation."""


class Judge:
    """Compares what is published for each stamp with what may be published. Thread safe."""

    def __init__(self, exact: bool = True) -> None:
        """exact: the stand-in backend computes the depth. Of a network's depth only the size is known beforehand."""
        self.changed = threading.Condition()
        self._exact = exact
        self.violations: list[str] = []
        self._allowed: dict[int, tuple[str, Depth | None]] = {}
        self._answered: dict[int, None] = {}
        self.published = 0
        self.limits_change = False
        """True while min_depth_m and max_depth_m are being changed: any pixel may then be NaN or inf."""

    def allow(self, stamp_ns: int, name: str, depth_m: Depth | None) -> None:
        """Note a frame before it is sent. depth_m: its depth; None if nothing may be published for it."""
        with self.changed:
            self._allowed[stamp_ns] = (name, depth_m)
            while len(self._allowed) > HELD_STAMPS:
                self._allowed.pop(next(iter(self._allowed)))

    def answered(self, stamp_ns: int) -> bool:
        """Return True if right depth with this stamp has come."""
        return stamp_ns in self._answered

    def hear(self, topic: str, data: bytes) -> None:
        """Judge a serialised message of any output."""
        stamp_ns = header_stamp_ns(data)
        with self.changed:
            name, depth_m = self._allowed.get(stamp_ns, ("a stamp that was never sent", None))
            if depth_m is None:
                self._violate(f"{topic} for {name} (stamp {stamp_ns}) was published")
            elif topic == "depth/image":
                self._hear_depth(name, stamp_ns, data, depth_m)
            self.changed.notify_all()

    def _hear_depth(self, name: str, stamp_ns: int, data: bytes, depth_m: Depth) -> None:
        image = deserialize_message(data, Image)
        fits = image.encoding == "32FC1" and (image.height, image.width) == depth_m.shape
        got = np.frombuffer(image.data, np.float32).reshape(depth_m.shape) if fits else np.empty(0, np.float32)
        expected = depth_m if self._exact or not fits else got
        if self.limits_change and fits:
            expected = np.where(np.isfinite(got), expected, got)
        if not np.array_equal(got, expected, equal_nan=True):
            self._violate(f"depth/image of {name} (stamp {stamp_ns}) is not what was in the image")
            return
        self.published += 1
        self._answered[stamp_ns] = None
        while len(self._answered) > HELD_STAMPS:
            self._answered.pop(next(iter(self._answered)))

    def _violate(self, text: str) -> None:
        if len(self.violations) < 20:
            self.violations.append(text)
