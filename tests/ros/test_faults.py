# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The short size of `benchmarks/faults.py`: every case on one node over DDS, and a judge that can find faults."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

from benchmarks.fault_suite.counts import adds_up, counts_of
from benchmarks.fault_suite.footprint import Footprint
from benchmarks.fault_suite.judge import Judge
from benchmarks.fault_suite.mutations import MUTATIONS, good
from benchmarks.fault_suite.rig import CaseResult
from benchmarks.fault_suite.suite import SHORT, faults, outcomes
from benchmarks.stand_in.camera import HEIGHT, WIDTH
from grin_ros.ros.operator.harness.messages import FRAME_ID

CASES = 17
STAMP_NS = 7 * 10**9


@pytest.fixture(scope="module")
def told(tiny_artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> list[CaseResult]:
    return list(outcomes(tmp_path_factory.mktemp("faults"), SHORT, seed=3, real_artifact=tiny_artifact))


def test_no_case_has_a_violation(told: list[CaseResult]) -> None:
    bad = [f"{outcome.case}: {'; '.join(outcome.violations)}" for outcome in told if outcome.violations]
    assert not bad, "\n".join(bad)


def test_every_case_ran_and_says_what_happened(told: list[CaseResult]) -> None:
    expected = CASES if any("disk" in outcome.case for outcome in told) else CASES - 1  # without OpenVINO
    assert len({outcome.case for outcome in told}) == len(told) == expected
    assert all(outcome.sent and outcome.happened for outcome in told)
    assert sum(outcome.recovery_frames is not None for outcome in told) >= CASES - 2


def depth_message(depth_m: np.ndarray, stamp_ns: int = STAMP_NS) -> bytes:  # type: ignore[type-arg]
    message = Image(height=depth_m.shape[0], width=depth_m.shape[1], encoding="32FC1", data=depth_m.tobytes())
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 10**9)
    return bytes(serialize_message(message))


def test_the_judge_finds_wrong_and_forbidden_messages() -> None:
    depth_m = np.arange(1.0, 7.0, dtype=np.float32).reshape(2, 3)
    judge = Judge()
    judge.allow(STAMP_NS, "a good frame", depth_m)
    judge.hear("depth/image", depth_message(depth_m))
    assert judge.answered(STAMP_NS)
    assert judge.violations == []
    for wrong in (depth_m + 1, np.full_like(depth_m, np.nan), depth_m[:, :2], depth_m[:0]):
        judge.hear("depth/image", depth_message(wrong))
        assert "is not what was in the image" in judge.violations.pop()
    judge.hear("points", depth_message(depth_m, STAMP_NS + 1))
    assert "never sent" in judge.violations.pop()
    judge.allow(STAMP_NS + 2, "a bad frame", None)
    judge.hear("depth/sigma", depth_message(depth_m, STAMP_NS + 2))
    assert "depth/sigma for a bad frame" in judge.violations.pop()


def test_the_depth_of_a_network_is_judged_by_its_size_and_stamp() -> None:
    judge = Judge(exact=False)
    depth_m = np.ones((2, 3), np.float32)
    judge.allow(STAMP_NS, "a good frame", depth_m * 2)
    judge.hear("depth/image", depth_message(depth_m))
    assert judge.violations == []
    judge.hear("depth/image", depth_message(depth_m[:, :2]))
    judge.hear("depth/image", depth_message(depth_m, STAMP_NS + 1))
    assert len(judge.violations) == 2


def test_growth_is_found() -> None:
    before = Footprint(100.0, 50.0, 10, 20)
    assert faults(before, Footprint(300.0, 55.0, 9, 20), 8.0) == []
    assert len(faults(before, Footprint(100.0, 59.0, 11, 21), 8.0)) == 3


def test_counts_are_added_up() -> None:
    values = {"received": 9, "published": 5, "rejected": 1, "dropped": 2, "pending": 1, "other": "x"}
    status = DiagnosticStatus(values=[KeyValue(key=key, value=str(value)) for key, value in values.items()])
    numbers = counts_of(DiagnosticArray(status=[status]))
    assert adds_up(numbers)
    assert not adds_up({**numbers, "received": 10})
    assert adds_up({**numbers, "received": 10, "failed": 1})


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_differs_from_a_good_frame_and_repeats_from_its_seed(name: str) -> None:
    make = MUTATIONS[name]
    first, again, plain = (f(np.random.default_rng(5)) for f in (make, make, good))
    # Bytes on the wire have padding that nobody sets.
    said = [(len(f.image) if isinstance(f.image, bytes) else str(f.image), str(f.info)) for f in (first, again, plain)]
    assert said[0] == said[1]
    assert said[0] != said[2]
    assert not first.required or first.depth_m is not None
    assert plain.depth_m is not None
    assert plain.depth_m.shape == (HEIGHT, WIDTH)


def test_the_stamp_of_a_message_on_the_wire_is_where_the_judge_reads_it() -> None:
    image = good(np.random.default_rng(1)).image
    assert isinstance(image, Image)
    image.header.stamp.sec, image.header.stamp.nanosec = -5, 77
    data = bytes(serialize_message(image))
    assert struct.unpack_from("<iI", data, 4) == (-5, 77)
    assert FRAME_ID.encode() in data[12:40]
