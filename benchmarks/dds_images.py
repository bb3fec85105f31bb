# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Count how many large images arrive over Fast DDS, with the shipped profile and without.

    python benchmarks/dds_images.py            into a subscription like the node's, and into the node itself
    python benchmarks/dds_images.py --no-node  the first only

The images are 1280x720 rgb8 at 30 Hz, best effort, from one process to another. The profiles take turns, so that other
load on the machine affects both. Latency is from just before publish() to the callback of the subscription. The result
is printed as Markdown; the exit code is 1 if less than 99 % arrive with the shipped profile.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image
from tqdm import tqdm

from grin_ros.core.geometry.camera import Camera
from grin_ros.ros.dds_profile import PROFILE_VARIABLES, SWITCH, dds_profile, profile_variables
from grin_ros.ros.operator.harness.client import NodeClient
from grin_ros.ros.operator.harness.environment import prepare_environment
from grin_ros.ros.operator.harness.messages import Received, camera_info_message, image_message, with_stamp
from grin_ros.ros.operator.harness.process import NodeProcess

PROFILES = ("shipped", "default")
RECEIVERS = {"subscription": "a subscription like the node's", "node": "the node, which works on them"}
WARM_UP = 15
"""The first frames are not counted, because the two ends may still be connecting."""
ENOUGH = 0.99
"""The share of images that has to arrive with the shipped profile."""
CONNECT_S = 30.0


def receive(depth: int) -> None:
    """Subscribe as the node does until stdin ends, then print [stamp, latency] in nanoseconds as JSON."""
    rclpy.init()
    node = Node("dds_images_receiver", start_parameter_services=False)
    arrived: list[tuple[int, int]] = []

    def note(image: Image) -> None:
        now_ns = time.time_ns()
        stamp_ns = image.header.stamp.sec * 10**9 + image.header.stamp.nanosec
        arrived.append((stamp_ns, now_ns - stamp_ns))

    newest = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=ReliabilityPolicy.BEST_EFFORT)
    node.create_subscription(Image, "image", note, newest)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    ended = threading.Event()

    def await_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=await_end, daemon=True).start()
    while not ended.is_set():
        executor.spin_once(timeout_sec=0.2)
    print(json.dumps(arrived))


def send(options: argparse.Namespace, publish: Callable[[Image, int], None]) -> list[int]:
    """Publish images at the rate of the camera, and return the stamps that count. publish: takes image and stamp."""
    pixels = np.random.default_rng(0).integers(0, 256, (options.height, options.width, 3), np.uint8)
    message = image_message(pixels)
    stamps = []
    start = time.monotonic()
    for index in range(WARM_UP + options.frames):
        time.sleep(max(0.0, start + index / options.rate - time.monotonic()))
        stamp_ns = time.time_ns()
        publish(message, stamp_ns)
        if index >= WARM_UP:
            stamps.append(stamp_ns)
    return stamps


def rate_hz(stamps: Sequence[int]) -> float:
    """Return the rate that the sender reached. If it is below that of the camera, the figures are of no use."""
    return (len(stamps) - 1) / ((stamps[-1] - stamps[0]) / 1e9)


def into_subscription(options: argparse.Namespace) -> dict[str, Any]:
    """Send to a bare subscription; return rate_hz, sent, received and latencies_ms. Raises RuntimeError."""
    command = [sys.executable, __file__, "--role", "receive", "--depth", str(options.depth)]
    receiver = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    rclpy.init()
    node = Node("dds_images_sender", start_parameter_services=False)
    publisher = node.create_publisher(Image, "image", qos_profile_sensor_data)
    deadline = time.monotonic() + CONNECT_S
    while not publisher.get_subscription_count():
        if time.monotonic() > deadline or receiver.poll() is not None:
            raise RuntimeError("the receiving process did not connect")
        time.sleep(0.02)
    stamps = send(options, lambda image, stamp_ns: publisher.publish(with_stamp(image, stamp_ns)))
    time.sleep(1.0)  # the last images may still be on their way
    out, _ = receiver.communicate("", timeout=CONNECT_S)
    counted = set(stamps)
    latencies_ms = [latency_ns / 1e6 for stamp_ns, latency_ns in json.loads(out) if stamp_ns in counted]
    return {
        "rate_hz": rate_hz(stamps),
        "sent": len(stamps),
        "received": len(latencies_ms),
        "latencies_ms": latencies_ms,
    }


def into_node(options: argparse.Namespace) -> dict[str, Any]:
    """Send to the node, which works on the newest image and drops the others; return rate_hz, sent and received."""
    newest: dict[str, str] = {}
    came = [0]

    def hear(received: Received) -> None:
        if received.topic == "/diagnostics":
            (status,) = deserialize_message(received.data, DiagnosticArray).status
            newest.update({item.key: item.value for item in status.values})
            came[0] += 1

    topics = {"/diagnostics": DiagnosticArray, "depth/image": Image}
    info = camera_info_message(Camera(options.width, options.height, 900.0, 900.0, 639.5, 359.5))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "node.log"
        parameters = {"model": options.model, "backend": options.backend, "diagnostics_period_s": 0.2}
        parameters["qos_overrides./image.subscription.depth"] = options.depth
        process = NodeProcess(log, parameters)
        with process, NodeClient(process, camera_qos=qos_profile_sensor_data) as client:
            client.bring_up(topics, hear)
            stamps = send(options, lambda image, stamp_ns: client.publish(image, info, stamp_ns))
            time.sleep(1.0)  # the last images may still be on their way
            before = came[0]
            client.wait(lambda: came[0] > before + 1, "diagnostics")
            client.shut_down()
    received = int(newest["received"])
    sent = WARM_UP + len(stamps)
    return {"rate_hz": rate_hz(stamps), "sent": sent, "received": received, "latencies_ms": []}


def one_round(profile: str, receiver: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run one round in new processes, because Fast DDS reads its profile once a process. Raises RuntimeError."""
    environment = {key: value for key, value in os.environ.items() if key not in PROFILE_VARIABLES}
    if profile == "shipped":
        environment |= dict.fromkeys(profile_variables(environment), str(dds_profile()))
    else:
        environment[SWITCH] = "false"  # or the node would set the profile by itself
    names = ("frames", "rate", "width", "height", "depth", "model", "backend")
    given = [text for name in names for text in (f"--{name}", str(getattr(options, name)))]
    command = [sys.executable, __file__, "--role", receiver, *given]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{profile} profile, {receiver}: {done.stderr[-1500:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program. Return 1 if too little arrived with the shipped profile, or if a process failed."""
    parse = argparse.ArgumentParser(description="Large images over Fast DDS, with the shipped profile and without.")
    parse.add_argument("--frames", type=int, default=300, help="images of a round (300)")
    parse.add_argument("--rounds", type=int, default=2, help="rounds with each profile (2)")
    parse.add_argument("--rate", type=float, default=30.0, help="rate in Hz (30)")
    parse.add_argument("--width", type=int, default=1280)
    parse.add_argument("--height", type=int, default=720)
    parse.add_argument("--depth", type=int, default=1, help="depth of the subscription's queue (1, the node's default)")
    parse.add_argument("--no-node", action="store_true", help="send to a bare subscription only")
    parse.add_argument("--model", default="nano")
    parse.add_argument("--backend", default="ort")
    parse.add_argument(
        "--role", choices=("receive", *RECEIVERS), help=argparse.SUPPRESS
    )  # for the processes that this program starts
    options = parse.parse_args(argv)
    if options.role == "receive":
        receive(options.depth)
        return 0
    if options.role:
        print(json.dumps((into_node if options.role == "node" else into_subscription)(options)))
        return 0
    prepare_environment()
    receivers = [name for name in RECEIVERS if name != "node" or not options.no_node]
    rounds = [(receiver, profile) for _ in range(options.rounds) for receiver in receivers for profile in PROFILES]
    results: dict[tuple[str, str], list[dict[str, Any]]] = {each: [] for each in rounds}
    try:
        for each in tqdm(rounds, unit="round"):
            receiver, profile = each
            results[each].append(one_round(profile, receiver, options))
    except RuntimeError as error:
        print(f"dds_images: {error}", file=sys.stderr)
        return 1
    setting = f"{options.width}x{options.height} rgb8 at {options.rate:g} Hz, best effort"
    print(f"{setting}, {options.rounds} x {options.frames} images; {os.cpu_count()} cores\n")
    print("| into | profile | sent (Hz) | received | p50 latency (ms) | p95 (ms) |\n|---|---|---:|---:|---:|---:|")
    enough = True
    for (receiver, profile), each_round in results.items():
        share = sum(result["received"] for result in each_round) / sum(result["sent"] for result in each_round)
        latencies_ms = [value for result in each_round for value in result["latencies_ms"]]
        figures = [f"{value:.1f}" for value in np.percentile(latencies_ms, (50, 95))] if latencies_ms else ["", ""]
        sent_hz = min(result["rate_hz"] for result in each_round)
        print(f"| {RECEIVERS[receiver]} | {profile} | {sent_hz:.1f} | {share:.1%} | {' | '.join(figures)} |")
        enough &= profile != "shipped" or share >= ENOUGH
    return int(not enough)


if __name__ == "__main__":
    sys.exit(main())
