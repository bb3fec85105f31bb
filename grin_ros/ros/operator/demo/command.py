# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin demo`: run a photograph through the node over DDS, and compare the depth with its ground truth.

The node is a process of its own; this process is its camera, its operator and its subscriber. The results are
panel.png, points.ply, grin_demo.mcap, summary.json and node.log; the demo fails with a reason if one is missing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rclpy.qos import qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import PointCloud2
from tqdm import tqdm

from grin_ros.core import remedies
from grin_ros.core.command_line import DONE, CommandParser, fail, new_folder, positive, whole
from grin_ros.ros.operator.clouds import write_ply
from grin_ros.ros.operator.demo.record import Recorder, write_bag
from grin_ros.ros.operator.demo.scene import motorcycle, window
from grin_ros.ros.operator.demo.summary import DemoError, Summary, depth_and_sigma, summarise, table
from grin_ros.ros.operator.harness.client import LIMIT_S, NodeClient
from grin_ros.ros.operator.harness.environment import prepare_environment
from grin_ros.ros.operator.harness.messages import OUTPUTS, camera_info_message, image_message
from grin_ros.ros.operator.harness.process import HarnessError, NodeProcess

POINTS_STRIDE = 2
"""The cloud has a point for every second pixel in both directions: a quarter of the bytes, and hardly less to see."""


def run(options: argparse.Namespace, module: str = "grin_ros.ros.node.single_camera") -> Summary:
    """Run the demo with the node of `module`, write its files to options.out, and return the figures.

    Raises HarnessError or DemoError.
    """
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
    """Send the moving window at a steady rate, then wait for the last answers. Raises HarnessError if the node died.

    The first frame is answered before the others follow, so that it is in every run: the panel shows it.
    """
    photograph = motorcycle()
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
            if index == 0:
                client.reached(partial(recorder.answered, stamp_ns), LIMIT_S)
                start = time.monotonic()
            bar.set_postfix(answered=len(recorder.arrivals["depth/image"]), refresh=False)
            bar.update()
        client.reached(partial(recorder.answered, stamp_ns), LIMIT_S)
        client.reached(lambda: bool(recorder.diagnostics), LIMIT_S)
        bar.set_postfix(answered=len(recorder.arrivals["depth/image"]))


def check_complete(recorder: Recorder) -> None:
    """Raise DemoError if nothing came on a topic, or if no frame came back with all of its outputs."""
    silent = [topic for topic, arrived in recorder.arrivals.items() if not arrived]
    if silent:
        raise DemoError(f"nothing came on {', '.join(silent)} in answer to {recorder.frames_sent} frames; see node.log")
    if not recorder.complete():
        raise DemoError("no frame came back with all of its outputs; see node.log")


def write_files(out: Path, recorder: Recorder) -> None:
    """Write panel.png and points.ply of the first frame, and the bag. Imports matplotlib and rosbags."""
    from grin_ros.core.inspection.panel import panel

    first = next(iter(recorder.complete().values()))
    depth_m, sigma_m = depth_and_sigma(first)
    panel(first.view.image, depth_m, sigma_m, first.view.depth_m, out / "panel.png", with_truth=True)
    if not write_ply(out / "points.ply", deserialize_message(first.outputs["points"].data, PointCloud2)):
        raise DemoError("points: the cloud has no valid point; see node.log")
    write_bag(out / "grin_demo.mcap", recorder)


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin demo`."""
    made = CommandParser(
        "demo",
        "Run a photograph through the node over DDS, and compare the depth with its ground truth.",
        "grin demo --seconds 5 --members 4",
        notes="The results are panel.png, points.ply, grin_demo.mcap, summary.json and node.log.",
    )
    made.add_argument("--seconds", default=15.0, type=positive, help="how long to publish")
    made.add_argument("--rate", default=10.0, type=positive, help="frames a second")
    made.add_argument("--out", type=new_folder, default=Path("demo_output"), help="folder of the results")
    made.add_argument("--model", default="nano", help="name of a shipped model, or folder of an artifact")
    made.add_argument("--backend", default="auto", help="the backend that runs the network")
    made.add_argument("--steps", type=whole(1), help="denoising steps (default: the node's)")
    made.add_argument("--members", type=whole(1), help="ensemble size (default: the node's)")
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
    if shell := remedies.activate():
        print(f"for a shell in which `grin` works, type: {shell}")
    return DONE
