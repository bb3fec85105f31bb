# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A timer that runs also while the time of the node stands still."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.clock import Clock, ClockType  # type: ignore[attr-defined]  # in rclpy.clock_type since Jazzy
from rclpy.node import Node
from rclpy.timer import Timer


def steady_timer(node: Node, period_s: float, call: Callable[[], None]) -> Timer:
    """Return a timer of the node with a steady clock.

    With use_sim_time and nothing on /clock, the clock of the node stands still, and so would its own timers.
    """
    return node.create_timer(period_s, call, clock=Clock(clock_type=ClockType.STEADY_TIME))
