# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The soak: its violations and its measures. The programs start."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="the benchmarks drive the node (pip install grin_ros[ros-wheels])")
from benchmarks.fault_suite.counts import adds_up
from benchmarks.fault_suite.footprint import Footprint
from benchmarks.soak import NodeOutputs, Soaked, growth, slope_per_hour, violations

ROOT = Path(__file__).resolve().parent.parent
BALANCED = {"received": 9, "published": 5, "rejected": 1, "dropped": 1, "failed": 1, "pending": 1}


def footprints(resident_mb: Sequence[float], threads: int = 20, descriptors: int = 30) -> list[Footprint]:
    return [Footprint(value, value / 2, threads, descriptors) for value in resident_mb]


def soaked(samples: list[Footprint]) -> Soaked:
    heard = NodeOutputs(ages_ms=[50.0, 60.0], counts=BALANCED, diagnostics=10)
    return Soaked([float(index) for index in range(len(samples))], samples, 100.0, 9, heard)


STEADY = footprints([200.0 + index % 2 for index in range(100)])


def test_a_steady_node_has_no_violation() -> None:
    assert violations(soaked(STEADY)) == []
    assert abs(growth(STEADY)) < 0.006


def test_a_rise_is_growth_and_one_high_sample_is_not() -> None:
    assert violations(soaked(footprints([200.0] * 99 + [260.0]))) == []
    (found,) = violations(soaked(footprints([200.0 + 0.1 * index for index in range(100)])))
    assert "memory grew by 3." in found or "memory grew by 4." in found


def test_more_threads_and_descriptors_are_growth() -> None:
    half = footprints([200.0] * 50)
    found = violations(soaked(half + footprints([200.0] * 50, threads=21, descriptors=31)))
    assert found == ["threads grew from 20 to 21", "descriptors grew from 30 to 31"]


def test_counts_errors_and_silence_are_violations() -> None:
    assert adds_up(BALANCED)
    assert not adds_up({**BALANCED, "received": 10})
    good = soaked(STEADY)
    heard = replace(good.heard, unbalanced=["10 received = 9"], errors={"the backend failed": None}, ages_ms=[])
    found = "\n".join(violations(replace(good, heard=heard)))
    for text in ("counts do not add up", "reported an error: the backend failed", "0 depth images came"):
        assert text in found


def test_the_slope_is_given_by_the_hour_with_its_error() -> None:
    times_s = [36.0 * index for index in range(101)]  # an hour
    slope, error = slope_per_hour(times_s, footprints([100.0 + index / 100 for index in range(101)]))
    assert slope == pytest.approx(1.0 / 100.5, rel=1e-6)
    assert error < 1e-6
    _, error = slope_per_hour(times_s, footprints([100.0 + index % 2 for index in range(101)]))
    assert 0.0 < error < 0.01


@pytest.mark.parametrize("name", ["soak", "faults", "dds_images"])
def test_a_benchmark_starts_as_a_program(name: str) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), "--help"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout


def test_a_footprint_is_that_of_the_process() -> None:
    runs = [sys.executable, "-c", "print('here', flush=True); input()"]
    child = subprocess.Popen(runs, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == b"here\n"  # before that it may still be a copy of this process
        held = Footprint.of(child.pid)
        assert 1.0 < held.private_mb < held.resident_mb < 1000.0
        assert held.threads == 1
        assert held.descriptors >= 3
    finally:
        child.communicate(b"\n")
    with pytest.raises(FileNotFoundError):
        Footprint.of(child.pid)
