# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What an operator should know, once a period on /diagnostics: does it work, how fast, how old, and if not, why not."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from grin_ros.data.frames import DepthEstimate
from grin_ros.ros.worker import Counts

WINDOW_S = 10.0
SILENCE_S = 2.0
OLD_S = 5.0
INVALID_RATIO = 0.5


class Window:
    """Values of the last `WINDOW_S` seconds with the times they came, for rates and percentiles."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque()

    def add(self, now_s: float, value: float = 0.0) -> None:
        """now_s: of a clock that never goes back."""
        self._samples.append((now_s, value))
        self._forget(now_s)

    def rate_hz(self, now_s: float) -> float:
        """Samples a second; 0 for fewer than two. It falls once the next is clearly overdue."""
        self._forget(now_s)
        intervals = len(self._samples) - 1
        if intervals < 1:
            return 0.0
        oldest_s, newest_s = self._samples[0][0], self._samples[-1][0]
        overdue = now_s - newest_s > 2.0 * (newest_s - oldest_s) / intervals
        span_s = (now_s if overdue else newest_s) - oldest_s
        return intervals / span_s if span_s > 0.0 else 0.0

    def percentiles(self, now_s: float, percents: tuple[float, ...] = (50.0, 95.0)) -> tuple[float, ...] | None:
        """None where there is nothing."""
        self._forget(now_s)
        if not self._samples:
            return None
        return tuple(float(value) for value in np.percentile([value for _, value in self._samples], percents))

    def __len__(self) -> int:
        return len(self._samples)

    def _forget(self, now_s: float) -> None:
        while self._samples and now_s - self._samples[0][0] > WINDOW_S:
            self._samples.popleft()


@dataclass(frozen=True)
class Identity:
    """What runs: fixed from configure to cleanup."""

    model: str = ""
    artifact: str = ""
    backend: str = ""
    image_conversion: str = ""


@dataclass(frozen=True)
class Snapshot:
    """The monitor's state at one moment, as plain numbers: what `status` words for an operator."""

    lifecycle: str
    identity: Identity
    error: str = ""
    """Why configure or the backend failed; empty while all is well."""
    counts: Counts = field(default_factory=Counts)
    input_hz: float = 0.0
    output_hz: float = 0.0
    latencies_ms: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """stage -> (p50, p95); 'total' is from arrival to publication."""
    age_ms: tuple[float, ...] | None = None
    invalid_ratio: float | None = None
    beyond_ratio: float | None = None
    silence_s: float | None = None
    """Since the last image, or since activation where none came yet."""
    rejection: str = ""
    """Text of the newest rejection of the window."""
    rejected_now: bool = False
    """Whether the newest frame was rejected."""
    camera: str = ""
    camera_infos: int = 0
    """How many camera_info messages came in all."""


class Monitor:
    """Collects what happens, from the callbacks and from the worker. Thread safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.lifecycle = "unconfigured"
        self.identity = Identity()
        self.error = ""
        self.camera = ""
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
            self._quiet_since_s = time.monotonic()

    def image_came(self) -> None:
        """Counts towards the input rate."""
        with self._lock:
            self._quiet_since_s = time.monotonic()
            self._inputs.add(self._quiet_since_s)

    def camera_info_came(self) -> None:
        """One more camera_info."""
        with self._lock:
            self._camera_infos += 1

    def published(self, estimate: DepthEstimate, stages_ms: Mapping[str, float], age_ms: float | None) -> None:
        """stages_ms: milliseconds by stage, 'total' among them. age_ms: now - stamp; None where the stamp is 0."""
        invalid = float(np.isnan(estimate.depth_m).mean())
        beyond = float(np.isposinf(estimate.depth_m).mean())
        with self._lock:
            now_s = time.monotonic()
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
            self._rejection = (time.monotonic(), text)
            self._rejected_now = True
            if error:
                self.error = text

    def snapshot(self, counts: Counts) -> Snapshot:
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
                camera_infos=self._camera_infos,
            )


def judge(snapshot: Snapshot) -> tuple[bytes, str]:
    """Level and message: the worst thing first, in words that say what to do."""
    if snapshot.error:
        return DiagnosticStatus.ERROR, snapshot.error
    if snapshot.lifecycle != "active":
        return DiagnosticStatus.OK, f"{snapshot.lifecycle}: publishes nothing until it is activated"
    if snapshot.rejected_now:
        return DiagnosticStatus.ERROR, f"frame rejected: {snapshot.rejection}"
    if snapshot.silence_s is not None and snapshot.silence_s > SILENCE_S:
        return (
            DiagnosticStatus.WARN,
            f"no image for {snapshot.silence_s:.0f} s; check that the camera driver runs and the remapping of image",
        )
    if snapshot.rejection:
        return DiagnosticStatus.WARN, f"works, but a frame was rejected lately: {snapshot.rejection}"
    if snapshot.age_ms is not None and not -100.0 <= snapshot.age_ms[0] <= OLD_S * 1e3:
        old = f"depth is {snapshot.age_ms[0] / 1e3:.1f} s old when published"
        return DiagnosticStatus.WARN, f"{old}; check the clocks of camera and computer, and use_sim_time with a bag"
    if snapshot.invalid_ratio is not None and snapshot.invalid_ratio > INVALID_RATIO:
        return (
            DiagnosticStatus.WARN,
            f"{snapshot.invalid_ratio:.0%} of the depth is invalid; check min_depth_m, max_relative_sigma and the lens",
        )
    return DiagnosticStatus.OK, f"{snapshot.output_hz:.1f} Hz"


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
    yield "image conversion", identity.image_conversion
    yield "camera", snapshot.camera or "none yet"
    yield "camera_info received", str(snapshot.camera_infos)
    yield "input rate (Hz)", f"{snapshot.input_hz:.2f}"
    yield "output rate (Hz)", f"{snapshot.output_hz:.2f}"
    yield "received", str(counts.received)
    yield "published", str(counts.published)
    yield "dropped", str(counts.dropped)
    yield "rejected", str(sum(counts.rejected.values()))
    yield "pending", str(counts.pending)
    for reason, count in sorted(counts.rejected.items()):
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


def _median(window: Window, now_s: float) -> float | None:
    values = window.percentiles(now_s, (50.0,))
    return None if values is None else values[0]
