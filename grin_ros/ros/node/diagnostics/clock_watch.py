# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Notices that the simulated time stands still: use_sim_time is set, and /clock is silent or does not change."""

from __future__ import annotations

import time
from typing import Any


class ClockWatch:
    """Compares the clock of a node with a steady clock, each time that it is asked."""

    def __init__(self, clock: Any) -> None:
        """clock: the node's rclpy.clock.ROSClock."""
        self._clock = clock
        self._last_ns = -1
        self._moved_s = time.monotonic()

    def stands_s(self) -> float | None:
        """Return for how many seconds the simulated time has not changed; None without use_sim_time."""
        now_s, now_ns = time.monotonic(), self._clock.now().nanoseconds
        if now_ns != self._last_ns or not self._clock.ros_time_is_active:
            self._last_ns, self._moved_s = now_ns, now_s
        return now_s - self._moved_s if self._clock.ros_time_is_active else None
