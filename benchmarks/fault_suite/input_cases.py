# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Faults of the input: mutated messages, bursts, stalls, two cameras on one topic, a camera unplugged."""

from __future__ import annotations

import time
from collections import Counter

import numpy as np

from benchmarks.fault_suite.mutations import MUTATIONS, Mutated, good
from benchmarks.fault_suite.rig import CaseResult, Rig, case
from benchmarks.stand_in.camera import CameraDriver, info_message, picture
from benchmarks.stand_in.engine import fake_depth_m
from grin_ros.ros.operator.harness.messages import image_message

BURST_HZ = 200.0
LEAD_S = 0.002
"""camera_info is sent this long before its image, so that a bad one has arrived first."""


def mutated_messages(rig: Rig, amount: int) -> CaseResult:
    """Send mutated messages, each followed by good frames until one is answered."""
    with case(rig, "mutated messages") as outcome:
        before = rig.settled()
        names = list(MUTATIONS)
        recoveries: Counter[int] = Counter()
        bad = 0
        for index in range(amount):
            name = names[index % len(names)]
            frame = MUTATIONS[name](rig.random)
            bad += frame.depth_m is None
            stamp_ns = rig.send(frame, name, lead_s=LEAD_S)
            rig.let_work()
            needed = rig.recovery()
            recoveries[needed] += 1
            if frame.required and not rig.judge.answered(stamp_ns):
                # Either a good frame replaced it too soon, or it was refused. It must be answered when it comes alone.
                again = MUTATIONS[name](rig.random)
                if not any(rig.answers(again, name) for _ in range(3)):
                    outcome.violations.append(f"{name}: refused, although it can be read")
        after = rig.settled()
        evaluated = {key: after.get(key, 0) - before.get(key, 0) for key in ("rejected", "failed", "dropped")}
        outcome.sent = f"{amount} messages of {len(names)} kinds ({bad} unusable), each with good frames behind it"
        outcome.happened = f"{evaluated['rejected']} rejected, {evaluated['dropped']} superseded before their turn"
        if evaluated["failed"]:
            outcome.violations.append(f"{evaluated['failed']} frames reached the backend and failed there")
        outcome.recovery_frames = max(recoveries)
    return outcome


def burst(rig: Rig, frames: int) -> CaseResult:
    """Send frames much faster than a camera does."""
    with case(rig, f"burst at {BURST_HZ:.0f} Hz") as outcome:
        before, published = rig.settled(), rig.judge.published
        ready = [good(rig.random) for _ in range(min(frames, 50))]
        start = time.monotonic()
        for index in range(frames):
            frame = ready[index % len(ready)]
            frame.image.header.stamp.sec = 0  # type: ignore[union-attr]
            rig.send(frame)
            rig.pause(start + (index + 1) / BURST_HZ - time.monotonic())
        spent_s = time.monotonic() - start
        after = rig.settled()
        received = after["received"] - before["received"]
        outcome.sent = f"{frames} frames in {spent_s:.1f} s"
        outcome.happened = (
            f"{received} received, {rig.judge.published - published} published, "
            f"{after['dropped'] - before['dropped']} superseded"
        )
        outcome.recovery_frames = rig.recovery()
    return outcome


def stalls(rig: Rig, amount: int) -> CaseResult:
    """Stop the camera for a moment, again and again."""
    with case(rig, "camera stalls") as outcome:
        gaps_s = rig.random.uniform(0.02, 0.6, amount)
        recoveries = []
        for gap_s in gaps_s:
            rig.pause(float(gap_s))
            recoveries.append(rig.recovery())
        outcome.sent = f"{amount} gaps of up to {gaps_s.max():.1f} s"
        outcome.happened = "answered after each"
        outcome.recovery_frames = max(recoveries)
    return outcome


def two_publishers(rig: Rig, frames: int) -> CaseResult:
    """Let a second camera of another size and frame publish on the same topics; no depth may mix the two."""
    with case(rig, "two cameras on one topic") as outcome:
        second = CameraDriver("second_camera")
        try:
            rig.client.wait(second.connected, "the second camera's connection")
            before, published = rig.settled(), rig.judge.published
            for index in range(frames):
                rig.send(good(rig.random))
                rig.send(_of_second_camera(index), "the second camera", second)
                rig.pause(0.01)
            after = rig.settled()
        finally:
            second.close()
        outcome.sent = f"{frames} frames of each, at once"
        outcome.happened = (
            f"{rig.judge.published - published} published, each of one camera; "
            f"{after['rejected'] - before['rejected']} rejected"
        )
        outcome.recovery_frames = rig.recovery()
    return outcome


def unplugged(rig: Rig) -> CaseResult:
    """End the driver and start it again."""
    with case(rig, "camera unplugged and back") as outcome:
        rig.source.close()
        told = rig.client.wait(
            lambda: (status := rig.client.status()) and "no image has arrived" in status.message and status.message,
            "a warning of silence",
        )
        rig.pause(0.5)
        rig.source = CameraDriver()
        rig.wait_connected()
        outcome.sent = "the driver's process gone, then a new one"
        outcome.happened = f"diagnostics: {told.partition(';')[0]}"
        outcome.recovery_frames = rig.recovery()
    return outcome


def _of_second_camera(seed: int) -> Mutated:
    image = picture(seed, 40, 30)
    info = info_message(40, 30)
    info.header.frame_id = "second_camera"
    return Mutated(image_message(image, 0, "second_camera"), info, np.asarray(fake_depth_m(image)))
