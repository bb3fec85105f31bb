# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The worst comes first, in words that help; rates and percentiles are those of the last seconds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.serialization import deserialize_message, serialize_message

from grin_ros.core.latency_budget import Pace
from grin_ros.core.types import DepthEstimate
from grin_ros.ros.node.diagnostics.monitor import (
    WINDOW_S,
    Identity,
    Monitor,
    Snapshot,
    Window,
    diagnostic_array,
    judge,
    status,
)
from grin_ros.ros.node.frame_counts import FrameCounts

GOOD = Snapshot(
    lifecycle="active",
    identity=Identity("nano (/models/nano)", "0123456789ab", "onnxruntime", "cv_bridge"),
    counts=FrameCounts(received=10, published=6, dropped=2, rejected={"bad image": 1}, pending=1),
    input_hz=10.0,
    output_hz=6.0,
    latencies_ms={"encode": (20.0, 30.0), "total": (100.0, 150.0)},
    age_ms=(120.0, 170.0),
    invalid_ratio=0.1,
    beyond_ratio=0.02,
    silence_s=0.1,
    camera="cam 640x480",
)
OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


@pytest.mark.parametrize(
    ("changes", "level", "text"),
    [
        ({}, OK, "6.0 Hz"),
        ({"lifecycle": "inactive"}, OK, "inactive: publishes nothing until it is activated"),
        ({"lifecycle": "unconfigured", "error": "configure failed: model"}, ERROR, "configure failed: model"),
        ({"rejection": "no camera_info yet", "rejected_now": True}, ERROR, "frame rejected: no camera_info yet"),
        ({"rejection": "image: truncated"}, WARN, "works, but a frame was rejected lately: image: truncated"),
        ({"silence_s": 7.0}, WARN, "no image for 7 s"),
        ({"age_ms": (90_000.0, 90_000.0)}, WARN, "90.0 s old"),
        ({"age_ms": (-5_000.0, 0.0)}, WARN, "use_sim_time"),
        ({"age_ms": None, "invalid_ratio": None, "beyond_ratio": None}, OK, "6.0 Hz"),
        ({"invalid_ratio": 0.8}, WARN, "80% of the depth is invalid"),
        ({"identity": Identity(caveat="runs on 'ort'")}, WARN, "6.0 Hz, but runs on 'ort'"),
        ({"identity": Identity(caveat="runs on 'ort'"), "lifecycle": "inactive"}, WARN, "activated; runs on 'ort'"),
        ({"identity": Identity(caveat="runs on 'ort'"), "lifecycle": "unconfigured"}, OK, "unconfigured: publishes"),
        ({"pace": Pace(1, 1, "up: 30 ms leave room")}, OK, "6.0 Hz"),
        ({"pace": Pace(1, 1, "even 1 step", held=False)}, WARN, "latency_budget_ms cannot be held: even 1 step"),
        ({"error": "the backend failed", "silence_s": 7.0, "rejection": "x"}, ERROR, "the backend failed"),
    ],
)
def test_level_and_message(changes: dict[str, object], level: bytes, text: str) -> None:
    got_level, message = judge(replace(GOOD, **changes))  # type: ignore[arg-type]
    assert got_level == level
    assert text in message


def test_the_message_carries_everything_as_text() -> None:
    array = diagnostic_array([status(GOOD, "grin: depth", "cam")], Time(sec=3))
    sent = deserialize_message(serialize_message(array), DiagnosticArray)
    assert sent.header.stamp.sec == 3
    (told,) = sent.status
    values = {pair.key: pair.value for pair in told.values}
    assert (told.name, told.hardware_id, told.level) == ("grin: depth", "cam", OK)
    assert values["artifact"] == "0123456789ab"
    assert values["rejected: bad image"] == "1"
    counted = [int(values[key]) for key in ("received", "published", "dropped", "rejected", "pending")]
    assert counted == [10, 6, 2, 1, 1]
    assert values["latency total p95 (ms)"] == "150.0"
    assert values["age at publication p50 (ms)"] == "120.0"
    assert values["invalid ratio"] == "0.100"
    assert len(values) == len(told.values), "a key twice"


def test_rate_and_percentiles_are_of_the_window() -> None:
    window = Window()
    for index in range(400):
        window.add(index * 0.1, float(index))
    now_s = 39.9
    assert window.rate_hz(now_s) == pytest.approx(10.0)
    assert len(window) == pytest.approx(WINDOW_S * 10, abs=1)
    assert window.percentiles(now_s) == pytest.approx((349.5, 394.5), abs=1.0)
    assert window.rate_hz(now_s + WINDOW_S / 2) < 10.0, "overdue: the rate falls"
    assert window.rate_hz(now_s + 2 * WINDOW_S) == 0.0
    assert window.percentiles(now_s + 2 * WINDOW_S) is None


def test_a_single_sample_has_no_rate() -> None:
    window = Window()
    window.add(1.0)
    window.add(1.0)
    assert window.rate_hz(1.0) == 0.0


def test_the_monitor_follows_what_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr("grin_ros.ros.node.diagnostics.monitor.time.monotonic", lambda: now_s)
    monitor = Monitor()
    monitor.lifecycle = "active"
    depth = np.array([[np.nan, np.inf, 1.0, 2.0]], np.float32)
    for _ in range(5):
        now_s += 0.5
        monitor.image_came()
        monitor.published(DepthEstimate(depth, depth), {"total": 50.0}, age_ms=60.0)
    good = monitor.snapshot(FrameCounts())
    assert (good.output_hz, good.input_hz) == (2.0, 2.0)
    assert (good.invalid_ratio, good.beyond_ratio) == (0.25, 0.25)
    assert good.latencies_ms == {"total": (50.0, 50.0)}
    assert judge(good)[0] == OK

    monitor.rejected("image: truncated", error=False)
    assert judge(monitor.snapshot(FrameCounts())) == (ERROR, "frame rejected: image: truncated")
    monitor.published(DepthEstimate(depth, depth), {"total": 50.0}, age_ms=60.0)
    assert judge(monitor.snapshot(FrameCounts()))[0] == WARN
    monitor.rejected("the backend failed", error=True)
    assert judge(monitor.snapshot(FrameCounts())) == (ERROR, "the backend failed")
    monitor.published(DepthEstimate(depth, depth), {"total": 50.0}, age_ms=60.0)
    assert judge(monitor.snapshot(FrameCounts()))[0] == WARN

    now_s += WINDOW_S + 1
    quiet = monitor.snapshot(FrameCounts())
    assert quiet.silence_s == WINDOW_S + 1
    assert judge(quiet)[0] == WARN
    assert "no image for 11 s" in judge(quiet)[1]
    monitor.restart()
    assert judge(monitor.snapshot(FrameCounts()))[0] == OK


def test_a_frame_that_takes_long_is_told_from_when_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr("grin_ros.ros.node.diagnostics.monitor.time.monotonic", lambda: now_s)
    monitor = Monitor()
    monitor.lifecycle = "active"
    now_s = 200.0  # a long silence before it is not the backend's
    monitor.image_came()
    now_s = 201.0
    monitor.image_came()
    now_s = 204.0
    assert monitor.snapshot(FrameCounts()).working_s is None
    waiting = monitor.snapshot(FrameCounts(received=2, dropped=1, pending=1))
    assert waiting.working_s == 4.0
    assert "at work on one frame for 4 s" in judge(waiting)[1]
    monitor.published(DepthEstimate(np.ones((2, 2), np.float32), np.ones((2, 2), np.float32)), {}, None)
    assert monitor.snapshot(FrameCounts(received=3, published=1, dropped=1, pending=1)).working_s == 0.0
    assert monitor.snapshot(FrameCounts()).relative_sigma == 1.0
