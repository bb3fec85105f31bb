# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Run the node for a long time with a camera at 30 Hz, and watch what its process holds.

    python benchmarks/soak.py                   30 minutes, the shipped model
    python benchmarks/soak.py --minutes 1       a quick look; a third of the time is warm-up
    python benchmarks/soak.py --frames 10000    until 10,000 depth images have come
    python benchmarks/soak.py --hints 200       with a cloud of so many measured points for every image
    python benchmarks/soak.py --stand-in        a backend that answers at once, without a model

The result is printed as Markdown. The exit code is 1 if the node died, memory grew by more than 1 %, threads or
descriptors grew, or counts did not add up. Memory is the resident size of the process (RSS), without the first part of
the run in which caches fill. Growth is the median of the last fifth of the samples over the median of the first fifth,
because single samples go up and down with what the allocator keeps.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from numpy.typing import NDArray
from rclpy.qos import qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.fault_suite.counts import adds_up, counts_of, counts_text
from benchmarks.fault_suite.footprint import Footprint
from benchmarks.stand_in.engine import BACKEND, write_artifact
from benchmarks.stand_in.process import start_node
from benchmarks.stand_in.sensor import HINTS, Sensor, cloud_of
from grin_ros.ros.operator.demo.scene import motorcycle, window
from grin_ros.ros.operator.harness.client import NodeClient
from grin_ros.ros.operator.harness.environment import prepare_environment
from grin_ros.ros.operator.harness.messages import OUTPUTS, Received, camera_info_message, image_message
from grin_ros.ros.operator.harness.process import HarnessError, NodeProcess

DEPTH, DIAGNOSTICS = "depth/image", "/diagnostics"
MAX_GROWTH = 0.01
"""The accepted growth of resident memory, as a ratio."""
MAX_WARM_UP_S = 120.0
"""The longest warm-up; in a short run it is a third of the time."""
SLOPE_S = 600.0
"""A slope by the hour is not printed for a shorter time, in which the allocator's ups and downs would dominate it."""
SAMPLES = 300
"""The number of footprints in the whole run, but at most two a second."""


@dataclass
class NodeOutputs:
    """The messages of the node. ages_ms: time from the stamp of an image to the receipt of its depth."""

    ages_ms: list[float] = field(default_factory=list)
    newest: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    diagnostics: int = 0
    unbalanced: list[str] = field(default_factory=list)
    errors: dict[str, None] = field(default_factory=dict)

    def __call__(self, received: Received) -> None:
        if received.topic == DEPTH:
            self.ages_ms.append((received.received_ns - received.stamp_ns) / 1e6)
        elif received.topic == DIAGNOSTICS:
            self.diagnostics += 1
            array = deserialize_message(received.data, DiagnosticArray)
            self.newest = {item.key: item.value for status in array.status for item in status.values}
            self.counts = counts_of(array)
            if not adds_up(self.counts):
                self.unbalanced.append(counts_text(self.counts))
            self.errors |= {status.message: None for status in array.status if status.level == status.ERROR}


@dataclass(frozen=True)
class Soaked:
    """The result of a run. times_s, samples: after the warm-up. sent: frames of the whole run."""

    times_s: Sequence[float]
    samples: Sequence[Footprint]
    spent_s: float
    sent: int
    heard: NodeOutputs


def fifths(values: Sequence[float]) -> list[float]:
    """Return the median of each fifth. Fewer than five values stand for several fifths."""
    return [float(np.median(values[len(values) * k // 5 :][: max(1, len(values) // 5)])) for k in range(5)]


def growth(samples: Sequence[Footprint]) -> float:
    """Return the growth of resident memory as a ratio: 0.01 is 1 %."""
    first, *_, last = fifths([sample.resident_mb for sample in samples])
    return last / first - 1.0


def slope_per_hour(times_s: Sequence[float], samples: Sequence[Footprint]) -> tuple[float, float]:
    """Return the growth an hour as a ratio, by least squares, and its standard error.

    Samples that are close in time are not independent, so the true error is larger.
    """
    values = np.array([sample.resident_mb for sample in samples])
    hours = np.asarray(times_s) / 3600.0
    hours -= hours.mean()
    spread = float((hours**2).sum())
    if len(values) < 3 or spread == 0.0:
        return 0.0, float("inf")
    slope = float((hours * (values - values.mean())).sum()) / spread
    residuals: NDArray[np.float64] = values - values.mean() - slope * hours
    error = float(np.sqrt((residuals**2).sum() / (len(values) - 2) / spread))
    return slope / float(values.mean()), error / float(values.mean())


def violations(soaked: Soaked) -> list[str]:
    """Return what a node that is to run for days may not do."""
    found = []
    grown = growth(soaked.samples)
    if grown > MAX_GROWTH:
        found.append(f"memory grew by {grown:.2%}, accepted is {MAX_GROWTH:.0%}")
    for name in ("threads", "descriptors"):
        first, *_, last = fifths([float(getattr(sample, name)) for sample in soaked.samples])
        if last > first:
            found.append(f"{name} grew from {first:.0f} to {last:.0f}")
    found += [f"counts do not add up: {text}" for text in soaked.heard.unbalanced[:3]]
    found += [f"the node reported an error: {text}" for text in list(soaked.heard.errors)[:3]]
    if len(soaked.heard.ages_ms) < 2:
        found.append(f"{len(soaked.heard.ages_ms)} depth images came")
    return found


def soak(options: argparse.Namespace, folder: Path) -> Soaked:
    """Run the node under a camera. Raises HarnessError if it died or did not answer."""
    prepare_environment()
    launch: Callable[..., NodeProcess] = NodeProcess
    parameters: dict[str, Any] = {"model": options.model, "backend": options.backend}
    if options.stand_in:
        parameters = {"model": str(write_artifact(folder / "stand_in")), "backend": BACKEND}
        launch = start_node
    if options.threads is not None:
        parameters["threads"] = options.threads
    if options.hints:
        parameters |= HINTS
    heard = NodeOutputs()
    times_s: list[float] = []
    samples: list[Footprint] = []
    process = launch(folder / "node.log", parameters)
    with process, NodeClient(process, camera_qos=qos_profile_sensor_data) as client:
        client.bring_up(OUTPUTS, heard)
        view = window(motorcycle(), 0.0)
        image = cv2.resize(view.image, (options.width, options.height), interpolation=cv2.INTER_AREA)
        messages = (
            image_message(np.asarray(image, np.uint8)),
            camera_info_message(view.camera.resized(options.width, options.height)),
        )
        sensor = Sensor(client, cloud_of(view, options.hints)) if options.hints else None
        limit_s = 60.0 * options.minutes
        warm_up_s = min(MAX_WARM_UP_S, limit_s / 3.0)
        period_s = max(0.5, limit_s / SAMPLES)
        start = time.monotonic()
        sent, now_s = 0, 0.0
        with tqdm(
            total=options.frames or round(limit_s), unit="frame" if options.frames else "s", mininterval=1.0
        ) as bar:
            while now_s < limit_s and not (options.frames and len(heard.ages_ms) >= options.frames):
                stamp_ns = time.time_ns()
                if sensor is not None:
                    sensor.measure(stamp_ns)
                client.publish(*messages, stamp_ns)
                sent += 1
                client.reached(lambda: False, start + sent / options.rate - time.monotonic())
                now_s = time.monotonic() - start
                bar.update((len(heard.ages_ms) if options.frames else int(now_s)) - bar.n)
                if now_s >= warm_up_s and (not times_s or now_s - times_s[-1] >= period_s):
                    times_s.append(now_s)
                    samples.append(Footprint.of(process.pid))
        if not samples:
            raise HarnessError(f"the run ended within the warm-up of {warm_up_s:.0f} s; give fewer --minutes")
        before = heard.diagnostics
        settled = partial(is_settled, heard, before)
        client.wait(settled, "diagnostics without a frame under way")
        client.shut_down()
    return Soaked(times_s, samples, now_s, sent, heard)


def is_settled(heard: NodeOutputs, before: int) -> bool:
    """Return True if two diagnostic messages have come since `before` and no frame is pending."""
    return heard.diagnostics > before + 1 and heard.counts.get("pending") == 0


def report(soaked: Soaked, options: argparse.Namespace) -> str:
    """Return the result as Markdown."""
    heard, values = soaked.heard, soaked.heard.newest
    ages = np.percentile(heard.ages_ms, (50, 95, 100)) if heard.ages_ms else np.full(3, np.nan)
    resident_mb = fifths([sample.resident_mb for sample in soaked.samples])
    slope, error = slope_per_hour(soaked.times_s, soaked.samples)
    measured_s = soaked.times_s[-1] - soaked.times_s[0]
    threads, descriptors = (
        [getattr(soaked.samples[index], name) for index in (0, -1)] for name in ("threads", "descriptors")
    )
    slope_text = f"{slope:+.2%} an hour (standard error {error:.2%}, from {len(soaked.samples)} samples)"
    if measured_s < SLOPE_S:
        slope_text = f"not computed for less than {SLOPE_S / 60:.0f} min"
    found = violations(soaked)
    setting = f"{options.width}x{options.height} at {options.rate:g} Hz for {soaked.spent_s / 60:.1f} min"
    grown = f"{growth(soaked.samples):+.2%} in {measured_s / 60:.1f} min after the warm-up"
    if options.hints:
        setting += f" with {options.hints} hints ({values.get('hints points', '?')})"
    lines = [
        f"{setting}; {values.get('model', '?').partition(' ')[0]}, {values.get('backend', '?')}",
        "",
        "| what | figure |",
        "|---|---|",
        f"| frames | {soaked.sent} sent, {counts_text(heard.counts)} |",
        f"| adds up | in {heard.diagnostics - len(heard.unbalanced)} of {heard.diagnostics} diagnostic messages |",
        f"| depth received | {len(heard.ages_ms)}, {len(heard.ages_ms) / soaked.spent_s:.1f} Hz |",
        f"| age of depth at its receipt | p50 {ages[0]:.0f} ms, p95 {ages[1]:.0f} ms, oldest {ages[2]:.0f} ms |",
        f"| resident memory | {resident_mb[0]:.1f} MB, then {resident_mb[-1]:.1f} MB: {grown} |",
        f"| its median in each fifth of the time | {', '.join(f'{mb:.1f}' for mb in resident_mb)} MB |",
        f"| slope | {slope_text} |",
        f"| threads | {threads[0]}, then {threads[1]} |",
        f"| descriptors | {descriptors[0]}, then {descriptors[1]} |",
        "| crashes | 0 |",
        "",
        *([f"VIOLATION: {text}" for text in found] or ["all within what is accepted"]),
    ]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program. Return 1 if there is a violation or the node died."""
    parse = argparse.ArgumentParser(description="Memory, threads, descriptors and counts of the node over a long run.")
    parse.add_argument("--minutes", type=float, default=30.0, help="how long (30)")
    parse.add_argument(
        "--frames", type=int, default=0, help="end when this many depth images have come, if that is sooner"
    )
    parse.add_argument("--rate", type=float, default=30.0, help="rate of the camera in Hz (30)")
    parse.add_argument("--width", type=int, default=640)
    parse.add_argument("--height", type=int, default=480)
    parse.add_argument("--model", default="nano", help="name of a shipped model, or path of an artifact (nano)")
    parse.add_argument("--stand-in", action="store_true", help="no model: a backend that computes depth from the image")
    parse.add_argument("--backend", default="ort")
    parse.add_argument("--threads", type=int)
    parse.add_argument("--hints", type=int, default=0, metavar="N", help="measured points for every image (0)")
    options = parse.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        try:
            soaked = soak(options, Path(folder))
        except HarnessError as error:
            print(f"soak: {error}", file=sys.stderr)
            return 1
    print(report(soaked, options))
    return int(bool(violations(soaked)))


if __name__ == "__main__":
    sys.exit(main())
