# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A recorded drive of a camera, a job for it, and the content of a bag."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import CompressionMode
from sensor_msgs.msg import CameraInfo, Image

from benchmarks.stand_in.camera import info_message, picture
from benchmarks.stand_in.engine import BACKEND
from grin_ros.ros.bags.messages import serialize
from grin_ros.ros.bags.run import Job
from grin_ros.ros.message_types import type_name
from grin_ros.ros.operator.harness.messages import image_message
from grin_ros.ros.parameters.row import Value
from tests.ros.bags.recorded import TEXT, texts, write

START_NS = 2_000_000_000_000
STEP_NS = 50_000_000
FRAMES = 8

Raw = tuple[str, str, int, bytes]


def log_ns(number: int) -> int:
    """Return the log time of the frame with this number; its stamp is another time."""
    return START_NS + number * STEP_NS


def recorded(number: int, camera: str = "/front", pixels: Any = None) -> list[Raw]:
    """Return an image, its camera_info and another message, in an order that a recorder may write."""
    image = image_message(picture(number) if pixels is None else pixels, 100 + number)
    image.header.stamp.nanosec = 7 * number + 1
    info = info_message()
    info.header.stamp = image.header.stamp
    time_ns = log_ns(number)
    return [
        (f"{camera}/image_raw", type_name(Image), time_ns, serialize(image)),
        (f"{camera}/camera_info", type_name(CameraInfo), time_ns + 1, serialize(info)),
        ("/a", TEXT, time_ns + 2, texts(1)[0][3]),
    ]


def drive(
    path: Path, frames: int = FRAMES, storage: str = "mcap", compression: CompressionMode = CompressionMode.NONE
) -> Path:
    return write(path, [raw for number in range(frames) for raw in recorded(number)], storage, compression)


def job_of(source: Path, output: Path, artifact: Path, **options: Any) -> Job:
    parameters: dict[str, Value] = {
        "model": str(artifact),
        "backend": BACKEND,
        "publish_points": True,
        "publish_mm": True,
    }
    return Job(str(source), str(output), parameters, **options)


def content(path: Path) -> list[Raw]:
    """Return all messages of a whole bag, read by rosbags alone."""
    assert (path / "metadata.yaml").is_file()
    with AnyReader([path]) as reader:
        return [(c.topic, c.msgtype, time_ns, bytes(data)) for c, time_ns, data in reader.messages()]


def of_topic(messages: Sequence[Raw], topic: str) -> list[tuple[int, bytes]]:
    return [(time_ns, data) for name, _, time_ns, data in messages if name == topic]
