# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The messages on /diagnostics."""

from __future__ import annotations

import math
from collections.abc import Iterable

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from grin_ros.ros.inputs.problem import BACKEND_FAILED
from grin_ros.ros.node.diagnostics.snapshot import Snapshot
from grin_ros.ros.node.diagnostics.verdict import judge

REMEDY = "what to do"
"""The key of the value that holds the remedy alone; the message holds it too."""


def status_message(snapshot: Snapshot, name: str, hardware_id: str) -> DiagnosticStatus:
    """Return the status of one node at one moment."""
    verdict = judge(snapshot)
    values = [*_values(snapshot), *([(REMEDY, verdict.remedy)] if verdict.remedy else [])]
    return DiagnosticStatus(
        level=verdict.level,
        name=name,
        hardware_id=hardware_id,
        message=verdict.message,
        values=[KeyValue(key=key, value=value) for key, value in values],
    )


def diagnostic_array(statuses: Iterable[DiagnosticStatus], stamp: object) -> DiagnosticArray:
    """Return the message that holds `statuses`. stamp: builtin_interfaces/Time of the node's clock."""
    array = DiagnosticArray(status=list(statuses))
    array.header.stamp = stamp
    return array


def _values(snapshot: Snapshot) -> Iterable[tuple[str, str]]:
    counts, identity = snapshot.counts, snapshot.identity
    yield "lifecycle state", snapshot.lifecycle
    yield "model", identity.model
    yield "artifact", identity.artifact
    yield "backend", identity.backend
    yield "backend reason", identity.reason
    yield "backend caveat", identity.caveat or "none"
    yield "image conversion", identity.image_conversion
    yield "camera", snapshot.frame.camera or "none yet"
    yield "implausible input", ", ".join(doubt.name for doubt in snapshot.frame.doubts) or "none"
    if snapshot.floor_ln is not None:
        yield "floor corrects depth by", f"{math.expm1(-snapshot.floor_ln):+.1%}"
    if (hints := snapshot.frame.hints) is not None:
        for name, given in hints.sources.items():
            yield f"hints {name}", hints.text(name)
            for reason, count in sorted(given.rejected.items()):
                yield f"hints {name} rejected: {reason}", str(count)
        if hints.report is not None:
            yield "hints that disagree", str(hints.report.outliers)
            yield "hints correct depth by", f"{math.expm1(hints.report.correction_ln):+.1%}"
        if (miss := hints.miss) is not None:
            yield "hints held back", str(miss.count)
            yield "depth misses them by", f"{miss.share:.1%}"
            yield "miss / sigma", f"{miss.ratio:.2f}"
        if hints.poses:
            yield "hints pose", hints.poses
    yield "image topic", snapshot.image_topic or "none yet"
    yield "camera_info topic", snapshot.info_topic or "none yet"
    yield "camera_info received", str(snapshot.camera_infos)
    if snapshot.decision is not None:
        yield "steps now", str(snapshot.decision.steps)
        yield "members now", str(snapshot.decision.members)
        yield "latency budget", snapshot.decision.reason
    yield "input rate (Hz)", f"{snapshot.input_hz:.2f}"
    yield "output rate (Hz)", f"{snapshot.output_hz:.2f}"
    yield "received", str(counts.received)
    yield "published", str(counts.published)
    yield "dropped", str(counts.dropped)
    yield "rejected", str(sum(counts.rejected.values()) - counts.failed)
    yield "failed", str(counts.failed)
    yield "pending", str(counts.pending)
    for reason, count in sorted(counts.rejected.items()):
        if reason != BACKEND_FAILED:
            yield f"rejected: {reason}", str(count)
    if snapshot.rejection:
        yield "last rejection", str(snapshot.rejection)
    for stage, percentiles in snapshot.latencies_ms.items():
        yield from _percentiles(f"latency {stage}", percentiles)
    if snapshot.age_ms is not None:
        yield from _percentiles("age at publication", snapshot.age_ms)
    if snapshot.invalid_ratio is not None and snapshot.beyond_ratio is not None:
        yield "invalid ratio", f"{snapshot.invalid_ratio:.3f}"
        yield "beyond range ratio", f"{snapshot.beyond_ratio:.3f}"
    if snapshot.relative_sigma is not None:
        yield "relative sigma", f"{snapshot.relative_sigma:.3f}"
    if snapshot.drift is not None:
        yield "drift of relative sigma", f"{snapshot.drift:.2f}"


def _percentiles(name: str, milliseconds: tuple[float, ...]) -> Iterable[tuple[str, str]]:
    for percentile, value in zip(("p50", "p95"), milliseconds, strict=True):
        yield f"{name} {percentile} (ms)", f"{value:.1f}"
