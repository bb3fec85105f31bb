# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node with broken backends: configure fails, or the fallback runs and /diagnostics says which and why.

A backend that fails or hangs while it runs is replaced, and nothing wrong is published.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter

from benchmarks.stand_in.engine import FakeEngine
from grin_ros.core.backends.registry import BACKENDS
from grin_ros.core.sampling.schedule import member_runs
from tests.ros.in_process import counts, send, value, verdict

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE
OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


class TenPercentTooFar(FakeEngine):
    """An engine whose depth is wrong on the golden sample, like that of a broken runtime."""

    def run(self, graph: str, inputs: Any) -> dict[str, Any]:
        out = super().run(graph, inputs)
        return {**out, "depth_m": out["depth_m"] * np.float32(1.1)} if graph == "decode" else out


class Fickle(FakeEngine):
    """An engine that gives right depth until `fault` is set."""

    fault: ClassVar[str] = ""
    release: ClassVar[threading.Event] = threading.Event()

    @property
    def description(self) -> str:
        return "fickle backend of the tests"

    def run(self, graph: str, inputs: Any) -> dict[str, Any]:
        fault = Fickle.fault
        if fault == "raises" and graph == "encode":
            raise RuntimeError("the device is gone")
        if fault == "hangs" and graph == "encode":
            Fickle.release.wait(60.0)
        out = super().run(graph, inputs)
        if fault == "nan" and graph == "decode":
            out["depth_m"] = np.full_like(out["depth_m"], np.nan)
        if fault == "shape" and graph == "decode":
            out["depth_m"] = out["depth_m"][:, 1:]
        return out


class Slow(FakeEngine):
    """An engine that takes a known time for each step and member, on a clock of its own."""

    now_s: ClassVar[float] = 0.0

    def run(self, graph: str, inputs: Any) -> dict[str, Any]:
        if graph == "denoise":
            Slow.now_s += 0.010 * len(inputs["x"])
        return super().run(graph, inputs)


@pytest.fixture(autouse=True)
def backends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKENDS, "wrong", f"{__name__}:TenPercentTooFar")
    monkeypatch.setitem(BACKENDS, "absent", "grin_ros_runtime_that_is_not_installed:Engine")
    monkeypatch.setitem(BACKENDS, "fickle", f"{__name__}:Fickle")
    monkeypatch.setitem(BACKENDS, "slow", f"{__name__}:Slow")
    Fickle.fault, Fickle.release = "", threading.Event()


@pytest.fixture
def make(make: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Make nodes; release an engine that hangs before its node is closed."""
    yield make
    Fickle.release.set()


@pytest.mark.parametrize(("backend", "text"), [("wrong", "gives wrong depth"), ("absent", "No module named")])
def test_without_a_fallback_configure_fails_with_the_reason(make: Callable[..., Any], backend: str, text: str) -> None:
    node = make(backend=backend)
    assert node.trigger_configure() == FAILURE
    level, message = verdict(node)
    assert level == ERROR
    assert message.startswith(f"configure failed: backend '{backend}'")
    assert text in message


@pytest.mark.parametrize(("backend", "text"), [("wrong", "gives wrong depth"), ("absent", "No module named")])
def test_with_a_fallback_the_next_backend_runs_and_the_diagnostics_warn(
    make: Callable[..., Any], backend: str, text: str
) -> None:
    node = make(backend=backend, fallback="wrong, fake" if backend != "wrong" else "fake")
    assert node.trigger_configure() == SUCCESS
    for trigger in (None, node.trigger_activate):
        assert trigger is None or trigger() == SUCCESS
        assert trigger is None or send(node) == "published"
        level, message = verdict(node)
        assert level == WARN
        assert f"runs on backend 'fake' in place of '{backend}'" in message
        assert text in message
    assert value(node, "backend") == "fake backend of the tests"


def test_a_fallback_that_is_not_needed_causes_no_warning(make: Callable[..., Any]) -> None:
    node = make(backend="fake", fallback="wrong")
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS
    assert send(node) == "published"
    assert verdict(node)[0] == OK


@pytest.mark.parametrize(
    ("fallback", "text"),
    [("fakee", "fallback: got 'fakee' in 'fakee'"), ("absent", "none of the backends wrong, absent can be used")],
)
def test_a_fallback_that_cannot_be_used_fails_configure(make: Callable[..., Any], fallback: str, text: str) -> None:
    node = make(backend="wrong", fallback=fallback)
    assert node.trigger_configure() == FAILURE
    assert text in verdict(node)[1]


@pytest.mark.parametrize("fault", ["raises", "nan", "shape"])
def test_a_backend_that_fails_publishes_nothing_and_is_replaced(make: Callable[..., Any], fault: str) -> None:
    node = make(backend="fickle", fallback="fake")
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS
    assert send(node) == "published"
    Fickle.fault = fault
    for _ in range(3):
        assert send(node) == "failed"
        assert verdict(node)[0] == ERROR
    assert send(node) == "published"
    level, message = verdict(node)
    assert level == WARN
    assert value(node, "backend") == "fake backend of the tests"
    assert "fickle backend of the tests failed 3 frames in a row" in value(node, "backend caveat")
    assert "depth is published again, but a frame of the last seconds was rejected" in message


def test_a_failure_of_the_backend_is_no_error_of_a_node_that_was_deactivated(make: Callable[..., Any]) -> None:
    node = make(backend="fickle")
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS
    Fickle.fault = "raises"
    assert send(node) == "failed"
    assert verdict(node)[0] == ERROR
    for trigger in (node.trigger_deactivate, node.trigger_cleanup, node.trigger_shutdown):
        assert trigger() == SUCCESS
        assert verdict(node)[0] == OK


@pytest.mark.parametrize("fallback", ["fake", ""])
def test_a_backend_that_hangs_is_left_behind_and_the_node_goes_on(make: Callable[..., Any], fallback: str) -> None:
    node = make(backend="fickle", fallback=fallback, watchdog_s=0.5)
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS
    assert send(node) == "published"
    Fickle.fault = "hangs"
    assert send(node) == "failed"
    level, message = verdict(node)
    assert level == ERROR
    told = r"fickle backend of the tests has not answered a frame of \d+x\d+ pixels in time \(watchdog_s 0.5\)"
    assert re.search(told, message)
    assert "check the device and its driver" in message
    Fickle.fault = ""
    assert send(node) == "published"
    assert verdict(node)[0] == WARN
    assert value(node, "backend").startswith(fallback or "fickle")
    assert node.trigger_deactivate() == SUCCESS  # nothing waits for the one that hangs
    assert node.trigger_cleanup() == SUCCESS
    assert counts(node) == {"received": 3, "published": 2, "dropped": 0, "rejected": 0, "failed": 1, "pending": 0}


def test_a_latency_budget_sets_steps_and_members_and_the_diagnostics_say_so(
    make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    simulated = SimpleNamespace(monotonic=lambda: Slow.now_s, perf_counter=lambda: Slow.now_s)
    monkeypatch.setattr("grin_ros.ros.node.live_frames.time", simulated)
    monkeypatch.setattr("grin_ros.ros.node.subscriptions.time", simulated)
    monkeypatch.setattr("grin_ros.core.estimator.time", simulated)
    node = make(backend="slow", steps=4, members=8, watchdog_s=0.0)
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS

    assert send(node) == "published"
    assert (value(node, "steps now"), value(node, "members now"), value(node, "latency budget")) == (
        "4",
        "8",
        "no latency budget",
    )
    assert node.set_parameters([Parameter("latency_budget_ms", value=100.0)])[0].successful
    for _ in range(10):
        assert send(node) == "published"
    assert 4 <= member_runs(int(value(node, "steps now")), int(value(node, "members now"))) <= 9  # 10 ms each
    assert value(node, "latency budget") == "down: 4 x 8 took 250 ms, more than 100 ms"
    assert verdict(node)[0] == OK
    assert node.set_parameters([Parameter("latency_budget_ms", value=5.0)])[0].successful
    for _ in range(10):
        assert send(node) == "published"
    level, message = verdict(node)
    assert level == WARN
    assert "latency_budget_ms cannot be kept: even 1 step and 1 member take 10 ms, more than 5 ms" in message
    assert node.set_parameters([Parameter("latency_budget_ms", value=0.0)])[0].successful
    assert send(node) == "published"
    assert (value(node, "steps now"), value(node, "members now")) == ("4", "8")
