# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The figures of the demo: accuracy against the ground truth of the photograph, latency, rate, and what ran."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from numpy.typing import NDArray
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image

from grin_ros.core.inspection.metrics import measure
from grin_ros.ros.operator.demo.record import Kept, Recorder

GAUSSIAN_1SIGMA = 0.68
"""The share of errors within one standard deviation, if they are Gaussian and sigma is right."""
SAME_COVERAGE = 0.03
"""A coverage is as it should be if it is this close to GAUSSIAN_1SIGMA."""


class DemoError(RuntimeError):
    """Something that the demo must deliver is missing; the text says what."""


@dataclass(frozen=True)
class Summary:
    """The content of summary.json.

    abs_rel, delta1 and coverage_1sigma are means over the kept frames. Latency is from the publication of an image to
    the receipt of its depth. A frame is dropped if it was sent and no depth came back.
    """

    abs_rel: float
    delta1: float
    coverage_1sigma: float
    latency_p50_ms: float
    latency_p95_ms: float
    rate_hz: float
    frames_sent: int
    frames_received: int
    frames_dropped: int
    backend: str
    backend_reason: str
    artifact: str


def summarise(recorder: Recorder) -> Summary:
    """Return the figures of a complete run. Raises DemoError if no pixel has both depth and ground truth."""
    metrics = [measure(*depth_and_sigma(kept), kept.view.depth_m)[0] for kept in recorder.complete().values()]
    abs_rel, delta1, coverage = (
        float(np.mean([getattr(item, name) for item in metrics])) for name in ("abs_rel", "delta1", "coverage_1sigma")
    )
    if not np.isfinite([abs_rel, delta1, coverage]).all():
        raise DemoError(f"invalid depth: AbsRel {abs_rel}, delta1 {delta1}, coverage {coverage}; see node.log")
    arrivals = recorder.arrivals["depth/image"]
    latency_ms = [(received_ns - stamp_ns) / 1e6 for stamp_ns, received_ns in arrivals.items()]
    span_s = (max(arrivals.values()) - min(arrivals.values())) / 1e9
    values = diagnostic_values(recorder)
    p50, p95 = np.percentile(latency_ms, (50, 95))
    return Summary(
        abs_rel=round(abs_rel, 4),
        delta1=round(delta1, 4),
        coverage_1sigma=round(coverage, 4),
        latency_p50_ms=round(float(p50), 1),
        latency_p95_ms=round(float(p95), 1),
        rate_hz=round((len(arrivals) - 1) / span_s, 2) if span_s else 0.0,
        frames_sent=recorder.frames_sent,
        frames_received=len(arrivals),
        frames_dropped=recorder.frames_sent - len(arrivals),
        backend=values["backend"],
        backend_reason=values["backend reason"],
        artifact=f"{values['model'].partition(' (')[0]} {values['artifact']}",  # without its folder
    )


def depth_and_sigma(kept: Kept) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return depth/image and depth/sigma of a frame, (H, W) metres each. Raises DemoError for another encoding."""
    depth, sigma = (deserialize_message(kept.outputs[f"depth/{name}"].data, Image) for name in ("image", "sigma"))
    for message in (depth, sigma):
        if message.encoding != "32FC1" or message.step != 4 * message.width:
            got = f"{message.encoding} with {message.step} bytes a row"
            raise DemoError(f"depth: got {got}, expected 32FC1 without padding")
    shape = (depth.height, depth.width)
    return np.frombuffer(depth.data, np.float32).reshape(shape), np.frombuffer(sigma.data, np.float32).reshape(shape)


def diagnostic_values(recorder: Recorder) -> dict[str, str]:
    """Return the newest value of each key of the diagnostics."""
    values: dict[str, str] = {}
    for received in recorder.diagnostics:
        for status in deserialize_message(received.data, DiagnosticArray).status:
            values |= {item.key: item.value for item in status.values}
    return values


def table(summary: Summary) -> str:
    """Return the table that the demo prints at its end."""
    rows = list(_rows(summary))
    width = max(len(value) for _, value, note in rows if note)
    return "\n".join(f"  {name:<15}{value:<{width}}  {note}".rstrip() for name, value, note in rows)


def _rows(summary: Summary) -> Iterator[tuple[str, str, str]]:
    yield "AbsRel", f"{summary.abs_rel:.3f}", "mean |depth - truth| / truth"
    yield "delta1", f"{summary.delta1:.3f}", "share of the pixels within a factor 1.25 of the truth"
    coverage = f"share of the errors within 1 sigma; {GAUSSIAN_1SIGMA} if sigma fits this scene"
    yield "sigma coverage", f"{summary.coverage_1sigma:.3f}", coverage
    if abs(summary.coverage_1sigma - GAUSSIAN_1SIGMA) > SAME_COVERAGE:
        apart = "smaller" if summary.coverage_1sigma > GAUSSIAN_1SIGMA else "larger"
        yield "", "", f"sigma was fitted on many scenes; the errors of this one are {apart} than theirs"
    latency = f"{summary.latency_p50_ms:.0f} / {summary.latency_p95_ms:.0f} ms"
    yield "latency", latency, "p50 / p95, publication of an image to receipt of its depth"
    yield "rate", f"{summary.rate_hz:.1f} Hz", "depth images received"
    frames = f"{summary.frames_received} / {summary.frames_sent}"
    yield "frames", frames, f"received / sent; {summary.frames_dropped} dropped: the node takes only the newest"
    yield "backend", summary.backend, ""
    yield "chosen because", summary.backend_reason, ""
    yield "artifact", summary.artifact, ""
