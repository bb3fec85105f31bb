# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The message on /diagnostics carries every number of the snapshot as text."""

from __future__ import annotations

from dataclasses import replace

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.serialization import deserialize_message, serialize_message

from grin_ros.ros.inputs.problem import BACKEND_FAILED
from grin_ros.ros.node.diagnostics.frame_counts import FrameCounts
from grin_ros.ros.node.diagnostics.message import REMEDY, diagnostic_array, status_message
from grin_ros.ros.node.diagnostics.snapshot import Identity, PublishedFrame, Snapshot

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
    frame=PublishedFrame("cam 640x480"),
)


def values(snapshot: Snapshot) -> dict[str, str]:
    return {pair.key: pair.value for pair in status_message(snapshot, "grin: depth", "cam").values}


def test_the_message_carries_everything_as_text() -> None:
    array = diagnostic_array([status_message(GOOD, "grin: depth", "cam")], Time(sec=3))
    received = deserialize_message(serialize_message(array), DiagnosticArray)
    assert received.header.stamp.sec == 3
    (status,) = received.status
    by_key = {pair.key: pair.value for pair in status.values}
    assert (status.name, status.hardware_id, status.level) == ("grin: depth", "cam", DiagnosticStatus.OK)
    assert by_key["artifact"] == "0123456789ab"
    assert by_key["rejected: bad image"] == "1"
    counted = [int(by_key[key]) for key in ("received", "published", "dropped", "rejected", "pending")]
    assert counted == [10, 6, 2, 1, 1]
    assert by_key["latency total p95 (ms)"] == "150.0"
    assert by_key["age at publication p50 (ms)"] == "120.0"
    assert by_key["invalid ratio"] == "0.100"
    assert len(by_key) == len(status.values), "a key is there twice"


def test_frames_on_which_the_backend_failed_are_counted_apart() -> None:
    counts = FrameCounts(received=5, published=1, rejected={"bad image": 2, BACKEND_FAILED: 2})
    by_key = values(replace(GOOD, counts=counts))
    assert (by_key["rejected"], by_key["failed"], by_key["rejected: bad image"]) == ("2", "2", "2")
    assert f"rejected: {BACKEND_FAILED}" not in by_key


def test_the_remedy_is_a_value_of_its_own() -> None:
    status = status_message(replace(GOOD, silence_s=7.0), "grin: depth", "cam")
    remedy = {pair.key: pair.value for pair in status.values}[REMEDY]
    assert remedy.startswith("check that the camera driver runs")
    assert status.message.endswith(f"; {remedy}")
    assert REMEDY not in values(GOOD)
