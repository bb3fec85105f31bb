# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What an operator should know, once a period on /diagnostics: does it work, how fast, how old, and if not, why not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from grin_ros.core.latency_budget import Pace
from grin_ros.core.types import DepthEstimate
from grin_ros.ros.node.diagnostics.drift import Drift, relative_sigma
from grin_ros.ros.node.diagnostics.snapshot import Identity, Snapshot
from grin_ros.ros.node.diagnostics.verdict import judge
from grin_ros.ros.node.diagnostics.window import WINDOW_S, Window
from grin_ros.ros.node.frame_counts import BACKEND_FAILED, FrameCounts

__all__ = ["WINDOW_S", "Identity", "Monitor", "Snapshot", "Window", "diagnostic_array", "judge", "status"]


class Monitor:
    """Collects what happens, from the callbacks and from the worker. Thread safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.lifecycle = "unconfigured"
        self.identity = Identity()
        self.error = ""
        self.camera = ""
        self.scale = ""
        self.pace: Pace | None = None
        self._camera_infos = 0
        self.restart()

    def restart(self) -> None:
        """Forget the frames of an earlier activation."""
        with self._lock:
            self._inputs, self._outputs = Window(), Window()
            self._ages_ms, self._invalid, self._beyond = Window(), Window(), Window()
            self._stages_ms: dict[str, Window] = {}
            self._rejection: tuple[float, str] | None = None
            self._rejected_now = False
            self._quiet_since_s = self._answered_s = self._asked_s = time.monotonic()
            self._sigma = Drift()

    def runs_on(self, backend: str, caveat: str) -> None:
        """The backend of this moment, and why it is not the preferred one."""
        self.identity = replace(self.identity, backend=backend, caveat=caveat)

    def image_came(self) -> None:
        """FrameCounts towards the input rate."""
        with self._lock:
            self._quiet_since_s = time.monotonic()
            self._inputs.add(self._quiet_since_s)
            if self._asked_s <= self._answered_s:
                self._asked_s = self._quiet_since_s

    def camera_info_came(self) -> None:
        """One more camera_info."""
        with self._lock:
            self._camera_infos += 1

    def published(self, estimate: DepthEstimate, stages_ms: Mapping[str, float], age_ms: float | None) -> None:
        """stages_ms: milliseconds by stage, 'total' among them. age_ms: now - stamp; None where the stamp is 0."""
        invalid = float(np.isnan(estimate.depth_m).mean())
        beyond = float(np.isposinf(estimate.depth_m).mean())
        sigma = relative_sigma(estimate.depth_m, estimate.sigma_m)
        with self._lock:
            now_s = self._answered_s = time.monotonic()
            if sigma is not None:
                self._sigma.add(now_s, sigma)
            self._outputs.add(now_s)
            self._invalid.add(now_s, invalid)
            self._beyond.add(now_s, beyond)
            if age_ms is not None:
                self._ages_ms.add(now_s, age_ms)
            for stage, value in stages_ms.items():
                self._stages_ms.setdefault(stage, Window()).add(now_s, value)
            self._rejected_now = False
            self.error = ""

    def rejected(self, text: str, error: bool) -> None:
        """error: it is not the input's fault but the backend's."""
        with self._lock:
            self._answered_s = time.monotonic()
            self._rejection = (self._answered_s, text)
            self._rejected_now = True
            if error:
                self.error = text

    def snapshot(self, counts: FrameCounts) -> Snapshot:
        """All numbers of the last `WINDOW_S` seconds."""
        with self._lock:
            now_s = time.monotonic()
            stages = {name: window.percentiles(now_s) for name, window in self._stages_ms.items()}
            recent = self._rejection is not None and now_s - self._rejection[0] <= WINDOW_S
            return Snapshot(
                lifecycle=self.lifecycle,
                identity=self.identity,
                error=self.error,
                counts=counts,
                input_hz=self._inputs.rate_hz(now_s),
                output_hz=self._outputs.rate_hz(now_s),
                latencies_ms={name: value for name, value in stages.items() if value is not None},
                age_ms=self._ages_ms.percentiles(now_s),
                invalid_ratio=_median(self._invalid, now_s),
                beyond_ratio=_median(self._beyond, now_s),
                silence_s=now_s - self._quiet_since_s if self.lifecycle == "active" else None,
                rejection=self._rejection[1] if recent and self._rejection else "",
                rejected_now=recent and self._rejected_now,
                camera=self.camera,
                pace=self.pace,
                camera_infos=self._camera_infos,
                scale=self.scale,
                working_s=now_s - max(self._answered_s, self._asked_s) if counts.pending else None,
                relative_sigma=self._sigma.now(now_s),
                drift=self._sigma.ratio(now_s),
            )


def status(snapshot: Snapshot, name: str, hardware_id: str) -> DiagnosticStatus:
    """The message of one moment."""
    level, message = judge(snapshot)
    return DiagnosticStatus(
        level=level,
        name=name,
        hardware_id=hardware_id,
        message=message,
        values=[KeyValue(key=key, value=value) for key, value in _values(snapshot)],
    )


def diagnostic_array(statuses: Iterable[DiagnosticStatus], stamp: object) -> DiagnosticArray:
    """stamp: builtin_interfaces/Time of the node's clock."""
    array = DiagnosticArray(status=list(statuses))
    array.header.stamp = stamp
    return array


def _values(snapshot: Snapshot) -> Iterable[tuple[str, str]]:
    counts, identity = snapshot.counts, snapshot.identity
    yield "lifecycle state", snapshot.lifecycle
    yield "model", identity.model
    yield "artifact", identity.artifact
    yield "backend", identity.backend
    yield "backend caveat", identity.caveat or "none"
    yield "image conversion", identity.image_conversion
    yield "camera", snapshot.camera or "none yet"
    if snapshot.scale:
        yield "scale", snapshot.scale
    yield "camera_info received", str(snapshot.camera_infos)
    if snapshot.pace is not None:
        yield "steps now", str(snapshot.pace.steps)
        yield "members now", str(snapshot.pace.members)
        yield "latency budget", snapshot.pace.why
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
        yield "last rejection", snapshot.rejection
    for stage, (p50, p95) in snapshot.latencies_ms.items():
        yield f"latency {stage} p50 (ms)", f"{p50:.1f}"
        yield f"latency {stage} p95 (ms)", f"{p95:.1f}"
    if snapshot.age_ms is not None:
        yield "age at publication p50 (ms)", f"{snapshot.age_ms[0]:.1f}"
        yield "age at publication p95 (ms)", f"{snapshot.age_ms[1]:.1f}"
    if snapshot.invalid_ratio is not None and snapshot.beyond_ratio is not None:
        yield "invalid ratio", f"{snapshot.invalid_ratio:.3f}"
        yield "beyond range ratio", f"{snapshot.beyond_ratio:.3f}"
    if snapshot.relative_sigma is not None:
        yield "relative sigma", f"{snapshot.relative_sigma:.3f}"
    if snapshot.drift is not None:
        yield "drift of relative sigma", f"{snapshot.drift:.2f}"


def _median(window: Window, now_s: float) -> float | None:
    values = window.percentiles(now_s, (50.0,))
    return None if values is None else values[0]
