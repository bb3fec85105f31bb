# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin replay` in a process of its own: a subscriber in another process receives the recorded messages and a clock."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from rosbags.interfaces import Qos, QosDurability, QosReliability
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image

from benchmarks.stand_in.camera import info_message, picture
from grin_ros.ros.bags import replay
from grin_ros.ros.bags.before_start import BeforeStart
from grin_ros.ros.bags.messages import serialize
from grin_ros.ros.bags.reading import Bag
from grin_ros.ros.message_types import message_class, type_name
from grin_ros.ros.operator.harness.client import NodeClient
from grin_ros.ros.operator.harness.messages import image_message
from tests.ros import ROOT
from tests.ros.bags.recorded import STORE, TEXT, qos, storage_file, texts, write
from tests.ros.bags.sleepless import SleeplessNode

IMAGE, INFO = "/front/image_raw", "/front/camera_info"
TF = "tf2_msgs/msg/TFMessage"
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
    said = f"{FRAMES} messages published\n  {IMAGE}: {FRAMES} to 1 subscriber\n"
    assert (player.returncode, out, err) == (0, said, "")
    for number, image in enumerate(client.received[IMAGE]):
        assert image == image_message(picture(number), 100 + number), "bytes, stamp and frame_id as recorded"
    told_ns = [m.clock.sec * 10**9 + m.clock.nanosec for m in client.received["/clock"]]
    assert told_ns == sorted(told_ns)
    end_ns = START_NS + (FRAMES - 1) * STEP_NS + 1
    assert end_ns - replay.CLOCK_APART_NS < told_ns[-1] <= end_ns


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


def test_rate_and_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node, slept_s = SleeplessNode(), [0.0]
    monkeypatch.setattr("time.sleep", lambda s: slept_s.append(slept_s.pop() + s))
    player = replay.Player(node, Bag(drive(tmp_path / "bag")), [IMAGE])  # type: ignore[arg-type]
    assert player.play(2.0, 0.1, now=lambda: slept_s[0]) == FRAMES / 2
    assert slept_s[0] == pytest.approx((FRAMES - 6) * STEP_NS / 1e9 / 2.0, abs=1e-3)
    assert [topic for topic, _ in node.published if topic != "/clock"] == [IMAGE] * (FRAMES // 2)


def test_dense_messages_do_not_come_with_a_clock_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node, slept_s = SleeplessNode(), [0.0]
    monkeypatch.setattr("time.sleep", lambda s: slept_s.append(slept_s.pop() + s))
    bag = write(tmp_path / "bag", texts(500, step_ns=1_000_000))
    player = replay.Player(node, Bag(bag))  # type: ignore[arg-type]
    for _ in range(2):  # the second time, time goes back
        node.published.clear()
        player.play(now=lambda: slept_s[0])
        told_ns = [m.clock.sec * 10**9 + m.clock.nanosec for topic, m in node.published if topic == "/clock"]
        steps_ns = np.diff(told_ns)
        assert steps_ns.min() >= replay.CLOCK_APART_NS and steps_ns.max() <= replay.CLOCK_PERIOD_S * 1e9
        assert node.published[0][0] == "/clock" and len(node.published) == len(told_ns) + 500


def test_latched_messages_are_published_at_a_later_start_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node, slept_s = SleeplessNode(), [0.0]
    monkeypatch.setattr("time.sleep", lambda s: slept_s.append(slept_s.pop() + s))
    latched = qos(QosReliability.RELIABLE, QosDurability.TRANSIENT_LOCAL)
    player = replay.Player(node, Bag(drive(tmp_path / "bag", latched)), [IMAGE])  # type: ignore[arg-type]
    assert player.play(1.0, 0.1, now=lambda: slept_s[0]) == FRAMES
    at_once = [topic for topic, _ in node.published[: FRAMES // 2]]
    assert at_once == [IMAGE] * (FRAMES // 2), "before the clock tells a time"
    assert slept_s[0] == pytest.approx((FRAMES - 6) * STEP_NS / 1e9, abs=1e-3)


def transforms(*frames: str) -> bytes:
    kinds = STORE.types
    header = kinds["std_msgs/msg/Header"](kinds["builtin_interfaces/msg/Time"](0, 0), "base_link")
    nowhere = (
        kinds["geometry_msgs/msg/Vector3"](0.0, 0.0, 0.0),
        kinds["geometry_msgs/msg/Quaternion"](0.0, 0.0, 0.0, 1.0),
    )
    placed = kinds["geometry_msgs/msg/Transform"](*nowhere)
    stamped = [kinds["geometry_msgs/msg/TransformStamped"](header, frame, placed) for frame in frames]
    return bytes(STORE.serialize_cdr(kinds[TF](stamped), TF))


def test_a_later_start_begins_with_the_newest_camera_info_and_every_static_transform(tmp_path: Path) -> None:
    bag = Bag(drive(tmp_path / "bag"))
    messages = [(m.topic, m.kind, m.time_ns, m.data) for m in bag.messages()]
    newest = serialize(info_message(d=[0.5] * 5))
    once = [
        ("/tf_static", TF, START_NS, transforms("lidar")),
        ("/tf_static", TF, START_NS + 1, transforms("camera", "imu")),
        messages[0],
        ("/tf_static", TF, START_NS + 2, transforms("lidar")),
        (INFO, messages[0][1], START_NS + 3, newest),
        *[m for m in messages if m[0] != INFO],
    ]
    before = BeforeStart()
    for message in Bag(write(tmp_path / "once", once)).messages(stop_ns=START_NS + 5 * STEP_NS):
        before.add(message)
    assert [(m.topic, m.data) for m in before.messages()] == [(m[0], m[3]) for m in (once[1], once[3], once[4])]
    node = SleeplessNode()
    player = replay.Player(node, Bag(tmp_path / "once"), [IMAGE, INFO])  # type: ignore[arg-type]
    player.play(1000.0, 0.1)
    assert node.published[0] == (INFO, newest), "it was sent once, and not latched"
    assert player.report().splitlines()[:2] == ["6 messages published", f"  {INFO}: 1 to no subscriber"]


def test_subscribers_of_static_transforms_that_come_late_receive_those_of_every_node(tmp_path: Path) -> None:
    latched = qos(QosReliability.RELIABLE, QosDurability.TRANSIENT_LOCAL)
    path = write(tmp_path / "bag", [("/robot/tf_static", TF, START_NS, transforms("lidar"))], qos=latched)
    (message,) = Bag(path).messages()
    profile = replay.qos_of(message)
    assert (profile.durability, profile.depth) == (DurabilityPolicy.TRANSIENT_LOCAL, replay.STATIC_DEPTH)


def test_a_bag_without_messages_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay.main([str(write(tmp_path / "bag", []))]) == 2
    assert "bag: the bag holds no messages; record it again" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--start", "1000"], "grin replay: --start: got 1000 s, but the bag is 0.2 s long; give fewer seconds"),
        (["--start", "-1"], "argument --start: got '-1', expected 0 seconds or more"),
        (["--rate", "nan"], "argument --rate: got 'nan', expected a number above 0"),
        (["--topics", "/nothing"], "it has no topic /nothing; it has /a"),
        (["--wait", "/nothing"], "--wait: /nothing is not published"),
    ],
)
def test_an_impossible_call_ends_with_one_sentence(
    tmp_path: Path, options: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = replay.main([str(drive(tmp_path / "bag")), *options])
    except SystemExit as stop:
        status = int(str(stop.code))
    assert status == 2
    assert expected in capsys.readouterr().err.splitlines()[-1]


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
    node = SleeplessNode()
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
        replay.Player(SleeplessNode(), bag, ["/nothing"])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="/a is not published"):
        replay.Player(SleeplessNode(), bag, [IMAGE]).wait_for_subscribers(["/a"])  # type: ignore[arg-type]


def test_a_long_gap_is_said_and_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    node, slept_s = SleeplessNode(), [0.0]
    monkeypatch.setattr("time.sleep", lambda s: slept_s.append(slept_s.pop() + s))
    early = [(topic, kind, time_ns - START_NS, data) for topic, kind, time_ns, data in texts(4)]
    late = [(topic, kind, time_ns + 100 * 10**9, data) for topic, kind, time_ns, data in early]
    messages = [(t, kind, time_ns - early[0][2] + START_NS, data) for t, kind, time_ns, data in [*early, *late]]
    player = replay.Player(node, Bag(write(tmp_path / "bag", messages)))  # type: ignore[arg-type]
    assert player.play(2.0, now=lambda: slept_s[0]) == 8
    assert slept_s[0] == pytest.approx(2 * 0.3 / 2.0, abs=1e-3)
    assert "nothing was logged for 0:01:40 (h:mm:ss) after second 0.3; perhaps a clock was set" in caplog.text
    (told_ns,) = [m.clock.sec * 10**9 + m.clock.nanosec for topic, m in node.published[-2:] if topic == "/clock"]
    assert told_ns == messages[-1][2]


def test_log_times_that_step_back_are_said_and_keep_their_pace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The clock was set back by an hour between the two files of the bag."""
    node, slept_s = SleeplessNode(), [0.0]
    monkeypatch.setattr("time.sleep", lambda s: slept_s.append(slept_s.pop() + s))
    first = write(tmp_path / "bag", texts(4))
    earlier = [(topic, kind, time_ns - 3600 * 10**9, data) for topic, kind, time_ns, data in texts(4)]
    second = write(tmp_path / "second", earlier)
    names = [next(folder.glob("*.mcap" if any(folder.glob("*.mcap")) else "*.db3")) for folder in (first, second)]
    both = tmp_path / "both"
    both.mkdir()
    for number, path in enumerate(names):
        (both / f"both_{number}{path.suffix}").write_bytes(path.read_bytes())
    player = replay.Player(node, Bag(both))  # type: ignore[arg-type]
    assert player.play(1.0, now=lambda: slept_s[0]) == 8
    assert slept_s[0] == pytest.approx(2 * 0.3, abs=1e-3)
    assert "the log times step back by 1:00:00 (h:mm:ss)" in caplog.text


def test_pauses_that_other_topics_fill_are_no_gaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node, slept_s = SleeplessNode(), [0.0]
    monkeypatch.setattr("time.sleep", lambda s: slept_s.append(slept_s.pop() + s))
    bag = Bag(write(tmp_path / "bag", texts(8, step_ns=40 * 10**9)))
    player = replay.Player(node, bag, ["/a"])  # type: ignore[arg-type]
    assert player.play(100.0, now=lambda: slept_s[0]) == 4
    assert slept_s[0] == pytest.approx(6 * 0.4, abs=1e-3)


def test_a_name_that_ros_does_not_allow_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    messages = texts(2, step_ns=1000)
    path = write(tmp_path / "bag", [("/front-cam/note", *messages[0][1:]), messages[1]])
    assert replay.main([str(path)]) == 3
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "1 messages published"
    assert "/front-cam/note is left out: ROS 2 does not allow its name: topic name must not contain characters" in err
