# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Counts of a camera's frames by what became of them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from grin_ros.ros.inputs.problem import BACKEND_FAILED


@dataclass(frozen=True)
class FrameCounts:
    """The counts at one moment: received = published + dropped + sum(rejected) + pending always holds."""

    received: int = 0
    published: int = 0
    dropped: int = 0
    """Frames that a newer one replaced before their turn, or that still waited when the node was deactivated."""
    rejected: Mapping[str, int] = field(default_factory=dict)
    """Reason -> number of frames for which nothing was published."""
    pending: int = 0
    """Frames that wait or are being processed, 0 to 2."""

    @property
    def failed(self) -> int:
        """The number of rejected frames on which the backend failed."""
        return self.rejected.get(BACKEND_FAILED, 0)


class FrameCounter:
    """Counts the frames of one camera across activations. Thread safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received = self._published = self._dropped = self._pending = 0
        self._rejected: Counter[str] = Counter()

    def receive(self, *, drop_waiting: bool = False) -> None:
        """Count a frame that has arrived. drop_waiting: it replaces a waiting frame, which is dropped."""
        with self._lock:
            self._received += 1
            self._dropped += drop_waiting
            self._pending += not drop_waiting

    def drop(self) -> None:
        """Count a waiting frame as dropped."""
        with self._lock:
            self._dropped += 1
            self._pending -= 1

    def finish(self, reason: str | None) -> None:
        """Count a processed frame. reason: why it was rejected; None if it was published."""
        with self._lock:
            self._pending -= 1
            if reason is None:
                self._published += 1
            else:
                self._rejected[reason] += 1

    def counts(self) -> FrameCounts:
        """Return the counts of this moment."""
        with self._lock:
            return FrameCounts(self._received, self._published, self._dropped, dict(self._rejected), self._pending)
