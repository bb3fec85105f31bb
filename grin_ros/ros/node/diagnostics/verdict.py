# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Level and message on /diagnostics: the most serious problem, what it means for the robot, and what to do.

The guide to operations explains each message. A new one is one row of `RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus

from grin_ros.core.hints.checks.live_check import ENOUGH
from grin_ros.ros.frame.outputs import FLOOR_IN_OBSTACLES, SET_MOUNTING
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
    """A message for the operator."""

    level: bytes
    text: str
    """The event and what it means for the robot."""
    remedy: str = ""
    """The remedy; empty if there is nothing to do."""

    @property
    def message(self) -> str:
        """Text and remedy in one line."""
        return f"{self.text}; {self.remedy}" if self.remedy else self.text


@dataclass(frozen=True)
class Rule:
    """A verdict, and when it holds.

    holds: takes a snapshot, and returns what the templates need beside it, or True if they need nothing else; something
    false if the verdict does not hold. text, remedy: templates for str.format, in which `now` is the snapshot.
    """

    holds: Callable[[Snapshot], Mapping[str, Any] | bool | None]
    level: bytes
    text: str
    remedy: str = ""

    def verdict(self, now: Snapshot) -> Verdict | None:
        """Return the verdict on a snapshot; None if it does not hold."""
        found = self.holds(now)
        if not found:
            return None
        values = {"now": now, **(found if isinstance(found, Mapping) else {})}
        return Verdict(self.level, self.text.format_map(values), self.remedy.format_map(values))


def _idle(now: Snapshot) -> bool:
    return now.lifecycle != "active" and not _clock_stands(now)


def _clock_stands(now: Snapshot) -> bool:
    return now.clock_stands_s is not None and now.clock_stands_s > CLOCK_STANDS_S


def _rejected(now: Snapshot) -> str:
    """Return why the newest frame was rejected; empty if it was not."""
    return now.rejection.reason if now.lifecycle == "active" and now.rejected_now and now.rejection else ""


def _works_long(now: Snapshot) -> bool:
    return now.working_s is not None and now.working_s > WORKING_S


def _silent(now: Snapshot) -> bool:
    return now.silence_s is not None and now.silence_s > SILENCE_S


def _old(now: Snapshot) -> Mapping[str, Any] | None:
    return {"age_s": now.age_ms[0] / 1e3} if now.age_ms is not None and now.age_ms[0] > OLD_MS else None


def _of_the_future(now: Snapshot) -> Mapping[str, Any] | None:
    return {"ahead_s": -now.age_ms[0] / 1e3} if now.age_ms is not None and now.age_ms[0] < -FUTURE_MS else None


def _no_hints(now: Snapshot) -> Mapping[str, Any] | None:
    for source, seconds in now.hintless_s.items():
        if now.frame.hints is not None and seconds > HINTLESS_S and (reason := now.frame.hints.why_none(source)):
            return {"source": source, "seconds": seconds, "reason": reason}
    return None


def _missed(now: Snapshot) -> Mapping[str, Any] | None:
    miss = now.frame.hints.miss if now.frame.hints is not None else None
    return {"miss": miss} if miss is not None and miss.count >= ENOUGH and miss.ratio > MISS_RATIO else None


def _turned(now: Snapshot) -> Mapping[str, Any] | None:
    turned = now.frame.hints.turned if now.frame.hints is not None else None
    if turned is None:
        return None
    return {
        "turned": turned,
        "better": 1.0 - turned.share,
        "where": where(turned.source, SOURCES[turned.source].placed),
    }


RULES: Mapping[str, Rule] = {
    "failed": Rule(
        lambda now: now.error is not None,
        ERROR,
        "{now.error.text}",
        "{now.error.remedy}",
    ),
    "finalized": Rule(
        lambda now: now.lifecycle == "finalized",
        OK,
        "finalized: the node was shut down and publishes nothing until its process is started again",
    ),
    "idle on another backend": Rule(
        lambda now: _idle(now) and now.lifecycle == "inactive" and bool(now.identity.caveat),
        WARN,
        "{now.lifecycle}: the node publishes nothing until it is activated, and its backend is not the preferred "
        "one, so depth may be slower: {now.identity.caveat}",
        "correct the cause and configure the node again, or set backend to the one that runs",
    ),
    "idle": Rule(
        _idle,
        OK,
        "{now.lifecycle}: the node publishes nothing until it is activated",
    ),
    "no camera_info": Rule(
        lambda now: _rejected(now) == "no camera_info yet",
        ERROR,
        "images arrive on {now.image_topic}, but no camera_info yet on {now.info_topic}, so frames are rejected "
        "and have no depth",
        "check that the camera driver publishes camera_info; if it does so on another topic, start the node with "
        "--ros-args -r camera_info:=TOPIC",
    ),
    "rejected": Rule(
        lambda now: bool(_rejected(now)),
        ERROR,
        "the newest frame was rejected and has no depth: {now.rejection.text}",
        "{now.rejection.remedy}",
    ),
    "clock stands": Rule(
        _clock_stands,
        WARN,
        "use_sim_time is set, but /clock stands still for {now.clock_stands_s:.0f} s, so the node cannot tell how "
        "old images and transforms are",
        "start or continue the simulator, play the bag with --clock, or set use_sim_time to false",
    ),
    "working on many steps": Rule(
        lambda now: _works_long(now) and now.decision is not None and now.decision.steps * now.decision.members > 1,
        WARN,
        "the backend has been processing one frame for {now.working_s:.0f} s, in {now.decision.steps} steps for "
        "{now.decision.members} members, and no new depth is published",
        "reduce steps or members, or set latency_budget_ms; watchdog_s limits the time that the backend may take",
    ),
    "working": Rule(
        _works_long,
        WARN,
        "the backend has been processing one frame for {now.working_s:.0f} s and no new depth is published",
        "look at the load of this computer; watchdog_s limits the time that the backend may take",
    ),
    "silent, compressed": Rule(
        lambda now: _silent(now) and now.compressed,
        WARN,
        "no compressed image has arrived on {now.image_topic} for {now.silence_s:.0f} s and no depth is published",
        "check that the camera driver runs; remapping image does not remap image/compressed: start the node with "
        "--ros-args -r image/compressed:=TOPIC, or set compressed to false; grin doctor lists the cameras",
    ),
    "silent": Rule(
        _silent,
        WARN,
        "no image has arrived on {now.image_topic} for {now.silence_s:.0f} s and no depth is published",
        "check that the camera driver runs; if it publishes another topic, start the node with "
        "--ros-args -r image:=TOPIC; grin doctor lists the cameras",
    ),
    "implausible": Rule(
        lambda now: bool(now.frame.doubts),
        WARN,
        "{now.frame.doubts[0].text}",
        "{now.frame.doubts[0].remedy}",
    ),
    "rejected lately": Rule(
        lambda now: now.rejection is not None,
        WARN,
        "depth is published again, but a frame of the last seconds was rejected: {now.rejection.text}",
        "{now.rejection.remedy}",
    ),
    "old": Rule(
        _old,
        WARN,
        "depth is published {age_s:.1f} s after the stamp of its image, so the robot sees things where they were",
        "synchronize the clocks of camera and computer; with a bag, set use_sim_time and play it with --clock",
    ),
    "future": Rule(
        _of_the_future,
        WARN,
        "the stamps of images lie {ahead_s:.1f} s in the future, so depth does not fit transforms and other sensors",
        "synchronize the clocks of camera and computer; with a bag, set use_sim_time and play it with --clock",
    ),
    "slow": Rule(
        lambda now: 0.0 < now.output_hz < SLOW_HZ <= now.input_hz,
        WARN,
        "depth is published at {now.output_hz:.2f} Hz, but images arrive at {now.input_hz:.1f} Hz, so the robot "
        "sees late",
        "reduce steps or members, send smaller images, or use a faster backend; grin doctor lists the backends",
    ),
    "invalid": Rule(
        lambda now: now.invalid_ratio is not None and now.invalid_ratio > INVALID_RATIO,
        WARN,
        "{now.invalid_ratio:.0%} of the pixels have no depth, so the robot does not see what is there",
        "check the lens, min_depth_m and max_relative_sigma",
    ),
    "floor": Rule(
        lambda now: now.frame.floor_in_obstacles,
        WARN,
        f"{{now.output_hz:.1f}} Hz, but {FLOOR_IN_OBSTACLES}",
        f"{SET_MOUNTING}; if Nav2 alone is to judge heights, set obstacles.height_band to false",
    ),
    "no scan": Rule(
        lambda now: now.frame.no_scan,
        WARN,
        "{now.output_hz:.1f} Hz, but the camera's mounting is not known, so scan is not published and its "
        "subscribers see nothing",
        f"{SET_MOUNTING}; if the scan is not needed, set publish_scan to false",
    ),
    "no hints": Rule(
        _no_hints,
        WARN,
        "{now.output_hz:.1f} Hz, but hints.{source} has corrected no depth for {seconds:.0f} s: {reason}",
        "until then depth is that of the camera alone; the guide 'hints' says how to see that hints work",
    ),
    "hints missed": Rule(
        _missed,
        WARN,
        "{now.output_hz:.1f} Hz, but depth misses measurements that it was not given by {miss.share:.0%}, "
        "{miss.ratio:.1f} times what sigma says, so depth and the sensors do not fit together; sigma is enlarged",
        "check the pose of the sensors, their stamps and the calibration of the camera",
    ),
    "hints turned": Rule(
        _turned,
        WARN,
        "{now.output_hz:.1f} Hz, but hints.{turned.source} fits what the camera sees better by {better:.0%} if "
        "its points {turned.text}, so its pose seems to be wrong and corrects depth at the wrong pixels",
        "check {where}; until then switch this source off",
    ),
    "unsure": Rule(
        lambda now: now.drift is not None and now.drift > DRIFT,
        WARN,
        "{now.output_hz:.1f} Hz, but sigma / depth is {now.drift:.1f} times that of the first minute: depth is "
        "less certain",
        "check that the lens is clean and in focus and that there is light; "
        "in a place unlike those of the training data, train with recordings of it",
    ),
    "another backend": Rule(
        lambda now: bool(now.identity.caveat),
        WARN,
        "{now.output_hz:.1f} Hz, but the backend is not the preferred one, so depth may be slower: "
        "{now.identity.caveat}",
        "correct the cause and configure the node again, or set backend to the one that runs",
    ),
    "budget": Rule(
        lambda now: now.decision is not None and not now.decision.kept,
        WARN,
        "latency_budget_ms cannot be kept: {now.decision.reason}, so depth is later than wanted",
        "use a faster backend or a smaller image, or raise latency_budget_ms",
    ),
    "scan withheld": Rule(
        lambda now: now.frame.scan_withheld,
        WARN,
        "{now.output_hz:.1f} Hz, but another node has published on the topic of scan, so scan is not published and its "
        "subscribers see nothing of this camera",
        "give the output scan a topic of its own, such as -r scan:=/grin/scan, or set publish_scan to false (if two "
        "nodes have this name, give each a namespace); then activate the node again",
    ),
    "works": Rule(
        lambda _: True,
        OK,
        "{now.output_hz:.1f} Hz",
    ),
}
"""All verdicts, the most serious first, by a name for the program. The last one always holds."""


def judge(snapshot: Snapshot) -> Verdict:
    """Return the most serious verdict that holds."""
    return next(verdict for rule in RULES.values() if (verdict := rule.verdict(snapshot)))
