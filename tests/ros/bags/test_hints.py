# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin bag --hints`: recorded measurements and transforms correct depth, as the node does it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import Image, PointCloud2

from benchmarks.stand_in.camera import HEIGHT, WIDTH
from benchmarks.stand_in.engine import fake_depth_m, register
from grin_ros.ros.bags.command import jobs_of, parser
from grin_ros.ros.bags.hints import AHEAD_NS, BagHints
from grin_ros.ros.bags.messages import deserialize, serialize
from grin_ros.ros.bags.reading import Bag, Message
from grin_ros.ros.bags.run import Job, run
from grin_ros.ros.inputs.tf import TF_STATIC
from grin_ros.ros.message_types import TF_MESSAGE, type_name
from grin_ros.ros.operator.harness.messages import FRAME_ID
from grin_ros.ros.parameters.table import node_config
from tests.ros.bags.drives import Raw, content, job_of, log_ns, of_topic, recorded
from tests.ros.bags.recorded import write
from tests.ros.inputs.lidar import FACTOR, lidar, scene

FRAMES = 6


@pytest.fixture(autouse=True)
def fake_backend() -> None:
    register()


def static_tf(parent: str, child: str, quaternion: tuple[float, float, float, float]) -> bytes:
    """Return the bytes of a TFMessage with one transform without translation."""
    store = get_typestore(Stores.ROS2_JAZZY)
    kinds: dict[str, Any] = dict(store.types)
    header = kinds["std_msgs/msg/Header"](stamp=kinds["builtin_interfaces/msg/Time"](0, 0), frame_id=parent)
    place = kinds["geometry_msgs/msg/Vector3"](0.0, 0.0, 0.0)
    turn = kinds["geometry_msgs/msg/Quaternion"](*quaternion)
    transform = kinds["geometry_msgs/msg/Transform"](translation=place, rotation=turn)
    stamped = kinds["geometry_msgs/msg/TransformStamped"](header=header, child_frame_id=child, transform=transform)
    return bytes(store.serialize_cdr(kinds[TF_MESSAGE](transforms=[stamped]), TF_MESSAGE))


def drive(path: Path, *, tf: bool = True, first: int = 0, factor: float = 1.0, later_ns: int = -1) -> Path:
    """Frames of one second each; a broken cloud first, then a cloud with each of them but the last.

    first: the first frame with a cloud. factor: multiplies the ranges of the clouds. later_ns: when a cloud was
    recorded, after the image.
    """
    messages: list[Raw] = [("/lidar", type_name(PointCloud2), log_ns(0) - 9, b"\0\1\0\0broken")]
    if tf:
        messages.append((TF_STATIC, TF_MESSAGE, log_ns(0) - 8, static_tf("lidar", FRAME_ID, (-0.5, 0.5, -0.5, 0.5))))
    for number in range(FRAMES):
        if first <= number < FRAMES - 1:
            ranges = serialize(lidar(100 + number + 0.01, factor))
            messages.append(("/lidar", type_name(PointCloud2), log_ns(number) + later_ns, ranges))
        messages += recorded(number, pixels=scene())
    return write(path, sorted(messages, key=lambda message: message[2]))


def job(tmp_path: Path, artifact: Path, name: str = "out", **options: object) -> Job:
    made = job_of(tmp_path / "in", tmp_path / name, artifact, hints=(("hints/points", "/lidar"),), **options)
    return replace(made, parameters={**made.parameters, "hints.points": True})


def factors(path: Path) -> list[float]:
    """Return by how much the depth of each frame was corrected on average."""
    images = [deserialize(data, Image) for _, data in of_topic(content(path), "/front/depth/image")]
    depths_m = [np.frombuffer(image.data, np.float32).reshape(HEIGHT, WIDTH) for image in images]
    return [float(np.mean(depth_m / fake_depth_m(scene()))) for depth_m in depths_m]


def test_recorded_points_and_transforms_correct_depth(
    tmp_path: Path, fake_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drive(tmp_path / "in")
    with caplog.at_level(logging.WARNING):
        assert run(job(tmp_path, fake_artifact)).frames == FRAMES
    assert "/lidar at 1999999999991 ns is not used: sensor_msgs/msg/PointCloud2: got 10 bytes" in caplog.text
    found = factors(tmp_path / "out")
    assert min(found[:-1]) > 1.2, "the stand-in thinks that everything is 3.2 m away; it is 4 to 8 m"
    assert found[-1] == pytest.approx(1.0), "a frame without a cloud of its time is that of the camera alone"


def test_points_that_were_recorded_soon_after_their_image_correct_it_too(tmp_path: Path, fake_artifact: Path) -> None:
    """The node hears them while the network runs."""
    drive(tmp_path / "in", later_ns=AHEAD_NS // 2)
    assert run(job(tmp_path, fake_artifact)).hints == {"points": FRAMES - 1}
    drive(tmp_path / "in_late", later_ns=2 * AHEAD_NS)
    late = replace(job(tmp_path, fake_artifact, "late"), input=tmp_path / "in_late")
    assert run(late).hints["points"] < FRAMES - 1


def test_without_transforms_depth_is_that_of_the_camera_alone(
    tmp_path: Path, fake_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drive(tmp_path / "in", tf=False)
    assert run(job(tmp_path, fake_artifact)).frames == FRAMES
    assert "the bag needs /tf and /tf_static with these frames; record them" in caplog.text
    assert factors(tmp_path / "out") == pytest.approx([1.0] * FRAMES)
    posed = job(tmp_path, fake_artifact, "posed")
    run(replace(posed, parameters={**posed.parameters, "hints.points_pose": "0 0 0 0 0 0"}))
    assert min(factors(tmp_path / "posed")[:-1]) > 1.2


def test_every_kind_of_reason_why_there_are_no_hints_is_logged_once(
    tmp_path: Path, fake_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drive(tmp_path / "in", first=4)
    with caplog.at_level(logging.WARNING):
        report = run(job(tmp_path, fake_artifact))
    assert report.hints == {"points": FRAMES - 5}
    assert caplog.text.count("has no hints of points") == 3
    for reason in ("nothing has come on hints/points", "s newer than the image", "is 0.99 s older than the image"):
        assert reason in caplog.text


def test_hints_that_are_refused_do_not_count_and_the_log_says_why(
    tmp_path: Path, fake_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drive(tmp_path / "in", factor=8.0)
    with caplog.at_level(logging.WARNING):
        report = run(job(tmp_path, fake_artifact))
    assert report.hints == {"points": 0}
    assert caplog.text.count("check that they are in metres") == 1
    assert factors(tmp_path / "out") == pytest.approx([1.0] * FRAMES)


def test_a_bag_tells_how_the_camera_is_mounted(
    tmp_path: Path, fake_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drive(tmp_path / "in")
    made = job_of(tmp_path / "in", tmp_path / "out", fake_artifact)
    posed = replace(made, parameters={**made.parameters, "mounting.base_frame": "lidar"})
    report = run(posed)  # the camera has no height above the lidar, so it is refused
    assert report.rejected == {"bad transform": FRAMES}
    assert "mounting.base_frame must lie on the ground" in caplog.text


def test_an_interrupted_run_gives_the_same_depth(tmp_path: Path, fake_artifact: Path) -> None:
    drive(tmp_path / "in")
    run(job(tmp_path, fake_artifact, "whole", part_frames=2))

    def stop(_: int, frames: int) -> None:
        if frames == 3:
            raise KeyboardInterrupt

    resumed = job(tmp_path, fake_artifact, "resumed", part_frames=2)
    with pytest.raises(KeyboardInterrupt):
        run(resumed, stop)
    run(resumed)
    assert content(tmp_path / "resumed") == content(tmp_path / "whole")


def test_hints_that_do_not_fit_are_refused(tmp_path: Path, fake_artifact: Path) -> None:
    write(tmp_path / "in", recorded(0))
    good = job(tmp_path, fake_artifact)
    with pytest.raises(ValueError, match=r"/lidar is no topic of this bag with sensor_msgs/msg/PointCloud2; it has: n"):
        run(good)
    with pytest.raises(ValueError, match=r"hints\.points is true, but no recorded topic .* --hints points=TOPIC"):
        run(replace(good, hints=()))


def test_the_option_switches_its_source_on(fake_artifact: Path) -> None:
    (job,) = jobs_of(parser().parse_args(["in", "out", "--hints", "scan=/scan", "--model", str(fake_artifact)]))
    assert job.hints == (("hints/scan", "/scan"),) and job.parameters["hints.scan"] is True
    (job,) = jobs_of(parser().parse_args(["in", "out", "--hints", "depth=/tof/image", "--model", str(fake_artifact)]))
    assert job.hints[1] == ("hints/depth/camera_info", "/tof/camera_info")
    two = ["--hints", "scan=/scan_front", "--hints", "scan=/scan_rear"]
    (job,) = jobs_of(parser().parse_args(["in", "out", *two, "--model", str(fake_artifact)]))
    assert job.hints == (("hints/scan", "/scan_front"), ("hints/scan", "/scan_rear"))
    with pytest.raises(ValueError, match="hints: got 'sonar=/a', expected one of scan=TOPIC, points=TOPIC, "):
        jobs_of(parser().parse_args(["in", "out", "--hints", "sonar=/a"]))


def test_a_source_that_is_switched_off_takes_no_topic(tmp_path: Path, fake_artifact: Path) -> None:
    call = ["in", "out", "--model", str(fake_artifact), "--hints", "scan=/scan", "-p", "hints.scan:=false"]
    with pytest.raises(ValueError, match=r"hints\.scan is false, but --hints names /scan for it; leave one"):
        jobs_of(parser().parse_args(call))
    drive(tmp_path / "in")
    made = job(tmp_path, fake_artifact)
    assert run(replace(made, parameters={**made.parameters, "mounting.base_frame": "lidar"})).hints
    off = {**made.parameters, "hints.points": False, "mounting.base_frame": "lidar"}
    assert run(replace(made, output=str(tmp_path / "off"), parameters=off)).hints == {}


def test_where_the_clock_steps_back_nothing_waits_for_it_to_catch_up(tmp_path: Path) -> None:
    after = list(Bag(drive(tmp_path / "in")).messages())
    before = [message._replace(time_ns=message.time_ns + 60_000_000_000) for message in after]
    read: list[Message] = []

    def messages() -> Iterator[Message]:
        for message in [*before, *after]:
            read.append(message)
            yield message

    hints = BagHints((), node_config({}).hints, {})
    heard = [(message, len(read)) for message in hints.heard(messages())]
    assert [message for message, _ in heard] == [*before, *after]
    assert heard[len(before) - 1][1] == len(before) + 1, "the first message after the step ends the waiting"


def test_what_a_node_has_from_the_beginning_may_be_recorded_late(tmp_path: Path, fake_artifact: Path) -> None:
    """Another static transform of the same frames comes still later, and holds only from then on."""
    recordings = list(Bag(drive(tmp_path / "in")).messages())
    (tf,) = [message for message in recordings if message.kind == TF_MESSAGE]
    late = [(TF_STATIC, TF_MESSAGE, log_ns(3) + 5, tf.data)]
    late += [(TF_STATIC, TF_MESSAGE, log_ns(20), static_tf("lidar", FRAME_ID, (0.0, 0.0, 1.0, 0.0)))]
    others = [(m.topic, m.kind, m.time_ns, m.data) for m in recordings if m is not tf]
    write(tmp_path / "late", [*others, *late])
    made = job(tmp_path, fake_artifact)
    run(made)
    run(replace(made, input=str(tmp_path / "late"), output=str(tmp_path / "out_late")))
    assert factors(tmp_path / "out_late") == factors(tmp_path / "out")


def test_the_camera_info_of_a_depth_image_may_be_recorded_late(tmp_path: Path, fake_artifact: Path) -> None:
    messages: list[Raw] = []
    for number in range(FRAMES):
        image, info, _ = recorded(number, pixels=scene())
        depth = deserialize(image[3], Image)
        depth.encoding, depth.step = "32FC1", 4 * WIDTH
        depth.data = (FACTOR * fake_depth_m(scene())).astype(np.float32).tobytes()
        messages += [("/tof/image", *image[1:3], serialize(depth)), image, info]
    messages.append(("/tof/camera_info", *info[1:]))
    made = job_of(write(tmp_path / "in", messages), tmp_path / "out", fake_artifact, images=("/front/image_raw",))
    wired = (("hints/depth", "/tof/image"), ("hints/depth/camera_info", "/tof/camera_info"))
    report = run(replace(made, hints=wired, parameters={**made.parameters, "hints.depth": True}))
    assert report.hints == {"depth": FRAMES}
