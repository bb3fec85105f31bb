# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""With use_sim_time and nothing on /clock, diagnostics come at their period and say that the clock stands still."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node

from grin_ros.ros.node.diagnostics import clock_watch as module
from grin_ros.ros.node.diagnostics.clock_watch import ClockWatch
from tests.ros.in_process import verdict


class Clock:
    """A node's clock that a test sets."""

    now_ns = 5
    ros_time_is_active = True

    def now(self) -> Any:
        return SimpleNamespace(nanoseconds=self.now_ns)


def test_the_time_since_the_clock_moved_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    steady = SimpleNamespace(now_s=100.0, monotonic=lambda: steady.now_s)
    monkeypatch.setattr(module, "time", steady)
    clock = Clock()
    watch = ClockWatch(clock)
    assert watch.stands_s() == 0.0
    steady.now_s = 103.0
    assert watch.stands_s() == 3.0
    clock.now_ns += 1
    assert watch.stands_s() == 0.0
    clock.now_ns = 0  # a bag that starts again
    steady.now_s = 104.0
    assert watch.stands_s() == 0.0
    clock.ros_time_is_active = False
    assert watch.stands_s() is None
    steady.now_s, clock.ros_time_is_active = 110.0, True
    assert watch.stands_s() == 6.0


@pytest.mark.parametrize("active", [False, True])
def test_diagnostics_come_without_a_clock(make: Callable[..., Any], active: bool) -> None:
    node = make(use_sim_time=True, diagnostics_period_s=0.1)
    if active:
        assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    listener = Node("listener", context=node.context)
    heard: list[DiagnosticArray] = []
    listener.create_subscription(DiagnosticArray, "/diagnostics", heard.append, 10)
    executor = SingleThreadedExecutor(context=node.context)
    for each in (node, listener):
        executor.add_node(each)

    def spin(limit_s: float, done: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + limit_s
        while not done() and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.05)
        return done()

    stands = "use_sim_time is set, but /clock stands still"
    assert spin(30.0, lambda: bool(heard) and stands in heard[-1].status[0].message)
    assert heard[-1].status[0].level == DiagnosticStatus.WARN
    told = len(heard)
    assert spin(30.0, lambda: len(heard) >= told + 2)
    executor.shutdown()
    listener.destroy_node()
    assert stands in verdict(node)[1]
