# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin replay` in a process of its own: a subscriber in another process receives the recorded messages and a clock."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from rosbags.interfaces import Qos, QosDurability, QosReliability
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image

from benchmarks.stand_in.camera import info_message, picture
from grin_ros.ros.bags import replay
from grin_ros.ros.bags.messages import serialize
from grin_ros.ros.bags.reading import Bag
from grin_ros.ros.message_types import message_class, type_name
from grin_ros.ros.operator.harness.client import NodeClient
from grin_ros.ros.operator.harness.messages import image_message
from tests.ros import ROOT
from tests.ros.bags.recorded import TEXT, qos, storage_file, texts, write

IMAGE, INFO = "/front/image_raw", "/front/camera_info"
START_NS = 5_000_000_000
STEP_NS = 20_000_000
FRAMES = 10


def drive(path: Path, offered: tuple[Qos, ...] = ()) -> Path:
    messages = []
    for number in range(FRAMES):
        time_ns = START_NS + number * STEP_NS
        messages += [
            (INFO, type_name(CameraInfo), time_ns, serialize(info_message())),
            (IMAGE, type_name(Image), time_ns + 1, serialize(image_message(picture(number), 100 + number))),
            ("/a", TEXT, time_ns + 2, texts(1)[0][3]),
        ]
    return write(path, messages, qos=offered)


def start(path: Path, *options: str) -> subprocess.Popen[str]:
    variables = {name: value for name, value in os.environ.items() if name != "_ROS_WHEELS_BOOTSTRAP_COMPLETE"}
    command = [sys.executable, "-m", "grin_ros.cli", "replay", str(path), "--wait", IMAGE, "/clock", *options]
    return subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def client() -> Iterator[NodeClient]:
    made = NodeClient(None)
    made.subscribe(IMAGE, Image)
    made.subscribe("/clock", Clock)
    yield made
    made.close()


def test_a_subscriber_hears_the_bag_and_the_clock(tmp_path: Path, client: NodeClient) -> None:
    player = start(drive(tmp_path / "bag"), "--topics", IMAGE)
    client.wait(lambda: len(client.received[IMAGE]) == FRAMES, "all images")
    out, err = player.communicate(timeout=30.0)
    assert (player.returncode, out, err) == (0, f"{FRAMES} messages published\n", "")
    for number, image in enumerate(client.received[IMAGE]):
        assert image == image_message(picture(number), 100 + number), "bytes, stamp and frame_id as recorded"
    told_ns = [m.clock.sec * 10**9 + m.clock.nanosec for m in client.received["/clock"]]
    assert told_ns == sorted(told_ns)
    assert told_ns[-1] == START_NS + (FRAMES - 1) * STEP_NS + 1


def test_a_loop_ends_with_ctrl_c_and_damage_is_reported(tmp_path: Path, client: NodeClient) -> None:
    path = drive(tmp_path / "bag")
    with storage_file(path).open("r+b") as stream:
        stream.truncate(storage_file(path).stat().st_size * 3 // 4)
    player = start(path, "--loop", "--rate", "5")
    images = client.received[IMAGE]
    client.wait(lambda: sum(image.header.stamp.sec == 100 for image in images) >= 2, "the first image again")
    player.send_signal(2)
    _, err = player.communicate(timeout=30.0)
    assert "ends within a record" in err
    assert "Traceback" not in err


class Sleepless:
    """A node that notes all that is published, and does not wait."""

    def __init__(self) -> None:
        self.context = self
        self.published: list[tuple[str, Any]] = []
        self.offered: dict[str, Any] = {}

    def ok(self) -> bool:
        return True

    def create_publisher(self, _: Any, topic: str, profile: Any) -> Any:
        self.offered[topic] = profile
        node = self

        class Publisher:
            def publish(self, message: Any) -> None:
                node.published.append((topic, message))

        return Publisher()


def test_rate_and_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node, slept_s = Sleepless(), [0.0]
    monkeypatch.setattr("time.sleep", lambda s: slept_s.append(slept_s.pop() + s))
    player = replay.Player(node, Bag(drive(tmp_path / "bag")), [IMAGE])  # type: ignore[arg-type]
    assert player.play(2.0, 0.1, now=lambda: slept_s[0]) == FRAMES / 2
    assert slept_s[0] == pytest.approx((FRAMES - 6) * STEP_NS / 1e9 / 2.0, abs=1e-3)
    assert [topic for topic, _ in node.published if topic != "/clock"] == [IMAGE] * (FRAMES // 2)


def test_latched_messages_are_published_at_a_later_start_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node, slept_s = Sleepless(), [0.0]
    monkeypatch.setattr("time.sleep", lambda s: slept_s.append(slept_s.pop() + s))
    latched = qos(QosReliability.RELIABLE, QosDurability.TRANSIENT_LOCAL)
    player = replay.Player(node, Bag(drive(tmp_path / "bag", latched)), [IMAGE])  # type: ignore[arg-type]
    assert player.play(1.0, 0.1, now=lambda: slept_s[0]) == FRAMES
    at_once = [topic for topic, _ in node.published[: FRAMES // 2]]
    assert at_once == [IMAGE] * (FRAMES // 2), "before the clock tells a time"
    assert slept_s[0] == pytest.approx((FRAMES - 6) * STEP_NS / 1e9, abs=1e-3)


@pytest.mark.parametrize(
    ("offered", "reliability", "durability"),
    [
        ((), ReliabilityPolicy.RELIABLE, DurabilityPolicy.VOLATILE),
        (qos(QosReliability.BEST_EFFORT), ReliabilityPolicy.BEST_EFFORT, DurabilityPolicy.VOLATILE),
        (
            qos(QosReliability.RELIABLE, QosDurability.TRANSIENT_LOCAL),
            ReliabilityPolicy.RELIABLE,
            DurabilityPolicy.TRANSIENT_LOCAL,
        ),
    ],
)
def test_qos_is_what_was_offered(
    tmp_path: Path, offered: tuple[Qos, ...], reliability: ReliabilityPolicy, durability: DurabilityPolicy
) -> None:
    node = Sleepless()
    replay.Player(node, Bag(drive(tmp_path / "bag", offered)))  # type: ignore[arg-type]
    profile = node.offered[IMAGE]
    assert (profile.reliability, profile.durability) == (reliability, durability)
    assert profile.depth == (7 if offered else 10)


def test_missing_types_and_topics_are_named(tmp_path: Path) -> None:
    assert message_class("sensor_msgs/msg/Image") is Image
    assert message_class("sensor_msgs/msg/Picture") is None
    assert message_class("somebodys_msgs/msg/Thing") is None
    bag = Bag(drive(tmp_path / "bag"))
    with pytest.raises(ValueError, match=r"no topic /nothing; it has /a, /front/camera_info"):
        replay.Player(Sleepless(), bag, ["/nothing"])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="/a is not published"):
        replay.Player(Sleepless(), bag, [IMAGE]).wait_for_subscribers(["/a"])  # type: ignore[arg-type]
