# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The most serious problem comes first, and its message says what happened, what it means, and what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grin_ros.core.hints.checks.pose_check import Turned
from grin_ros.core.latency_budget import Decision
from grin_ros.core.plausibility.doubt import doubt
from grin_ros.ros.inputs.hints.gathering import HintUse
from grin_ros.ros.inputs.hints.source import Given
from grin_ros.ros.inputs.problem import Problem
from grin_ros.ros.node.diagnostics.snapshot import Failure, Identity, PublishedFrame, Snapshot
from grin_ros.ros.node.diagnostics.verdict import (
    CLOCK_STANDS_S,
    DRIFT,
    ERROR,
    OK,
    RULES,
    WARN,
    WORKING_S,
    judge,
)

GOOD = Snapshot(
    lifecycle="active",
    identity=Identity("nano", "0123", "ort", "cv_bridge"),
    input_hz=30.0,
    output_hz=10.0,
    age_ms=(120.0, 170.0),
    invalid_ratio=0.1,
    beyond_ratio=0.02,
    silence_s=0.1,
    image_topic="/front/image_raw",
    info_topic="/front/camera_info",
)
BACKEND_PROBLEM = Problem("backend failed", "the backend failed on a frame: x", "see the log")
NO_TRANSFORM = HintUse({"scan": Given(reason="no transform; publish it")}, None)
ON_ANOTHER_BACKEND = Identity(caveat="runs on 'ort'")


def turned(found: Turned) -> PublishedFrame:
    return PublishedFrame(hints=HintUse({found.source: Given()}, None, turned=found))


CASES: dict[str, tuple[dict[str, object], bytes, tuple[str, ...]]] = {
    "works": ({}, OK, ("10.0 Hz",)),
    "works without stamps": ({"age_ms": None, "invalid_ratio": None, "beyond_ratio": None}, OK, ("10.0 Hz",)),
    "camera slower than 1 Hz": ({"output_hz": 0.5, "input_hz": 0.5}, OK, ("0.5 Hz",)),
    "no depth yet": ({"output_hz": 0.0}, OK, ("0.0 Hz",)),
    "within the latency budget": ({"decision": Decision(1, 1, "up: 30 ms leave room")}, OK, ("10.0 Hz",)),
    "processing, but not long": ({"working_s": WORKING_S}, OK, ("10.0 Hz",)),
    "drift at the limit": ({"drift": DRIFT}, OK, ("10.0 Hz",)),
    "inactive": ({"lifecycle": "inactive"}, OK, ("inactive: the node publishes nothing until it is activated",)),
    "unconfigured": (
        {"lifecycle": "unconfigured", "identity": ON_ANOTHER_BACKEND},
        OK,
        ("unconfigured: the node publishes nothing until it is activated",),
    ),
    "inactive on another backend": (
        {"lifecycle": "inactive", "identity": ON_ANOTHER_BACKEND},
        WARN,
        ("publishes nothing until it is activated", "not the preferred one", "runs on 'ort'", "configure the node"),
    ),
    "configure failed": (
        {"lifecycle": "unconfigured", "error": Failure("configure failed: model", "correct it")},
        ERROR,
        ("configure failed: model; correct it",),
    ),
    "finalized": (
        {"lifecycle": "finalized", "clock_stands_s": CLOCK_STANDS_S + 1},
        OK,
        ("finalized: the node was shut down and publishes nothing until its process is started again",),
    ),
    "shutdown failed": (
        {"lifecycle": "finalized", "error": Failure("the backend has not answered", "start this process again")},
        ERROR,
        ("the backend has not answered; start this process again",),
    ),
    "the backend failed": (
        {"rejection": BACKEND_PROBLEM, "rejected_now": True},
        ERROR,
        ("the newest frame was rejected and has no depth: the backend failed on a frame: x; see the log",),
    ),
    "the backend failed before the node was deactivated": (
        {"rejection": BACKEND_PROBLEM, "rejected_now": True, "lifecycle": "inactive"},
        OK,
        ("inactive: the node publishes nothing until it is activated",),
    ),
    "rejected now": (
        {"rejection": Problem("bad image", "image: truncated", "look at the driver"), "rejected_now": True},
        ERROR,
        ("newest frame was rejected and has no depth: image: truncated; look at the driver",),
    ),
    "no camera_info": (
        {"rejection": Problem("no camera_info yet", "no camera_info yet", "remap it"), "rejected_now": True},
        ERROR,
        (
            "images arrive on /front/image_raw, but no camera_info yet on /front/camera_info",
            "-r camera_info:=TOPIC",
        ),
    ),
    "clock stands": (
        {"clock_stands_s": CLOCK_STANDS_S + 1},
        WARN,
        ("use_sim_time is set, but /clock stands still for 3 s", "set use_sim_time to false"),
    ),
    "clock stands before activation": (
        {"clock_stands_s": CLOCK_STANDS_S + 1, "lifecycle": "inactive"},
        WARN,
        ("use_sim_time is set, but /clock stands still",),
    ),
    "clock of a slow simulator": ({"clock_stands_s": CLOCK_STANDS_S}, OK, ("10.0 Hz",)),
    "implausible": (
        {"frame": PublishedFrame(doubts=(doubt("noise"), doubt("frozen", count=5)))},
        WARN,
        (
            "the picture is noise without structure",
            "obstacles, free_space and scan are not published",
            "check the light",
        ),
    ),
    "a source of hints gives none for long": (
        {"frame": PublishedFrame(hints=NO_TRANSFORM), "hintless_s": {"scan": 7.0}},
        WARN,
        ("10.0 Hz", "hints.scan has corrected no depth for 7 s: no transform; publish it", "camera alone"),
    ),
    "the pose of a sensor is doubted": (
        {"frame": turned(Turned("scan", -8.0, 16.0, False, 0.8))},
        WARN,
        (
            "hints.scan fits what the camera sees better by 20%",
            "if its points lie 8 degrees lower and 16 degrees to the right",
            "check hints.scan_pose, or what tf says of the frame of its messages; until then",
        ),
    ),
    "the pose of a source without a parameter is doubted": (
        {"frame": turned(Turned("landmarks", 0.0, 0.0, True, 0.8))},
        WARN,
        ("hints.landmarks fits", "turned by 180 degrees", "; check what tf says of the frame of its messages; until"),
    ),
    "a source of hints has just given none": (
        {"frame": PublishedFrame(hints=NO_TRANSFORM), "hintless_s": {"scan": 1.0}},
        OK,
        ("10.0 Hz",),
    ),
    "rejected lately": (
        {"rejection": Problem("bad image", "image: truncated", "look at the driver")},
        WARN,
        ("depth is published again", "a frame of the last seconds was rejected: image: truncated; look at the driver"),
    ),
    "processing for long": (
        {"working_s": WORKING_S + 1},
        WARN,
        ("processing one frame for 3 s", "no new depth is published", "load of this computer", "watchdog_s"),
    ),
    "processing many steps for long": (
        {"working_s": WORKING_S + 1, "decision": Decision(50, 12, "no latency budget")},
        WARN,
        ("processing one frame for 3 s, in 50 steps for 12 members", "reduce steps or members"),
    ),
    "silent": (
        {"silence_s": 7.0},
        WARN,
        (
            "no image has arrived on /front/image_raw for 7 s",
            "no depth is published",
            "camera driver",
            "-r image:=TOPIC",
            "grin doctor",
        ),
    ),
    "silent, compressed": (
        {"silence_s": 7.0, "compressed": True, "image_topic": "/image/compressed"},
        WARN,
        (
            "no compressed image has arrived on /image/compressed for 7 s",
            "remapping image does not remap image/compressed",
            "-r image/compressed:=TOPIC",
        ),
    ),
    "old": (
        {"age_ms": (90_000.0, 90_000.0)},
        WARN,
        ("90.0 s after the stamp", "the robot sees things where they were", "clocks", "use_sim_time"),
    ),
    "stamped in the future": (
        {"age_ms": (-5_000.0, 0.0)},
        WARN,
        ("lie 5.0 s in the future", "does not fit transforms", "clocks"),
    ),
    "slow": (
        {"output_hz": 0.5},
        WARN,
        ("at 0.50 Hz", "images arrive at 30.0 Hz", "the robot sees late", "reduce steps", "grin doctor"),
    ),
    "invalid": (
        {"invalid_ratio": 0.8},
        WARN,
        ("80% of the pixels have no depth", "the robot does not see", "lens", "max_relative_sigma"),
    ),
    "a scan that another node publishes": (
        {"frame": PublishedFrame(scan_withheld=True)},
        WARN,
        ("another node has published on the topic of scan", "see nothing of this camera", "activate the node again"),
    ),
    "a scan that cannot be made": (
        {"frame": PublishedFrame(no_scan=True)},
        WARN,
        (
            "10.0 Hz, but",
            "mounting is not known",
            "scan is not published",
            "subscribers see nothing",
            "set mounting.known",
        ),
    ),
    "floor in obstacles": (
        {"frame": PublishedFrame(floor_in_obstacles=True)},
        WARN,
        ("10.0 Hz, but", "mounting is not known", "obstacles contains the floor", "set mounting.known", "base_frame"),
    ),
    "unsure": (
        {"drift": DRIFT + 0.1},
        WARN,
        ("sigma / depth is 2.1 times that of the first minute", "depth is less certain", "lens", "train"),
    ),
    "another backend": (
        {"identity": ON_ANOTHER_BACKEND},
        WARN,
        ("10.0 Hz, but", "not the preferred one", "depth may be slower", "runs on 'ort'", "set backend"),
    ),
    "over the latency budget": (
        {"decision": Decision(1, 1, "even 1 step", kept=False)},
        WARN,
        ("latency_budget_ms cannot be kept: even 1 step", "later than wanted", "faster backend"),
    ),
    "a scan that another node publishes hides nothing": (
        {"frame": PublishedFrame(scan_withheld=True), "decision": Decision(1, 1, "even 1 step", kept=False)},
        WARN,
        ("latency_budget_ms cannot be kept",),
    ),
    "several at once": (
        {
            "error": Failure("the backend failed", "look at it"),
            "silence_s": 7.0,
            "rejection": Problem("bad image", "x", "y"),
        },
        ERROR,
        ("the backend failed",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_level_and_words(name: str) -> None:
    changes, level, words = CASES[name]
    verdict = judge(replace(GOOD, **changes))  # type: ignore[arg-type]
    assert verdict.level == level
    for text in words:
        assert text in verdict.message


def test_every_problem_has_a_remedy() -> None:
    for name, verdict in RULES.items():
        assert bool(verdict.remedy) == (verdict.level != OK), name


PROBLEMS: dict[str, dict[str, object]] = {
    "failed": {"error": Failure("the backend failed", "look at it")},
    "clock stands": {"clock_stands_s": CLOCK_STANDS_S + 1.0},
    "working": {"working_s": WORKING_S + 1.0},
    "silent": {"silence_s": 7.0},
    "implausible": {"frame": PublishedFrame(doubts=(doubt("noise"),))},
    "rejected lately": {"rejection": BACKEND_PROBLEM},
    "old": {"age_ms": (90_000.0, 90_000.0)},
    "slow": {"output_hz": 0.5},
    "invalid": {"invalid_ratio": 0.8},
    "unsure": {"drift": DRIFT + 1.0},
    "another backend": {"identity": ON_ANOTHER_BACKEND},
    "budget": {"decision": Decision(1, 1, "even 1 step", kept=False)},
}
"""The problems of a node that is active, the most serious first."""


@pytest.mark.parametrize("first", range(len(PROBLEMS)))
def test_the_most_serious_of_all_problems_is_named(first: int) -> None:
    names = list(PROBLEMS)[first:]
    snapshot = GOOD
    for name in names:
        snapshot = replace(snapshot, **PROBLEMS[name])  # type: ignore[arg-type]
    assert judge(snapshot) == RULES[names[0]].verdict(snapshot)
