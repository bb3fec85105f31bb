# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Level and message on /diagnostics: the most serious problem, what it means for the robot, and what to do.

The guide to operations explains each of `VERDICTS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus

from grin_ros.core.hints.checks.live_check import ENOUGH
from grin_ros.ros.inputs.hints.config import where
from grin_ros.ros.inputs.hints.registry import SOURCES
from grin_ros.ros.node.diagnostics.snapshot import Snapshot

SILENCE_S = 2.0
"""Warn if no image has arrived for this many seconds."""
WORKING_S = 2.0
"""Warn if one frame has been processed for this many seconds."""
OLD_MS = 5000.0
"""Warn if an image is older than this when its depth is published."""
FUTURE_MS = 100.0
"""Warn if the stamp of an image lies further than this in the future when its depth is published."""
CLOCK_STANDS_S = 2.0
"""Warn if the simulated time has not changed for this many seconds."""
SLOW_HZ = 1.0
"""Warn if depth is published less often than this, while images arrive more often."""
INVALID_RATIO = 0.5
"""Warn if more than this share of the pixels has no depth."""
DRIFT = 2.0
"""Warn if sigma / depth is more than this many times that of the first minute."""
MISS_RATIO = 2.0
"""Warn if depth misses hints that were held back by more than this many times what sigma says."""
HINTLESS_S = 2.0
"""Warn if a source of hints that is switched on has given none for this many seconds."""

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


@dataclass(frozen=True)
class Verdict:
    """A message for the operator. In `VERDICTS`, text and remedy are templates for str.format."""

    level: bytes
    text: str
    """The event and what it means for the robot."""
    remedy: str = ""
    """The remedy; empty if there is nothing to do."""

    @property
    def message(self) -> str:
        """Text and remedy in one line."""
        return f"{self.text}; {self.remedy}" if self.remedy else self.text


VERDICTS: Mapping[str, Verdict] = {
    "failed": Verdict(ERROR, "{error.text}", "{error.remedy}"),
    "finalized": Verdict(
        OK, "finalized: the node was shut down and publishes nothing until its process is started again"
    ),
    "idle": Verdict(OK, "{lifecycle}: the node publishes nothing until it is activated"),
    "idle on another backend": Verdict(
        WARN,
        "{lifecycle}: the node publishes nothing until it is activated, and its backend is not the preferred one, "
        "so depth may be slower: {caveat}",
        "correct the cause and configure the node again, or set backend to the one that runs",
    ),
    "rejected": Verdict(
        ERROR, "the newest frame was rejected and has no depth: {rejection.text}", "{rejection.remedy}"
    ),
    "no camera_info": Verdict(
        ERROR,
        "images arrive on {image_topic}, but no camera_info yet on {info_topic}, so frames are rejected and have no "
        "depth",
        "check that the camera driver publishes camera_info; if it does so on another topic, start the node with "
        "--ros-args -r camera_info:=TOPIC",
    ),
    "clock stands": Verdict(
        WARN,
        "use_sim_time is set, but /clock stands still for {clock_stands_s:.0f} s, so the node cannot tell how old "
        "images and transforms are",
        "start or continue the simulator, play the bag with --clock, or set use_sim_time to false",
    ),
    "working": Verdict(
        WARN,
        "the backend has been processing one frame for {working_s:.0f} s and no new depth is published",
        "look at the load of this computer; watchdog_s limits the time that the backend may take",
    ),
    "working on many steps": Verdict(
        WARN,
        "the backend has been processing one frame for {working_s:.0f} s, in {steps} steps for {members} members, and "
        "no new depth is published",
        "reduce steps or members, or set latency_budget_ms; watchdog_s limits the time that the backend may take",
    ),
    "silent": Verdict(
        WARN,
        "no image has arrived on {image_topic} for {silence_s:.0f} s and no depth is published",
        "check that the camera driver runs; if it publishes another topic, start the node with "
        "--ros-args -r image:=TOPIC; grin doctor lists the cameras",
    ),
    "silent, compressed": Verdict(
        WARN,
        "no compressed image has arrived on {image_topic} for {silence_s:.0f} s and no depth is published",
        "check that the camera driver runs; remapping image does not remap image/compressed: start the node with "
        "--ros-args -r image/compressed:=TOPIC, or set compressed to false; grin doctor lists the cameras",
    ),
    "implausible": Verdict(WARN, "{doubt.text}", "{doubt.remedy}"),
    "rejected lately": Verdict(
        WARN,
        "depth is published again, but a frame of the last seconds was rejected: {rejection.text}",
        "{rejection.remedy}",
    ),
    "old": Verdict(
        WARN,
        "depth is published {age_s:.1f} s after the stamp of its image, so the robot sees things where they were",
        "synchronize the clocks of camera and computer; with a bag, set use_sim_time and play it with --clock",
    ),
    "future": Verdict(
        WARN,
        "the stamps of images lie {ahead_s:.1f} s in the future, so depth does not fit transforms and other sensors",
        "synchronize the clocks of camera and computer; with a bag, set use_sim_time and play it with --clock",
    ),
    "slow": Verdict(
        WARN,
        "depth is published at {output_hz:.2f} Hz, but images arrive at {input_hz:.1f} Hz, so the robot sees late",
        "reduce steps or members, send smaller images, or use a faster backend; grin doctor lists the backends",
    ),
    "invalid": Verdict(
        WARN,
        "{invalid_ratio:.0%} of the pixels have no depth, so the robot does not see what is there",
        "check the lens, min_depth_m and max_relative_sigma",
    ),
    "floor": Verdict(
        WARN,
        "{output_hz:.1f} Hz, but the camera's mounting is not known, so obstacles contains the floor and a costmap may "
        "mark it",
        "set mounting.known with mounting.height_m, mounting.roll_deg and mounting.pitch_deg, or mounting.base_frame; "
        "if Nav2 alone is to judge heights, set obstacles.height_band to false",
    ),
    "no scan": Verdict(
        WARN,
        "{output_hz:.1f} Hz, but the camera's mounting is not known, so scan is not published and its "
        "subscribers see nothing",
        "set mounting.known with mounting.height_m, mounting.roll_deg and mounting.pitch_deg, or mounting.base_frame; "
        "if the scan is not needed, set publish_scan to false",
    ),
    "no hints": Verdict(
        WARN,
        "{output_hz:.1f} Hz, but hints.{source} has corrected no depth for {seconds:.0f} s: {reason}",
        "until then depth is that of the camera alone; the guide 'hints' says how to see that hints work",
    ),
    "hints missed": Verdict(
        WARN,
        "{output_hz:.1f} Hz, but depth misses measurements that it was not given by {share:.0%}, {ratio:.1f} times "
        "what sigma says, so depth and the sensors do not fit together; sigma is enlarged",
        "check the pose of the sensors, their stamps and the calibration of the camera",
    ),
    "hints turned": Verdict(
        WARN,
        "{output_hz:.1f} Hz, but hints.{turned.source} fits what the camera sees better by {better:.0%} if its points "
        "{turned.text}, so its pose seems to be wrong and corrects depth at the wrong pixels",
        "check {where}; until then switch this source off",
    ),
    "unsure": Verdict(
        WARN,
        "{output_hz:.1f} Hz, but sigma / depth is {drift:.1f} times that of the first minute: depth is less certain",
        "check that the lens is clean and in focus and that there is light; "
        "in a place unlike those of the training data, train with recordings of it",
    ),
    "another backend": Verdict(
        WARN,
        "{output_hz:.1f} Hz, but the backend is not the preferred one, so depth may be slower: {caveat}",
        "correct the cause and configure the node again, or set backend to the one that runs",
    ),
    "budget": Verdict(
        WARN,
        "latency_budget_ms cannot be kept: {why}, so depth is later than wanted",
        "use a faster backend or a smaller image, or raise latency_budget_ms",
    ),
    "works": Verdict(OK, "{output_hz:.1f} Hz"),
}
"""All verdicts, by a name for the program."""


def judge(snapshot: Snapshot) -> Verdict:
    """Return the most serious verdict that holds."""
    name, values = _most_serious(snapshot)
    verdict = VERDICTS[name]
    return Verdict(verdict.level, verdict.text.format(**values), verdict.remedy.format(**values))


def _most_serious(now: Snapshot) -> tuple[str, dict[str, Any]]:
    """Return the name of the verdict, and the values that its templates need."""
    caveat = now.identity.caveat
    if now.error:
        return "failed", {"error": now.error}
    if now.lifecycle == "finalized":
        return "finalized", {}
    clock_stands = now.clock_stands_s is not None and now.clock_stands_s > CLOCK_STANDS_S
    if now.lifecycle != "active" and not clock_stands:
        name = "idle on another backend" if caveat and now.lifecycle == "inactive" else "idle"
        return name, {"lifecycle": now.lifecycle, "caveat": caveat}
    if now.lifecycle == "active" and now.rejected_now and now.rejection:
        if now.rejection.reason == "no camera_info yet":
            return "no camera_info", {"image_topic": now.image_topic, "info_topic": now.info_topic}
        return "rejected", {"rejection": now.rejection}
    if clock_stands:
        return "clock stands", {"clock_stands_s": now.clock_stands_s}
    if now.working_s is not None and now.working_s > WORKING_S:
        if now.decision is not None and now.decision.steps * now.decision.members > 1:
            steps, members = now.decision.steps, now.decision.members
            return "working on many steps", {"working_s": now.working_s, "steps": steps, "members": members}
        return "working", {"working_s": now.working_s}
    if now.silence_s is not None and now.silence_s > SILENCE_S:
        name = "silent, compressed" if now.compressed else "silent"
        return name, {"silence_s": now.silence_s, "image_topic": now.image_topic}
    if now.doubts:
        return "implausible", {"doubt": now.doubts[0]}
    if now.rejection:
        return "rejected lately", {"rejection": now.rejection}
    if now.age_ms is not None and now.age_ms[0] > OLD_MS:
        return "old", {"age_s": now.age_ms[0] / 1e3}
    if now.age_ms is not None and now.age_ms[0] < -FUTURE_MS:
        return "future", {"ahead_s": -now.age_ms[0] / 1e3}
    if 0.0 < now.output_hz < SLOW_HZ <= now.input_hz:
        return "slow", {"output_hz": now.output_hz, "input_hz": now.input_hz}
    if now.invalid_ratio is not None and now.invalid_ratio > INVALID_RATIO:
        return "invalid", {"invalid_ratio": now.invalid_ratio}
    if now.floor_in_obstacles:
        return "floor", {"output_hz": now.output_hz}
    if now.no_scan:
        return "no scan", {"output_hz": now.output_hz}
    for source, seconds in now.hintless_s.items():
        if now.hints is not None and seconds > HINTLESS_S and (reason := now.hints.why_none(source)):
            return "no hints", {"output_hz": now.output_hz, "source": source, "seconds": seconds, "reason": reason}
    miss = now.hints.miss if now.hints is not None else None
    if miss is not None and miss.count >= ENOUGH and miss.ratio > MISS_RATIO:
        return "hints missed", {"output_hz": now.output_hz, "share": miss.share, "ratio": miss.ratio}
    turned = now.hints.turned if now.hints is not None else None
    if turned is not None:
        pose = where(turned.source, SOURCES[turned.source].placed)
        values = {"turned": turned, "better": 1.0 - turned.share, "where": pose}
        return "hints turned", {"output_hz": now.output_hz, **values}
    if now.drift is not None and now.drift > DRIFT:
        return "unsure", {"output_hz": now.output_hz, "drift": now.drift}
    if caveat:
        return "another backend", {"output_hz": now.output_hz, "caveat": caveat}
    if now.decision is not None and not now.decision.kept:
        return "budget", {"why": now.decision.reason}
    return "works", {"output_hz": now.output_hz}
