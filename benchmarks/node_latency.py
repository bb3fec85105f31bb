# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Measure rate and latency of the node from outside: another process sends images and receives depth over DDS.

    python benchmarks/node_latency.py                 a 30 Hz camera for 20 s, all outputs
    python benchmarks/node_latency.py --lockstep      the next frame when the last is answered: latency without waiting
    python benchmarks/node_latency.py --hints 200     with a cloud of so many measured points for every image

End to end is from the publication of an image to the receipt of its depth. The stages are those that the node reports
on /diagnostics, over its last 10 s. The result is printed as Markdown, with the machine it ran on.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.stand_in.sensor import HINTS, Sensor, cloud_of
from grin_ros.core.backends.cpu import cpu_facts
from grin_ros.ros.operator.demo.scene import motorcycle, window
from grin_ros.ros.operator.harness.client import LIMIT_S, NodeClient
from grin_ros.ros.operator.harness.environment import prepare_environment
from grin_ros.ros.operator.harness.messages import OUTPUTS, Received, camera_info_message, image_message
from grin_ros.ros.operator.harness.process import HarnessError, NodeProcess

DEPTH, DIAGNOSTICS, POINTS = "depth/image", "/diagnostics", "points"
STAGES = {
    "wait": "in the queue of one",
    "convert": "message to RGB",
    "gather": "messages of sensors to hints, while the network is at work",
    "estimate": "the estimator, of which:",
    "prepare": "- rays of the camera, noise",
    "encode": "- graph encode",
    "denoise": "- graph denoise, all steps",
    "floor": "- the scale of the floor, where the mounting is known",
    "await": "- waiting for hints that are still gathered",
    "hints": "- the fusion with hints",
    "decode": "- graph decode",
    "limit": "- limits",
    "publish": "messages of all outputs",
    "total": "arrival to publication",
}
"""Stages in the order in which they happen; the parts of a stage are indented."""


@dataclass
class Collected:
    """The times of arrival by topic and stamp, and the newest diagnostics."""

    arrivals: dict[str, dict[int, int]] = field(default_factory=dict)
    diagnostics: bytes = b""

    def __call__(self, received: Received) -> None:
        if received.topic == DIAGNOSTICS:
            self.diagnostics = received.data
        else:
            self.arrivals.setdefault(received.topic, {})[received.stamp_ns] = received.received_ns

    def answered(self, stamp_ns: int) -> bool:
        """Return True if the depth of this frame has arrived."""
        return stamp_ns in self.arrivals.get(DEPTH, {})


@dataclass(frozen=True)
class LatencyRun:
    """The measurements after the warm-up."""

    latency_ms: Sequence[float]
    span_s: float
    sent: int
    diagnostics: Mapping[str, str]
    memory_mb: float
    machine: str

    @property
    def rate_hz(self) -> float:
        """The rate at which depth arrived."""
        return (len(self.latency_ms) - 1) / self.span_s if self.span_s > 0.0 else 0.0


def measure(options: argparse.Namespace, log: Path) -> LatencyRun:
    """Run the node and measure it. Raises HarnessError if it does not answer."""
    machine = processor()
    prepare_environment()
    parameters = {key: getattr(options, key) for key in ("model", "backend", "steps", "members", "threads")}
    topics = {topic: kind for topic, kind in OUTPUTS.items() if topic != POINTS or not options.no_points}
    collected = Collected()
    given = {key: value for key, value in parameters.items() if value is not None}
    if options.hints:
        given |= HINTS
    process = NodeProcess(log, given)
    with process, NodeClient(process, camera_qos=qos_profile_sensor_data) as client:
        client.bring_up(topics, collected)
        view = window(motorcycle(), 0.0)
        image = cv2.resize(view.image, (options.width, options.height), interpolation=cv2.INTER_AREA)
        info = camera_info_message(view.camera.resized(options.width, options.height))
        hints = Sensor(client, cloud_of(view, options.hints)) if options.hints else None
        stamps = send(client, collected, (image_message(np.asarray(image, np.uint8)), info), options, hints)
        if stamps:
            client.reached(partial(collected.answered, stamps[-1]), LIMIT_S)
        memory_mb = peak_memory_mb(process.pid)
        client.shut_down()
    counted = set(stamps)
    arrived = {stamp: at for stamp, at in collected.arrivals.get(DEPTH, {}).items() if stamp in counted}
    if len(arrived) < 2:
        raise HarnessError(f"{len(arrived)} answers in {options.seconds:.0f} s; its log:\n{process.tail()}")
    values: dict[str, str] = {}
    for status in deserialize_message(collected.diagnostics, DiagnosticArray).status:
        values |= {item.key: item.value for item in status.values}
    latency_ms = [(at - stamp) / 1e6 for stamp, at in arrived.items()]
    span_s = (max(arrived.values()) - min(arrived.values())) / 1e9
    return LatencyRun(latency_ms, span_s, len(stamps), values, memory_mb, machine)


def send(
    client: NodeClient,
    collected: Collected,
    messages: tuple[Any, Any],
    options: argparse.Namespace,
    hints: Sensor | None = None,
) -> list[int]:
    """Send images through the warm-up and for `seconds` after it; return the stamps that count."""
    start = time.monotonic()
    end = start + options.warm_up + options.seconds
    stamps: list[int] = []
    index = 0
    with tqdm(total=round(options.warm_up + options.seconds), unit="s", mininterval=0.5) as bar:
        while (now := time.monotonic()) < end:
            bar.update(int(now - start) - bar.n)
            stamp_ns = time.time_ns()
            if now - start >= options.warm_up:
                stamps.append(stamp_ns)
            if hints is not None:
                hints.measure(stamp_ns)
            client.publish(*messages, stamp_ns)
            index += 1
            if options.lockstep:
                client.wait(partial(collected.answered, stamp_ns), "answer to a frame")
            else:
                client.reached(lambda: False, start + index / options.rate - time.monotonic())
    return stamps


def peak_memory_mb(pid: int) -> float:
    """Return the largest resident size that a process has had, NaN if the system does not say it."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), float("nan"))


def report(measured: LatencyRun, options: argparse.Namespace) -> str:
    """Return the result as Markdown."""
    p50, p95 = np.percentile(measured.latency_ms, (50, 95))
    values = measured.diagnostics
    feed = "next frame when the last is answered" if options.lockstep else f"{options.rate:g} Hz camera"
    settings = ", ".join(
        f"{key} {getattr(options, key)}" for key in ("steps", "members", "threads") if getattr(options, key) is not None
    )
    outputs = "depth, sigma" if options.no_points else "depth, sigma, points"
    outputs += f"; {options.hints} hints: {values.get('hints points', '?')}" if options.hints else ""
    setting = f"{options.width}x{options.height}, {feed}, {options.seconds:g} s; outputs: {outputs}"
    answered = f"{len(measured.latency_ms)} of {measured.sent} frames answered"
    lines = [
        f"{setting}; {values.get('backend', '?')}; {settings or 'default settings'}; {measured.machine}",
        "",
        f"**{measured.rate_hz:.1f} Hz**, {answered}; peak memory of the node {measured.memory_mb:.0f} MB",
        "",
        "| stage | p50 (ms) | p95 (ms) | what |",
        "|---|---:|---:|---|",
        f"| **end to end** | **{p50:.0f}** | **{p95:.0f}** | publication of the image to receipt of its depth |",
    ]
    for stage, what in STAGES.items():
        if f"latency {stage} p50 (ms)" in values:
            at_50, at_95 = (float(values[f"latency {stage} {percent} (ms)"]) for percent in ("p50", "p95"))
            lines.append(f"| {stage} | {at_50:.1f} | {at_95:.1f} | {what} |")
    estimate = float(values.get("latency estimate p50 (ms)", "nan"))
    lines.append(f"| overhead | {p50 - estimate:.1f} | | end to end less estimate: transport, waiting, messages |")
    return "\n".join(lines)


def processor() -> str:
    """Return processor, cores and load, such as 'Intel(R) Xeon(R) ..., 2 cores, load before 0.3'."""
    return f"{cpu_facts()['name']}, {os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program, and return its exit code."""
    parse = argparse.ArgumentParser(description="Rate and latency of the node, by stage.")
    parse.add_argument("--seconds", type=float, default=20.0, help="how long to measure (20)")
    parse.add_argument("--warm-up", type=float, default=3.0, help="seconds before that, not counted (3)")
    parse.add_argument("--rate", type=float, default=30.0, help="rate of the camera in Hz (30)")
    parse.add_argument("--lockstep", action="store_true", help="no fixed rate: send when the last frame is answered")
    parse.add_argument("--width", type=int, default=640)
    parse.add_argument("--height", type=int, default=480)
    parse.add_argument("--hints", type=int, default=0, metavar="N", help="measured points for every image (0)")
    parse.add_argument("--no-points", action="store_true", help="do not subscribe to the cloud, so that it is not made")
    parse.add_argument("--model", default="nano")
    parse.add_argument("--backend", default="ort")
    parse.add_argument("--steps", type=int)
    parse.add_argument("--members", type=int)
    parse.add_argument("--threads", type=int)
    options = parse.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        try:
            measured = measure(options, Path(folder) / "node.log")
        except HarnessError as error:
            print(f"node_latency: {error}", file=sys.stderr)
            return 1
    print(report(measured, options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
