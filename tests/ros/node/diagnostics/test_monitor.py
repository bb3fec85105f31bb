# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The monitor's snapshots follow what happens in the node."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grin_ros.core.latency_budget import Decision
from grin_ros.core.types import DepthEstimate
from grin_ros.ros.inputs.problem import BACKEND_FAILED, Problem
from grin_ros.ros.node.diagnostics import monitor as module
from grin_ros.ros.node.diagnostics.frame_counts import FrameCounts
from grin_ros.ros.node.diagnostics.monitor import Monitor
from grin_ros.ros.node.diagnostics.snapshot import Failure, Identity, PublishedFrame, Snapshot
from grin_ros.ros.node.diagnostics.window import WINDOW_S

DEPTH_M = np.array([[np.nan, np.inf, 1.0, 2.0]], np.float32)
FRAME = PublishedFrame("cam 4x1")
ESTIMATE = DepthEstimate(DEPTH_M, DEPTH_M)
TRUNCATED = Problem("bad image", "image: truncated", "check the camera driver")


class Clock:
    """A steady clock that a test sets."""

    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def monitor(clock: Clock) -> Monitor:
    assert clock.now_s == 100.0
    monitor = Monitor()
    monitor.enter("active")
    return monitor


def publish(monitor: Monitor, frame: PublishedFrame = FRAME) -> None:
    monitor.published(frame, ESTIMATE, {"total": 50.0}, age_ms=60.0)


def snapshot(monitor: Monitor, **counts: Any) -> Snapshot:
    return monitor.snapshot(FrameCounts(**counts))


def test_published_frames_give_rates_latencies_and_shares(monitor: Monitor, clock: Clock) -> None:
    for _ in range(5):
        clock.now_s += 0.5
        monitor.image_came()
        publish(monitor)
    now = snapshot(monitor)
    assert (now.output_hz, now.input_hz) == (2.0, 2.0)
    assert (now.invalid_ratio, now.beyond_ratio) == (0.25, 0.25)
    assert now.latencies_ms == {"total": (50.0, 50.0)}
    assert now.age_ms == (60.0, 60.0)
    assert (now.frame, now.decision) == (FRAME, None)
    assert (now.rejected_now, now.rejection, now.error) == (False, None, None)


def test_a_rejection_is_of_now_until_the_next_depth_and_of_lately_until_it_leaves_the_window(
    monitor: Monitor, clock: Clock
) -> None:
    monitor.rejected(TRUNCATED)
    assert (snapshot(monitor).rejected_now, snapshot(monitor).rejection) == (True, TRUNCATED)
    publish(monitor)
    assert (snapshot(monitor).rejected_now, snapshot(monitor).rejection) == (False, TRUNCATED)
    clock.now_s += WINDOW_S + 1
    assert snapshot(monitor).rejection is None


def test_a_failure_of_the_backend_is_told_as_long_as_any_rejection(monitor: Monitor, clock: Clock) -> None:
    problem = Problem(BACKEND_FAILED, "the backend failed", "try another")
    monitor.rejected(problem)
    assert (snapshot(monitor).rejected_now, snapshot(monitor).rejection) == (True, problem)
    clock.now_s += WINDOW_S + 1  # no image comes after it
    now = snapshot(monitor)
    assert (now.rejected_now, now.rejection, now.error) == (False, None, None)
    assert now.silence_s == WINDOW_S + 1


def test_a_failed_transition_is_an_error_until_a_state_is_entered_without_it(monitor: Monitor) -> None:
    failure = Failure("configure failed: no model", "export one")
    monitor.failed(failure)
    assert snapshot(monitor).error == failure
    monitor.enter("finalized", failing=True)
    assert snapshot(monitor).error == failure
    monitor.enter("inactive")
    assert snapshot(monitor).error is None


def test_a_new_activation_knows_nothing_of_the_frames_of_an_earlier_one(monitor: Monitor) -> None:
    decision = Decision(1, 1, "why")
    monitor.begins(decision)
    seen = replace(FRAME, floor_in_obstacles=True, no_scan=True)
    publish(monitor, seen)
    now = snapshot(monitor)
    assert (now.decision, now.frame) == (decision, seen)
    monitor.restart()
    now = snapshot(monitor)
    assert (now.decision, now.frame) == (None, FRAME), "only the camera is known"


def test_the_steps_of_a_frame_are_known_before_it_is_published(monitor: Monitor) -> None:
    monitor.begins(Decision(50, 12, "no latency budget"))
    assert snapshot(monitor).decision == Decision(50, 12, "no latency budget")


def test_silence_is_counted_from_the_last_image_or_from_activation(monitor: Monitor, clock: Clock) -> None:
    monitor.image_came()
    clock.now_s += 11.0
    assert snapshot(monitor).silence_s == 11.0
    monitor.restart()
    assert snapshot(monitor).silence_s == 0.0
    monitor.enter("inactive")
    assert snapshot(monitor).silence_s is None


def test_a_frame_that_takes_long_is_timed_from_its_arrival(monitor: Monitor, clock: Clock) -> None:
    clock.now_s = 200.0  # the silence before the image does not count
    monitor.image_came()
    clock.now_s = 201.0
    monitor.image_came()
    clock.now_s = 204.0
    assert snapshot(monitor).working_s is None
    assert snapshot(monitor, received=2, dropped=1, pending=1).working_s == 4.0
    flat = np.ones((2, 2), np.float32)
    monitor.published(FRAME, DepthEstimate(flat, flat), {}, None)
    assert snapshot(monitor, received=3, published=1, dropped=1, pending=1).working_s == 0.0
    assert snapshot(monitor).relative_sigma == 1.0


def test_the_identity_is_that_of_the_configuration_with_the_backend_of_now(monitor: Monitor) -> None:
    monitor.configured(Identity("nano", "0123", "ort", "cv_bridge"))
    monitor.runs_on("openvino", "it was named", "ort failed")
    assert snapshot(monitor).identity == Identity("nano", "0123", "openvino", "cv_bridge", "ort failed", "it was named")


def test_camera_info_messages_are_counted_across_activations(monitor: Monitor) -> None:
    monitor.camera_info_came()
    monitor.restart()
    monitor.camera_info_came()
    assert snapshot(monitor).camera_infos == 2
