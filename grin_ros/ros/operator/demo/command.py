# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A real node on a real photograph over real DDS: what comes out, how true it is, and how long it takes.

The node runs as its own process; this one is the camera, the operator (lifecycle) and the consumer. It leaves
panel.png, points.ply, grin_demo.mcap, summary.json and node.log in a folder, and fails with a reason if one is missing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from numpy.typing import NDArray
from rclpy.qos import qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image, PointCloud2
from tqdm import tqdm

from grin_ros.core.command_line import DONE, CommandParser, fail
from grin_ros.core.inspection.metrics import measure
from grin_ros.ros.operator.demo.record import DIAGNOSTICS, Kept, Recorder, write_bag, write_ply
from grin_ros.ros.operator.demo.scene import motorcycle, window
from grin_ros.ros.operator.harness.client import LIMIT_S, NodeClient
from grin_ros.ros.operator.harness.environment import prepare_environment
from grin_ros.ros.operator.harness.messages import OUTPUTS, camera_info_message, image_message
from grin_ros.ros.operator.harness.process import HarnessError, NodeProcess

POINTS_STRIDE = 2  # a point for every second pixel in both directions: a quarter of the bytes, hardly less to see


class DemoError(RuntimeError):
    """Something that the demo must deliver is missing; the text says what."""


@dataclass(frozen=True)
class Summary:
    """summary.json. The first three are means over the kept frames, against the photograph's ground truth.

    Latency: from the publication of an image to the receipt of its depth. Dropped: sent, but no depth came back.
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
    artifact: str


def run(options: argparse.Namespace, module: str = "grin_ros.ros.node.single_camera") -> Summary:
    """The whole demo with the node in `module`; its files lie in options.out then. Raises HarnessError, DemoError."""
    prepare_environment()
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    parameters = {"model": options.model, "backend": options.backend, "points_stride": POINTS_STRIDE}
    parameters |= {key: getattr(options, key) for key in ("steps", "members") if getattr(options, key) is not None}
    recorder = Recorder()
    print(f"node: configure and activate (its log: {out / 'node.log'})", flush=True)
    process = NodeProcess(out / "node.log", parameters, module=module)
    with process, NodeClient(process, camera_qos=qos_profile_sensor_data) as client:
        started = time.monotonic()
        client.bring_up(OUTPUTS, recorder)
        print(f"node: active after {time.monotonic() - started:.1f} s", flush=True)
        publish(client, recorder, options.seconds, options.rate)
        client.shut_down()
        code = process.stop()
    if code:
        raise DemoError(f"the node ended with exit code {code}. Its last log lines:\n{process.tail()}")
    check_complete(recorder)
    print("figures, pictures and bag", flush=True)
    summary = summarise(recorder)
    (out / "summary.json").write_text(json.dumps(asdict(summary), indent=1) + "\n")
    write_files(out, recorder)
    return summary


def publish(client: NodeClient, recorder: Recorder, seconds: float, rate_hz: float) -> None:
    """Send the moving window at a steady rate, then wait for the last answers. Raises HarnessError if the node died."""
    photograph = motorcycle()
    depth = recorder.arrivals["depth/image"]
    start = time.monotonic()
    interval_s = 0.2 if sys.stderr.isatty() else 5.0  # in a log file, a line now and then
    with tqdm(total=round(seconds * rate_hz), unit="frame", desc="publishing", mininterval=interval_s) as bar:
        for index in range(bar.total):
            view = window(photograph, index / rate_hz)
            image, info = image_message(view.image), camera_info_message(view.camera)
            client.reached(lambda: False, start + index / rate_hz - time.monotonic())
            stamp_ns = time.time_ns()
            recorder.sent(stamp_ns, view)
            client.publish(image, info, stamp_ns)
            bar.set_postfix(answered=len(depth), refresh=False)
            bar.update()
        frames = [arrived for topic, arrived in recorder.arrivals.items() if topic != DIAGNOSTICS]
        client.reached(lambda: all(stamp_ns in arrived for arrived in frames), LIMIT_S)
        client.reached(lambda: bool(recorder.diagnostics), LIMIT_S)
        bar.set_postfix(answered=len(depth))


def check_complete(recorder: Recorder) -> None:
    """Raises DemoError that names the topics on which nothing came, or says that no frame came whole."""
    silent = [topic for topic, arrived in recorder.arrivals.items() if not arrived]
    if silent:
        raise DemoError(f"nothing came on {', '.join(silent)} in answer to {recorder.frames_sent} frames; see node.log")
    if not recorder.complete():
        raise DemoError("no frame came back with all of its outputs; see node.log")


def summarise(recorder: Recorder) -> Summary:
    """All figures of a complete run. Raises DemoError where the depth has no valid pixel on the ground truth."""
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
        artifact=f"{values['model'].partition(' (')[0]} {values['artifact']}",  # without the folder it lies in
    )


def depth_and_sigma(kept: Kept) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """depth/image and depth/sigma of a frame, (H, W) metres each."""
    depth, sigma = (deserialize_message(kept.outputs[f"depth/{name}"].data, Image) for name in ("image", "sigma"))
    for message in (depth, sigma):
        if message.encoding != "32FC1" or message.step != 4 * message.width:
            got = f"{message.encoding} with {message.step} bytes a row"
            raise DemoError(f"depth: got {got}, expected 32FC1 without padding")
    shape = (depth.height, depth.width)
    return np.frombuffer(depth.data, np.float32).reshape(shape), np.frombuffer(sigma.data, np.float32).reshape(shape)


def diagnostic_values(recorder: Recorder) -> dict[str, str]:
    """Key -> value of the newest diagnostics that were sent while the node was active and knew its camera."""
    values: dict[str, str] = {}
    for received in recorder.diagnostics:
        for status in deserialize_message(received.data, DiagnosticArray).status:
            values |= {item.key: item.value for item in status.values}
    return values


def write_files(out: Path, recorder: Recorder) -> None:
    """panel.png and points.ply of the frame in the middle of the run, and the bag. Imports matplotlib and rosbags."""
    from grin_ros.core.inspection.panel import panel

    frames = list(recorder.complete().values())
    middle = frames[len(frames) // 2]
    depth_m, sigma_m = depth_and_sigma(middle)
    panel(middle.view.image, depth_m, sigma_m, middle.view.depth_m, out / "panel.png")
    points = write_ply(out / "points.ply", deserialize_message(middle.outputs["points"].data, PointCloud2))
    if not points:
        raise DemoError("points: the cloud has no valid point; see node.log")
    write_bag(out / "grin_demo.mcap", recorder)


def table(summary: Summary) -> str:
    """What the demo prints in the end."""
    rows = (
        ("AbsRel", f"{summary.abs_rel:.3f}", "mean |depth - truth| / truth"),
        ("delta1", f"{summary.delta1:.3f}", "share of the pixels within a factor 1.25 of the truth"),
        ("sigma coverage", f"{summary.coverage_1sigma:.3f}", "share within 1 sigma of the truth; calibrated is 0.68"),
        (
            "latency",
            f"{summary.latency_p50_ms:.0f} / {summary.latency_p95_ms:.0f} ms",
            "p50 / p95, publication of an image to receipt of its depth",
        ),
        ("rate", f"{summary.rate_hz:.1f} Hz", "depth images received"),
        (
            "frames",
            f"{summary.frames_received} / {summary.frames_sent}",
            f"received / sent; {summary.frames_dropped} dropped: the node takes the newest only",
        ),
        ("backend", summary.backend, ""),
        ("artifact", summary.artifact, ""),
    )
    width = max(len(value) for _, value, note in rows if note)
    return "\n".join(f"  {name:<15}{value:<{width}}  {note}".rstrip() for name, value, note in rows)


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin demo`."""
    made = CommandParser(
        "demo",
        "Run a photograph through the node over DDS, and compare the depth with its ground truth.",
        "grin demo --seconds 5 --members 4",
        notes="The results are panel.png, points.ply, grin_demo.mcap, summary.json and node.log.",
    )
    made.add_argument("--seconds", default=15.0, type=float, help="how long to publish")
    made.add_argument("--rate", default=10.0, type=float, help="frames a second")
    made.add_argument("--out", type=Path, default=Path("demo_output"), help="folder of the results")
    made.add_argument("--model", default="nano", help="name of a shipped model, or folder of an artifact")
    made.add_argument("--backend", default="ort", help="what runs the network")
    made.add_argument("--steps", type=int, help="denoising steps (default: the node's)")
    made.add_argument("--members", type=int, help="ensemble size (default: the node's)")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin demo`, and return its exit code."""
    made = parser()
    options = made.parse_args(argv)
    if not (options.seconds > 0.0 and 0.0 < options.rate <= 1000.0 and options.seconds * options.rate >= 1.0):
        made.error("--seconds and --rate must be positive and give at least one frame")
    try:
        summary = run(options)
    except (HarnessError, DemoError, OSError) as error:
        return fail("demo", error)
    print(f"\n{table(summary)}\n\nin {options.out}: panel.png, points.ply, grin_demo.mcap (for Foxglove), summary.json")
    return DONE
