# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Measure what motion adds to the latency of the node: another process sends images and odometry over DDS.

    python benchmarks/node_motion.py                 a 5 Hz camera that moves along a wall, 6 blocks of 20 s
    python benchmarks/node_motion.py --threads 1     the network has one core, motion the others

A node without and a node with motion answer the same images in turn, each for a block. End to end is from the
publication of an image to the receipt of its depth. Odometry is published for every image in both.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from nav_msgs.msg import Odometry
from rclpy.qos import qos_profile_sensor_data
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.moving.latency import CAMERA, wall  # noqa: E402
from benchmarks.node_latency import DEPTH, Collected, processor  # noqa: E402
from grin_ros.core.geometry.transform import Transform  # noqa: E402
from grin_ros.ros.operator.harness.client import LIMIT_S, NodeClient  # noqa: E402
from grin_ros.ros.operator.harness.environment import prepare_environment  # noqa: E402
from grin_ros.ros.operator.harness.messages import (  # noqa: E402
    FRAME_ID,
    OUTPUTS,
    camera_info_message,
    image_message,
    with_stamp,
)
from grin_ros.ros.operator.harness.process import HarnessError, NodeProcess  # noqa: E402

IMAGES = 150
"""The camera moves there and back along so many images."""
WITHOUT, WITH = "without", "with motion"


class Robot:
    """Sends images, and the poses that belong to them."""

    def __init__(self, client: NodeClient) -> None:
        self._client = client
        self._odometry: Any = client.ros.create_publisher(Odometry, "motion/odometry", 10)
        self._info = camera_info_message(CAMERA)
        seen = [(image_message(image), pose) for image, pose in wall(IMAGES)]
        self._seen = [*seen, *seen[-2:0:-1]]
        self._index = 0

    def send(self, stamp_ns: int) -> None:
        """Send the next image, and its pose before it."""
        image, pose = self._seen[self._index % len(self._seen)]
        self._index += 1
        self._odometry.publish(with_stamp(odometry(pose), stamp_ns))
        self._client.publish(image, self._info, stamp_ns)


def odometry(pose: Transform) -> Odometry:
    """Return the pose of the optical frame in the frame odom."""
    made = Odometry(child_frame_id=FRAME_ID)
    made.header.frame_id = "odom"
    place, turn = made.pose.pose.position, made.pose.pose.orientation
    place.x, place.y, place.z = pose.translation_m.tolist()
    turn.x, turn.y, turn.z, turn.w = pose.quaternion.tolist()
    return made


def measured(options: argparse.Namespace, log: Path) -> tuple[dict[str, list[float]], str]:
    """Return the latencies in milliseconds without and with motion, and what the node said of motion at the end."""
    prepare_environment()
    latency_ms: dict[str, list[float]] = {WITHOUT: [], WITH: []}
    said = ""
    for block in tqdm(range(options.blocks), unit="block"):
        kind = WITH if block % 2 else WITHOUT
        values, text = block_of(options, log, kind == WITH)
        latency_ms[kind] += values
        said = text or said
    return latency_ms, said


def block_of(options: argparse.Namespace, log: Path, motion: bool) -> tuple[list[float], str]:
    """Run a node for one block. Raises HarnessError if it does not answer."""
    parameters = {"model": options.model, "backend": options.backend, "threads": options.threads}
    given = {key: value for key, value in parameters.items() if value is not None} | {"hints.motion": motion}
    process, collected = NodeProcess(log, given), Collected()
    with process, NodeClient(process, camera_qos=qos_profile_sensor_data) as client:
        client.bring_up(OUTPUTS, collected)
        stamps = drive(client, Robot(client), options)
        client.reached(partial(collected.answered, stamps[-1]), LIMIT_S)
        arrived = collected.arrivals.get(DEPTH, {})
        found = [(arrived[stamp] - stamp) / 1e6 for stamp in stamps if stamp in arrived]
        said = client.value("hints motion")
        client.shut_down()
    if not found:
        raise HarnessError(f"No image was answered; the log of the node:\n{process.tail()}")
    return found, said


def drive(client: NodeClient, robot: Robot, options: argparse.Namespace) -> list[int]:
    """Send images for one block; return the stamps after the warm-up."""
    start = time.monotonic()
    stamps: list[int] = []
    for index in range(round(options.rate * (options.warm_up + options.seconds))):
        client.reached(lambda: False, start + index / options.rate - time.monotonic())
        stamp_ns = time.time_ns()
        robot.send(stamp_ns)
        if index >= options.rate * options.warm_up:
            stamps.append(stamp_ns)
    return stamps


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program, and return its exit code."""
    parse = argparse.ArgumentParser(description="Latency of the node with motion against that without.")
    parse.add_argument("--seconds", type=float, default=20.0, help="how long a block is (20)")
    parse.add_argument("--warm-up", type=float, default=3.0, help="seconds before that, not counted (3)")
    parse.add_argument("--blocks", type=int, default=6, help="in turn without and with motion (6)")
    parse.add_argument("--rate", type=float, default=5.0, help="rate of the camera in Hz (5)")
    parse.add_argument("--model", default="nano")
    parse.add_argument("--backend", default="ort")
    parse.add_argument("--threads", type=int)
    options = parse.parse_args(argv)
    machine = processor()
    with tempfile.TemporaryDirectory() as folder:
        try:
            latency_ms, said = measured(options, Path(folder) / "node.log")
        except HarnessError as error:
            print(f"node_motion: {error}", file=sys.stderr)
            return 1
    print(f"640x480, {options.rate:g} Hz camera, {options.threads or 'default'} threads; {machine}\n")
    print("| node | frames | p50 (ms) | p95 (ms) |\n|---|---:|---:|---:|")
    found = {kind: np.percentile(values, (50, 95)) for kind, values in latency_ms.items()}
    for kind, (p50, p95) in found.items():
        print(f"| {kind} | {len(latency_ms[kind])} | {p50:.1f} | {p95:.1f} |")
    p50, p95 = found[WITH] / found[WITHOUT] - 1.0
    print(f"\nMotion adds {p50:+.0%} to the median and {p95:+.0%} to the 95th percentile. It said: {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
