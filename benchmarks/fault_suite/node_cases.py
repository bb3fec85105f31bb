# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Faults in and around the node: its backend, subscribers, process, disk, parameters and lifecycle."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.fault_suite.engine import Fault, asking_for
from benchmarks.fault_suite.mutations import Mutated, good
from benchmarks.fault_suite.node import FILE_BYTES_VARIABLE
from benchmarks.fault_suite.rig import CAMERA_S, CaseResult, Rig, case
from benchmarks.stand_in.camera import info_message, picture
from grin_ros.ros.operator.harness.client import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE
from grin_ros.ros.operator.harness.messages import image_message

CYCLES_A_FRAME = 10
"""After so many cycles of the lifecycle a frame must go through."""
SMALL_FILE_BYTES = 20_000

# Valid and invalid values, from which a run draws.
VALUES: dict[str, tuple[Any, ...]] = {
    "steps": (1, 2, 50, 0, 51, -1, 2**40, 1.5, "two", True),
    "members": (1, 4, 32, 0, 33, "", 2.0),
    "seed": (0, 7, 2**31 - 1, -1, 2**31),
    "min_depth_m": (0.1, 2.0, 0.0, -1.0, float("nan"), float("inf"), 1e9, 1),
    "max_depth_m": (80.0, 3.0, 1000.0, 0.0, float("-inf"), "far"),
    "max_relative_sigma": (0.0, 0.05, 10.0, -0.1, 11.0, float("nan")),
    "mounting.known": (True, False, 1, "yes"),
    "mounting.height_m": (1.0, 0.5, 0.0, 1e6),
    "mounting.pitch_deg": (0.0, 15.0, 91.0),
    "publish_sigma": (True, False, 0),
    "publish_mm": (True, False),
    "publish_points": (True, False),
    "points_stride": (1, 3, 16, 0, 17),
    "points_rgb": (True, False),
    "diagnostics_period_s": (0.1, 0.2, 0.0, 61.0),
    "model": ("nano", ""),
    "backend": ("ort", "nonesuch"),
    "no_such_parameter": (1, "x"),
}
RESET: dict[str, Any] = {
    "steps": 1,
    "members": 1,
    "max_depth_m": 80.0,
    "min_depth_m": 0.1,
    "max_relative_sigma": 0.0,
    "mounting.known": False,
    "publish_sigma": True,
    "publish_points": True,
    "points_stride": 1,
    "points_rgb": True,
    "diagnostics_period_s": 0.1,
}

# A program that subscribes, says so, and never reads.
DEAF = """
import sys, rclpy
from rclpy.qos import QoSProfile, HistoryPolicy
from sensor_msgs.msg import Image, PointCloud2
rclpy.init()
node = rclpy.create_node("deaf")
everything = QoSProfile(history=HistoryPolicy.KEEP_ALL)
held = [node.create_subscription(kind, topic, print, everything)
        for kind, topic in ((Image, "depth/image"), (PointCloud2, "points"))]
print("ready", flush=True)
sys.stdin.read()
"""


def failing_backend(rig: Rig, fault: Fault, amount: int) -> CaseResult:
    """Send one to five frames on which the backend fails, then good ones. After three in a row the node reopens it."""
    what = fault.name.lower().replace("_", " ")
    with case(rig, f"backend: {what}") as outcome:
        before = rig.settled()
        recoveries, failing = [], 0
        for _ in range(amount):
            for _ in range(int(rig.random.integers(1, 6))):
                image = asking_for(fault, picture(int(rig.random.integers(2**31))))
                rig.send(Mutated(image_message(image, 0), info_message()), f"a frame at which the backend: {what}")
                failing += 1
                rig.let_work()
            recoveries.append(rig.recovery())
        after = rig.settled()
        refused = sum(after.get(key, 0) - before.get(key, 0) for key in ("rejected", "failed"))
        outcome.sent = f"{failing} frames at which it fails, up to 5 in a row, {amount} times good ones behind them"
        outcome.happened = f"{refused} counted: {rig.client.value('last rejection').partition(';')[0][:100]}"
        outcome.recovery_frames = max(recoveries)
        if not refused:
            outcome.violations.append("no failure was counted")
    return outcome


def hanging_backend(rig: Rig, hang_s: float, watchdog_s: float) -> CaseResult:
    """Send a frame on which the backend hangs, while the camera goes on at 30 Hz.

    Services must be answered meanwhile, and another engine must work after the watchdog's time.
    """
    with case(rig, "backend: hangs") as outcome:
        before = rig.settled()
        image = asking_for(Fault.HANGS, picture(3))
        rig.send(Mutated(image_message(image, 0), info_message()), "the frame at which the backend hangs")
        rig.pause(0.1)
        start = time.monotonic()
        slowest_s = 0.0
        while time.monotonic() - start < watchdog_s:
            rig.send(good(rig.random))
            asked = time.monotonic()
            assert rig.client.state() == "active"
            slowest_s = max(slowest_s, time.monotonic() - asked)
            rig.pause(CAMERA_S)
        outcome.recovery_frames = rig.recovery()
        spent_s = time.monotonic() - start
        after = rig.settled()
        outcome.sent = f"a frame that takes {hang_s:.0f} s, a camera that goes on; watchdog_s {watchdog_s:g}"
        outcome.happened = f"services answered within {slowest_s:.2f} s, depth is back after {spent_s:.1f} s"
        if sum(after.get(key, 0) - before.get(key, 0) for key in ("rejected", "failed")) != 1:
            outcome.violations.append("the frame that hung is not counted as failed")
        if spent_s > hang_s:
            outcome.violations.append("depth came back only when the backend did")
        rig.pause(hang_s - spent_s + 0.5)  # the hanging engine ends by itself here
    return outcome


def deaf_subscriber(rig: Rig, frames: int) -> CaseResult:
    """Stop a process that has subscribed to everything; the node may not wait for it."""
    with case(rig, "a subscriber that never reads") as outcome:
        command = [sys.executable, "-c", DEAF]
        deaf = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert deaf.stdout is not None
            assert deaf.stdout.readline() == "ready\n"
            rig.client.wait(lambda: rig.client.ros.count_subscribers("points") > 1, "the deaf subscriber")
            rig.recovery()
            deaf.send_signal(signal.SIGSTOP)
            slowest_s, start = 0.0, time.monotonic()
            for _ in range(frames):
                sent = time.monotonic()
                outcome.recovery_frames = max(outcome.recovery_frames or 0, rig.recovery())
                slowest_s = max(slowest_s, time.monotonic() - sent)
            spent_s = time.monotonic() - start
        finally:
            deaf.kill()
            deaf.communicate()
        outcome.sent = f"{frames} good frames; it is stopped with all of them unread, then killed"
        outcome.happened = f"all answered, {frames / spent_s:.0f} a second, the slowest in {slowest_s * 1e3:.0f} ms"
        outcome.recovery_frames = max(outcome.recovery_frames or 0, rig.recovery())
    return outcome


def frozen_node(rig: Rig, seconds: float) -> CaseResult:
    """Stop the node's process for a while under a running camera, as a suspended machine does."""
    with case(rig, "the node is frozen") as outcome:
        rig.process.send_signal(signal.SIGSTOP)
        start, sent = time.monotonic(), 0
        while time.monotonic() - start < seconds:
            rig.send(good(rig.random))
            sent += 1
            rig.pause(CAMERA_S)
        rig.process.send_signal(signal.SIGCONT)
        outcome.sent = f"{sent} frames while its process is stopped for {seconds:.0f} s"
        outcome.recovery_frames = rig.recovery()
        outcome.happened = "goes on with the newest frame"
    return outcome


def killed(rig: Rig, times: int) -> CaseResult:
    """Kill the node under a running camera, and start another with autostart, as the launch file does."""
    recoveries, down_s, cameras = [], [], 0
    with case(rig, "kill -9 and respawn") as outcome:
        for _ in range(times):
            rig.send(good(rig.random))
            start = time.monotonic()
            rig.process.send_signal(signal.SIGKILL)
            rig.process.wait(10.0)
            cameras += rig.respawn()
            recoveries.append(rig.recovery())
            down_s.append(time.monotonic() - start)
        outcome.sent = f"SIGKILL, {times} times"
        outcome.happened = f"publishes again {max(down_s):.1f} s after the kill at the latest"
        if cameras:
            outcome.happened += f", {cameras} times only after the camera was started anew (`grin doctor` says so)"
        outcome.recovery_frames = max(recoveries)
    return outcome


def random_parameters(rig: Rig, changes: int) -> CaseResult:
    """Set parameters to right and wrong values while frames go through. A refusal must have a reason."""
    with case(rig, "parameters set at random") as outcome:
        rig.judge.limits_change = True
        accepted = refused = 0
        names = list(VALUES)
        for _ in range(changes):
            rig.send(good(rig.random))
            name = names[int(rig.random.integers(len(names)))]
            value = VALUES[name][int(rig.random.integers(len(VALUES[name])))]
            successful, reason = rig.client.set_parameter(name, value)
            if not successful and not reason:
                outcome.violations.append(f"{name} = {value!r}: refused without a reason")
            accepted += successful
            refused += not successful
        for name, value in RESET.items():
            successful, reason = rig.client.set_parameter(name, value)
            if not successful:
                outcome.violations.append(f"{name} = {value!r}: refused: {reason}")
        rig.settled()
        rig.judge.limits_change = False
        outcome.sent = f"{changes} values, right and wrong, under running frames"
        outcome.happened = f"{accepted} accepted, {refused} refused with a reason"
        outcome.recovery_frames = rig.recovery()
    return outcome


def lifecycle(rig: Rig, cycles: int) -> CaseResult:
    """Cycle the lifecycle with illegal requests in between; after every few cycles a frame must go through."""
    with case(rig, "lifecycle cycled") as outcome:
        recoveries = []
        for cycle in range(1, cycles + 1):
            rig.send(good(rig.random))
            for transition in (DEACTIVATE, CLEANUP, CONFIGURE, ACTIVATE):
                assert rig.client.change(transition), f"cycle {cycle}, transition {transition}:\n{rig.client.log()}"
            if rig.client.change(CONFIGURE):
                outcome.violations.append("configure was accepted while active")
            if cycle % CYCLES_A_FRAME == 0 or cycle == cycles:
                rig.wait_connected()
                recoveries.append(rig.recovery())
        outcome.sent = f"{cycles} times deactivate, cleanup, configure, activate, and one illegal request each"
        outcome.happened = f"all done, all illegal ones refused; {len(recoveries)} times a frame went through"
        outcome.recovery_frames = max(recoveries)
    return outcome


def full_disk(folder: Path, artifact: Path | str) -> CaseResult:
    """Let a backend find no room for the engine that it keeps. It must work, and leave no part of a file."""
    cache = folder / "cache"
    environment = {FILE_BYTES_VARIABLE: str(SMALL_FILE_BYTES), "XDG_CACHE_HOME": str(cache)}
    outcome = CaseResult("disk full while an engine is built")
    with Rig(folder, artifact, backend="openvino", environment=environment, exact=False) as rig:
        left = [path.name for path in cache.rglob("*") if path.is_file()]
        too_large = [name for name in left if "unfinished" in name]
        outcome.recovery_frames = rig.recovery()
        outcome.violations += [f"left behind: {name}" for name in too_large]
        if "cannot be kept" not in rig.process.text():
            outcome.violations.append("the log does not say that the engine could not be kept")
        outcome.violations += rig.take_violations()
    outcome.sent = f"backend openvino, no file may exceed {SMALL_FILE_BYTES // 1000} kB"
    outcome.happened = "the log says so, the node publishes"
    return outcome
