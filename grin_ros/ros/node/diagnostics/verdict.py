# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Level and message on /diagnostics: the worst thing first, in words that say what to do.

docs/operations.md explains each of `TEXTS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus

from grin_ros.ros.node.diagnostics.snapshot import Snapshot

SILENCE_S = 2.0
WORKING_S = 2.0
OLD_S = 5.0
SLOW_HZ = 1.0
INVALID_RATIO = 0.5
DRIFT = 2.0

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


@dataclass(frozen=True)
class Text:
    """One kind of message. template: for str.format."""

    level: bytes
    template: str


TEXTS: Mapping[str, Text] = {
    "failed": Text(ERROR, "{error}"),
    "idle": Text(OK, "{lifecycle}: publishes nothing until it is activated"),
    "idle on another backend": Text(WARN, "{lifecycle}: publishes nothing until it is activated; {caveat}"),
    "rejected": Text(ERROR, "frame rejected: {rejection}"),
    "waiting": Text(
        WARN,
        "the backend has been at work on one frame for {working_s:.0f} s; "
        "the watchdog gives it up (watchdog_s), look at the load of this computer",
    ),
    "silent": Text(
        WARN, "no image for {silence_s:.0f} s; check that the camera driver runs and the remapping of image"
    ),
    "rejected lately": Text(WARN, "works, but a frame was rejected lately: {rejection}"),
    "old": Text(
        WARN,
        "depth is {age_s:.1f} s old when published; "
        "check the clocks of camera and computer, and use_sim_time with a bag",
    ),
    "slow": Text(
        WARN,
        "{output_hz:.2f} Hz of {input_hz:.1f} Hz that come; fewer steps or members, or a faster backend (grin doctor)",
    ),
    "invalid": Text(
        WARN, "{invalid_ratio:.0%} of the depth is invalid; check min_depth_m, max_relative_sigma and the lens"
    ),
    "unsure": Text(
        WARN,
        "{output_hz:.1f} Hz, but sigma / depth is {drift:.1f} times that of the first minute; "
        "look at the lens, its focus and the light, and whether this is a place like those it learnt from",
    ),
    "another backend": Text(WARN, "{output_hz:.1f} Hz, but {caveat}"),
    "budget": Text(WARN, "latency_budget_ms cannot be held: {why}"),
    "works": Text(OK, "{output_hz:.1f} Hz"),
}


def judge(snapshot: Snapshot) -> tuple[bytes, str]:
    """Level and message."""
    key, values = _kind(snapshot)
    text = TEXTS[key]
    return text.level, text.template.format(**values)


def _kind(now: Snapshot) -> tuple[str, dict[str, Any]]:
    """The key of the worst that holds, and what its template needs."""
    caveat = now.identity.caveat
    if now.error:
        return "failed", {"error": now.error}
    if now.lifecycle != "active":
        kind = "idle on another backend" if caveat and now.lifecycle == "inactive" else "idle"
        return kind, {"lifecycle": now.lifecycle, "caveat": caveat}
    if now.rejected_now:
        return "rejected", {"rejection": now.rejection}
    if now.working_s is not None and now.working_s > WORKING_S:
        return "waiting", {"working_s": now.working_s}
    if now.silence_s is not None and now.silence_s > SILENCE_S:
        return "silent", {"silence_s": now.silence_s}
    if now.rejection:
        return "rejected lately", {"rejection": now.rejection}
    if now.age_ms is not None and not -100.0 <= now.age_ms[0] <= OLD_S * 1e3:
        return "old", {"age_s": now.age_ms[0] / 1e3}
    if 0.0 < now.output_hz < SLOW_HZ <= now.input_hz:
        return "slow", {"output_hz": now.output_hz, "input_hz": now.input_hz}
    if now.invalid_ratio is not None and now.invalid_ratio > INVALID_RATIO:
        return "invalid", {"invalid_ratio": now.invalid_ratio}
    if now.drift is not None and now.drift > DRIFT:
        return "unsure", {"output_hz": now.output_hz, "drift": now.drift}
    if caveat:
        return "another backend", {"output_hz": now.output_hz, "caveat": caveat}
    if now.pace is not None and not now.pace.held:
        return "budget", {"why": now.pace.why}
    return "works", {"output_hz": now.output_hz}
