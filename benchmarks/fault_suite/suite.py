# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""All cases of the fault suite in a row on one node, in two sizes."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fault_suite import input_cases, node_cases
from benchmarks.fault_suite.engine import HANG_VARIABLE, Fault
from benchmarks.fault_suite.footprint import Footprint
from benchmarks.fault_suite.rig import CaseResult, Rig
from benchmarks.stand_in.engine import write_artifact

RETURN_S = 30.0
"""The time that threads, descriptors and memory may take to return. Fast DDS forgets a killed node after 20 s."""


@dataclass(frozen=True)
class Sizes:
    """The amount of each fault. memory_mb: growth of private memory that is no leak but the allocator's noise."""

    warm_up: int
    mutated: int
    burst: int
    stalls: int
    two_publishers: int
    failing: int
    hang_s: float
    watchdog_s: float
    deaf: int
    frozen_s: float
    parameters: int
    cycles: int
    kills: int
    memory_mb: float


FULL = Sizes(
    warm_up=2000,
    mutated=10_000,
    burst=4000,
    stalls=30,
    two_publishers=500,
    failing=50,
    hang_s=12.0,
    watchdog_s=2.0,
    deaf=500,
    frozen_s=5.0,
    parameters=1000,
    cycles=500,
    kills=5,
    memory_mb=8.0,
)
SHORT = Sizes(
    warm_up=26,
    mutated=208,
    burst=200,
    stalls=2,
    two_publishers=40,
    failing=2,
    hang_s=1.5,
    watchdog_s=0.5,
    deaf=10,
    frozen_s=0.5,
    parameters=40,
    cycles=20,
    kills=1,
    memory_mb=16.0,
)


def outcomes(folder: Path, sizes: Sizes, seed: int, real_artifact: Path | str | None = None) -> Iterator[CaseResult]:
    """Yield the result of each case as it ends. real_artifact: a model for the backend openvino, for the full disk."""
    artifact = write_artifact(folder / "fake")
    environment = {HANG_VARIABLE: str(sizes.hang_s)}
    parameters = {"watchdog_s": sizes.watchdog_s}
    with Rig(folder, artifact, environment=environment, parameters=parameters, seed=seed) as rig:
        warm_up(rig, sizes)
        before = rig.footprint()
        yield input_cases.mutated_messages(rig, sizes.mutated)
        yield input_cases.burst(rig, sizes.burst)
        yield input_cases.stalls(rig, sizes.stalls)
        yield input_cases.two_publishers(rig, sizes.two_publishers)
        yield input_cases.unplugged(rig)
        for fault in (Fault.RAISES, Fault.NAN, Fault.NEGATIVE, Fault.OTHER_SHAPE):
            yield node_cases.failing_backend(rig, fault, sizes.failing)
        yield node_cases.hanging_backend(rig, sizes.hang_s, sizes.watchdog_s)
        yield node_cases.deaf_subscriber(rig, sizes.deaf)
        yield node_cases.frozen_node(rig, sizes.frozen_s)
        yield node_cases.random_parameters(rig, sizes.parameters)
        yield node_cases.lifecycle(rig, sizes.cycles)
        yield returned(rig, before, sizes.memory_mb)
        yield node_cases.killed(rig, sizes.kills)
    if real_artifact is not None and importlib.util.find_spec("openvino") is not None:
        yield node_cases.full_disk(folder, real_artifact)


def killed_often(folder: Path, times: int, seed: int) -> Iterator[CaseResult]:
    """Yield the result of the case in which the node is killed, this often."""
    with Rig(folder, write_artifact(folder / "fake"), seed=seed) as rig:
        yield node_cases.killed(rig, times)


def warm_up(rig: Rig, sizes: Sizes) -> None:
    """Do a little of everything first: caches, thread pools and connections that are made once are no growth."""
    input_cases.mutated_messages(rig, sizes.warm_up)
    input_cases.two_publishers(rig, 10)
    node_cases.lifecycle(rig, 2)
    node_cases.random_parameters(rig, sizes.warm_up)
    rig.take_violations()


def returned(rig: Rig, before: Footprint, memory_mb: float) -> CaseResult:
    """Compare memory, threads and descriptors with those before all cases."""
    outcome = CaseResult("back to its level", sent="nothing more")
    deadline = time.monotonic() + RETURN_S
    while faults(before, after := rig.footprint(), memory_mb) and time.monotonic() < deadline:
        outcome.recovery_frames = rig.recovery()
        rig.pause(0.5)
    outcome.happened = f"before: {before}; after: {after}"
    outcome.violations = faults(before, after, memory_mb) + rig.take_violations()
    return outcome


def faults(before: Footprint, after: Footprint, memory_mb: float) -> list[str]:
    """Return what has grown."""
    grown = after.private_mb - before.private_mb
    found = [f"memory grew by {grown:.1f} MB, accepted are {memory_mb:.0f}"] * (grown > memory_mb)
    found += [f"{after.threads} threads, before {before.threads}"] * (after.threads > before.threads)
    found += [f"{after.descriptors} descriptors, before {before.descriptors}"] * (
        after.descriptors > before.descriptors
    )
    return found
