# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The newest messages of a sensor, spread over the time that an image may be old."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from grin_ros.core.geometry.transform_tree import JUMP_NS
from grin_ros.core.input_error import InputError
from grin_ros.ros.inputs.messages import stamp_ns

KEPT = 24
"""The number of messages that are kept. At APART_NS from one another they go back half a second, so that the message of
an image that took a while is still there."""
APART_NS = 20_000_000
"""Messages but the newest one are at least so far apart. Otherwise a sensor at 1 kHz would fill the memory with the
last milliseconds."""
MOST_BYTES = 64 << 20
"""Fewer messages are kept if they are larger together, but at least two: the nearest before and after an image."""


class KeptMessages:
    """Keeps the newest messages of one topic, by their stamps. Thread safe."""

    def __init__(self, topic: str, lasts_ns: Callable[[Any], int] = lambda _: 0) -> None:
        """topic: the words for it in the text of an error. lasts_ns: how long a message went on measuring after its
        stamp; negative if it began before it."""
        self._topic = topic
        self._lasts_ns = lasts_ns
        self._lock = threading.Lock()
        self._kept: deque[Any] = deque(maxlen=KEPT)

    def add(self, message: Any) -> None:
        """Keep a message that has come. If the clock was set back, those of before are forgotten."""
        with self._lock:
            if self._kept and stamp_ns(message.header) < stamp_ns(self._kept[-1].header) - JUMP_NS:
                self._kept.clear()
            if len(self._kept) > 1:
                apart_ns = stamp_ns(self._kept[-1].header) - stamp_ns(self._kept[-2].header)
                if 0 <= apart_ns < APART_NS:
                    self._kept.pop()
            self._kept.append(message)
            while len(self._kept) > 2 and sum(map(_bytes, self._kept)) > MOST_BYTES:
                self._kept.popleft()

    @property
    def heard(self) -> bool:
        """True if a message has come."""
        return bool(self._kept)

    def nearest(self, image_ns: int, max_age_s: float, limit: str = "hints.max_age_s") -> Any:
        """Return the message that measured nearest to the time of the image; of several, the one that came last.

        limit: the parameter that sets max_age_s. Raises InputError if none has come, or if none is near enough.
        """
        with self._lock:
            kept = list(self._kept)
        if not kept:
            raise nothing_has_come(self._topic)
        nearest = min(reversed(kept), key=lambda message: abs(self._older_ns(message, image_ns)))
        age_s = self._older_ns(nearest, image_ns) / 1e9
        if abs(age_s) > max_age_s and not image_ns:
            raise InputError(
                "the image has no time (its stamp is 0)", "let the node that publishes it fill in header.stamp"
            )
        if abs(age_s) > max_age_s and not stamp_ns(nearest.header):
            raise InputError(
                f"the nearest message on {self._topic} has no time (its stamp is 0)",
                "let the node that publishes it fill in header.stamp",
            )
        if abs(age_s) > max_age_s:
            raise InputError(
                f"the nearest message on {self._topic} is {abs(age_s):.2f} s {'older' if age_s > 0 else 'newer'} than "
                f"the image, and {limit} is {max_age_s:g}",
                f"check that the sensor publishes and that all clocks agree, or raise {limit}",
            )
        return nearest

    def _older_ns(self, message: Any, image_ns: int) -> int:
        """Return how much older than the image a message is; 0 if it measured at that time, negative if it is newer."""
        stamp = stamp_ns(message.header)
        begin, end = sorted((stamp, stamp + self._lasts_ns(message)))
        return image_ns - min(max(image_ns, begin), end)


def _bytes(message: Any) -> int:
    """Return about how much memory a message takes: the data of a cloud or image, the ranges of a scan, or points, of
    which each is an object."""
    return (
        len(getattr(message, "data", ()))
        + 4 * len(getattr(message, "ranges", ()))
        + 200 * len(getattr(message, "points", ()))
    )


def nothing_has_come(topic: str) -> InputError:
    """Return the error of a topic on which nothing has come. DDS does not connect topics of different types."""
    return InputError(
        f"nothing has come on {topic} yet",
        "check the remapping of this topic, and with ros2 topic info that type and QoS of its publisher fit",
    )
