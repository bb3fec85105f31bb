# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin bag` gives the answer of the node for every recorded image; runs are repeatable and can be resumed."""

from __future__ import annotations

import json
import logging
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from rclpy.serialization import deserialize_message, serialize_message
from rosbags.interfaces import ConnectionExtRosbag2, QosReliability
from rosbags.rosbag2 import Writer
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, LaserScan, PointCloud2

from benchmarks.stand_in.camera import info_message, picture
from benchmarks.stand_in.engine import FAILURE_GREEN, fake_depth_m, register
from grin_ros.core import smoothing
from grin_ros.core.geometry.camera import Camera
from grin_ros.ros.bags import run as bag_run
from grin_ros.ros.bags.messages import deserialize, serialize
from grin_ros.ros.bags.reading import Bag
from grin_ros.ros.bags.run import run
from grin_ros.ros.bags.storage.formats import STORAGES
from grin_ros.ros.frame.topics import OUTPUTS
from grin_ros.ros.message_types import message_class, type_name
from grin_ros.ros.operator.harness.messages import FRAME_ID, image_message
from tests.brightness import BrightnessEngine
from tests.ros.bags.drives import FRAMES, content, drive, job_of, log_ns, of_topic, recorded
from tests.ros.bags.recorded import STORE, qos, storage_file, write

WITHOUT_MOUNTING = OUTPUTS.keys() - {"scan", "depth/scale", "depth/scale_sigma"}
"""The outputs that need neither ranges nor the mounting of the camera."""


@pytest.fixture(autouse=True)
def fake_backend() -> None:
    register()


@pytest.mark.parametrize("storage", STORAGES)
def test_inputs_pass_through_and_outputs_are_what_the_node_publishes(
    tmp_path: Path, fake_artifact: Path, storage: str
) -> None:
    source, output = drive(tmp_path / "in", storage=storage), tmp_path / "out"
    report = run(job_of(source, output, fake_artifact, storage=storage))
    assert (report.frames, report.complete, report.already) == (FRAMES, True, False)
    messages = content(output)
    assert [m for m in messages if m[0] not in {f"/front/{name}" for name in OUTPUTS}] == content(source)
    for name in WITHOUT_MOUNTING:
        kind, found = message_class(OUTPUTS[name].type), of_topic(messages, f"/front/{name}")
        assert [time_ns for time_ns, _ in found] == [log_ns(number) for number in range(FRAMES)], name
        for number, (_, data) in enumerate(found):
            header = deserialize_message(data, kind).header
            assert (header.stamp.sec, header.stamp.nanosec, header.frame_id) == (100 + number, 7 * number + 1, FRAME_ID)
    for number, (_, data) in enumerate(of_topic(messages, "/front/depth/image")):
        depth = deserialize_message(data, Image)
        assert depth.encoding == "32FC1"
        got_m = np.frombuffer(depth.data, np.float32).reshape(depth.height, depth.width)
        np.testing.assert_array_equal(got_m, fake_depth_m(picture(number)))
    cloud = deserialize_message(of_topic(messages, "/front/points")[0][1], PointCloud2)
    assert [item.name for item in cloud.fields] == ["x", "y", "z", "rgb", "sigma"]
    assert not (tmp_path / "out.partial").exists()


def test_a_scan_is_written_if_the_mounting_is_known_and_else_a_warning_says_why(
    tmp_path: Path, fake_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = job_of(drive(tmp_path / "in"), tmp_path / "unknown", fake_artifact)
    with caplog.at_level(logging.WARNING):
        run(job)
    (warning,) = [record for record in caplog.records if "scan is not published" in record.getMessage()]
    assert "set mounting.known" in warning.getMessage()
    assert not of_topic(content(tmp_path / "unknown"), "/front/scan")
    run(replace(job, output=str(tmp_path / "known"), parameters={**job.parameters, "mounting.known": True}))
    scans = [deserialize(data, LaserScan) for _, data in of_topic(content(tmp_path / "known"), "/front/scan")]
    assert [scan.header.frame_id for scan in scans] == ["camera_scan"] * FRAMES
    assert np.isfinite(scans[0].ranges).any()


def test_cdr_is_what_rclpy_reads_and_writes() -> None:
    image, info = image_message(picture(), 5, "odd"), info_message()
    for message in (image, info):
        assert deserialize_message(serialize(message), type(message)) == message
        assert deserialize(serialize_message(message), type(message)) == message
    with pytest.raises(ValueError, match="that are not one"):
        deserialize(serialize(image)[:40], Image)


@pytest.mark.parametrize(
    ("d", "frames"), [([0.0] * 14, 2), ([], 2), ([0.1, 0, 0, 0, 0, 0, 0, 0], 2), ([0.1, 0, 0, 0, 0, 0.1, 0, 0], 0)]
)
def test_a_d_of_another_length_is_read_as_the_node_reads_it(
    tmp_path: Path, fake_artifact: Path, d: list[float], frames: int
) -> None:
    messages = []
    for number in range(2):
        image, _, other = recorded(number)
        info = info_message(d=d)
        info.header.frame_id = ""
        messages += [image, ("/front/camera_info", type_name(CameraInfo), log_ns(number) + 1, serialize(info)), other]
    report = run(job_of(write(tmp_path / "in", messages), tmp_path / "out", fake_artifact))
    assert report.frames == frames
    assert report.rejected == ({} if frames else {"bad camera_info": 2})


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize(
    ("declared", "extension"),
    [("16UC1; png compressed ", ".png"), ("16UC1; jpeg compressed mono8", ".jpg"), ("16UC1; compressedDepth", ".png")],
)
def test_compressed_depth_is_left_alone_as_raw_depth_is(
    tmp_path: Path, fake_artifact: Path, declared: str, extension: str, raw: bool
) -> None:
    messages = []
    for number in range(2):
        messages += recorded(number)
        pixels = np.full((24, 32), 180, np.uint16 if extension == ".png" else np.uint8)
        depth = CompressedImage(format=declared, data=cv2.imencode(extension, pixels)[1].tobytes())
        depth.header.frame_id = FRAME_ID
        time_ns = log_ns(number) + 3
        messages += [
            ("/depth/image_rect_raw/compressed", type_name(CompressedImage), time_ns, serialize(depth)),
            ("/depth/camera_info", *recorded(number)[1][1:]),
        ]
        if raw:
            image = Image(height=24, width=32, encoding="16UC1", step=64, data=bytes(24 * 64))
            messages.append(("/depth/image_rect_raw", type_name(Image), time_ns, serialize(image)))
    report = run(job_of(write(tmp_path / "in", messages), tmp_path / "out", fake_artifact))
    assert (report.frames, report.rejected) == (2, {})
    topics = {topic for topic, *_ in content(tmp_path / "out")}
    assert "/front/depth/image" in topics
    assert "/depth/depth/image" not in topics
    named = job_of(tmp_path / "in", tmp_path / "named", fake_artifact, images=("/depth/image_rect_raw/compressed",))
    assert run(named).rejected == {"bad image": 2}


def test_compressed_images_and_two_cameras(tmp_path: Path, fake_artifact: Path) -> None:
    messages = []
    for number in range(3):
        messages += recorded(number, "/left")
        encoded = cv2.imencode(".png", picture(number)[..., ::-1])[1].tobytes()
        compressed = CompressedImage(format="rgb8; png compressed bgr8", data=encoded)
        compressed.header.frame_id = FRAME_ID
        messages += [
            ("/right/image/compressed", type_name(CompressedImage), log_ns(number) + 3, serialize(compressed)),
            *recorded(number, "/right")[1:2],
        ]
    source = write(tmp_path / "in", messages)
    job = job_of(source, tmp_path / "out", fake_artifact, topics=())
    assert run(job).frames == 6
    found = content(tmp_path / "out")
    assert {topic for topic, *_ in found} == {
        f"/{side}/{name}" for side in ("left", "right") for name in WITHOUT_MOUNTING
    }
    left, right = (of_topic(found, f"/{side}/depth/image") for side in ("left", "right"))
    for (_, a), (_, b) in zip(left, right, strict=True):
        assert deserialize(a, Image).data == deserialize(b, Image).data
    run(replace(job, output=str(tmp_path / "known"), parameters={**job.parameters, "mounting.known": True}))
    for side in ("left", "right"):
        scans = [deserialize(data, LaserScan) for _, data in of_topic(content(tmp_path / "known"), f"/{side}/scan")]
        assert [scan.header.frame_id for scan in scans] == [f"{side}_scan"] * 3


def test_the_rays_of_each_of_many_cameras_are_computed_once(
    tmp_path: Path, fake_artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maps: Counter[Camera] = Counter()
    unproject = Camera.unproject

    def counted(camera: Camera, pixels: Any) -> Any:
        maps[camera] += np.ndim(pixels) == 3  # the others are a few pixels
        return unproject(camera, pixels)

    monkeypatch.setattr(Camera, "unproject", counted)
    messages = []
    for number in range(2):
        for index in range(12):
            image, _, _ = recorded(number, f"/c{index}")
            info = info_message(k=[32.0 + index, 0.0, 15.5, 0.0, 32.0, 11.5, 0.0, 0.0, 1.0])
            messages += [image, (f"/c{index}/camera_info", type_name(CameraInfo), log_ns(number) + 1, serialize(info))]
    assert run(job_of(write(tmp_path / "in", messages), tmp_path / "out", fake_artifact)).frames == 24
    assert maps.total() == 12


def test_every_start_end_and_topics(tmp_path: Path, fake_artifact: Path) -> None:
    source = drive(tmp_path / "in")
    run(job_of(source, tmp_path / "out", fake_artifact, every=2, start_s=0.05, end_s=0.3, topics=("/a",)))
    messages = content(tmp_path / "out")
    assert [t for t, _ in of_topic(messages, "/a")] == [log_ns(number) + 2 for number in range(1, 6)]
    assert [t for t, _ in of_topic(messages, "/front/depth/image")] == [log_ns(number) for number in (1, 3, 5)]
    assert not of_topic(messages, "/front/image_raw")


@pytest.mark.parametrize("storage", STORAGES)
def test_unknown_types_and_qos_pass_through(tmp_path: Path, fake_artifact: Path, storage: str) -> None:
    kind, text, latched = "acme_msgs/msg/Thing", "int32 count\nacme_msgs/Part[] parts\n", qos(QosReliability.RELIABLE)
    writer = Writer(tmp_path / "in", version=9, storage_plugin=STORAGES[storage].plugin)
    with writer:
        thing = writer.add_connection(
            "/thing", kind, msgdef=text, rihs01=f"RIHS01_{'1' * 64}", offered_qos_profiles=latched
        )
        writer.write(thing, log_ns(0), b"\x00\x01\x00\x00whatever")
        for topic, name, time_ns, data in recorded(0)[:2]:
            writer.write(writer.add_connection(topic, name, typestore=STORE), time_ns, data)
    run(job_of(tmp_path / "in", tmp_path / "out", fake_artifact, storage=storage))
    (message,) = Bag(tmp_path / "out").messages({"/thing"})
    connection = message.connection
    assert (connection.msgtype, connection.msgdef.data, message.data[4:]) == (kind, text, b"whatever")
    assert isinstance(connection.ext, ConnectionExtRosbag2)
    assert connection.ext.offered_qos_profiles == list(latched)


def test_two_runs_give_the_same_bytes(tmp_path: Path, fake_artifact: Path) -> None:
    source = drive(tmp_path / "in")
    for name in ("x", "y"):
        run(job_of(source, tmp_path / name, fake_artifact))
    assert content(tmp_path / "x") == content(tmp_path / "y")


@pytest.mark.parametrize("storage", STORAGES)
def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path, fake_artifact: Path, storage: str) -> None:
    source = drive(tmp_path / "in")
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    run(job_of(source, whole, fake_artifact, every=2, storage=storage))
    job = job_of(source, resumed, fake_artifact, every=2, storage=storage, part_frames=1)
    seen: list[int] = []

    def stop(_: int, frames: int) -> None:
        seen.append(frames)
        if frames == 2 and len(seen) > 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(job, stop)
    assert not resumed.exists(), "a half-written bag must not look whole"
    assert not (tmp_path / "resumed.partial" / "metadata.yaml").exists()
    later: list[int] = []
    report = run(job, lambda _, frames: later.append(frames))
    assert report.frames == FRAMES / 2
    assert min(later) == 2, "the frames of the first run are not computed again"
    assert content(resumed) == content(whole)
    assert run(job).already


def test_unfinished_work_of_another_job_is_not_continued(tmp_path: Path, fake_artifact: Path) -> None:
    source, output = drive(tmp_path / "in"), tmp_path / "out"

    def stop(_: int, frames: int) -> None:
        if frames == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(job_of(source, output, fake_artifact, part_frames=1), stop)
    with pytest.raises(ValueError, match="other work"):
        run(job_of(source, output, fake_artifact, every=3))
    output.mkdir()
    with pytest.raises(ValueError, match="it exists already; choose another name"):
        run(job_of(source, output, fake_artifact))


def test_what_is_broken_is_named_and_the_rest_is_done(tmp_path: Path, fake_artifact: Path) -> None:
    failing = picture(2)
    failing[0, 0, 1] = FAILURE_GREEN
    messages = [
        *recorded(0),
        ("/front/image_raw", type_name(Image), log_ns(1), recorded(1)[0][3][:50]),
        *recorded(2, pixels=failing),
        ("/front/image_raw", type_name(Image), log_ns(3), serialize(image_message(picture(3, 16, 16), 3))),
        *[raw for number in range(4, 40) for raw in recorded(number)],
    ]
    source = write(tmp_path / "in", messages)
    with storage_file(source).open("r+b") as stream:
        stream.truncate(int(storage_file(source).stat().st_size * 0.6))
    report = run(job_of(source, tmp_path / "out", fake_artifact))
    assert report.rejected == {"backend failed": 1, "bad message": 1, "other size": 1}
    assert 15 < report.frames < 30
    assert report.damage
    assert not report.complete
    found = content(tmp_path / "out")
    assert found[0] == messages[0]
    readable = {m.time_ns for m in Bag(source).messages({"/front/image_raw"})}
    assert {t for t, _ in of_topic(found, "/front/depth/image")} == readable - {log_ns(n) for n in (1, 2, 3)}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"images": ("/front/nothing",)}, "/front/nothing: the bag has no such topic; image topics: /front/image_raw"),
        ({"info": "/front/camera_info"}, "belongs to one image topic"),
        ({"topics": ("/b",)}, "it has no topic /b; it has /a, /front/camera_info"),
    ],
)
def test_wrong_topics_are_named(tmp_path: Path, fake_artifact: Path, options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        run(job_of(drive(tmp_path / "in", 1), tmp_path / "out", fake_artifact, **options))
    assert not (tmp_path / "out").exists()


def test_recorded_depth_is_not_taken_for_a_camera_and_is_replaced(tmp_path: Path, fake_artifact: Path) -> None:
    first = job_of(drive(tmp_path / "in"), tmp_path / "first", fake_artifact)
    run(first)
    run(replace(first, input=str(tmp_path / "first"), output=str(tmp_path / "second")))
    assert content(tmp_path / "second") == content(tmp_path / "first")


def test_the_note_in_the_bag_says_how_it_was_made(tmp_path: Path, fake_artifact: Path) -> None:
    run(job_of(drive(tmp_path / "in", 2), tmp_path / "out", fake_artifact))
    described = yaml.safe_load((tmp_path / "out" / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    note = json.loads(described["custom_data"]["grin_ros"])
    assert (note["frames"], note["damage"], note["engine"]) == (2, [], "fake backend of the tests")


def test_an_interrupted_run_with_smoothing_gives_the_same(
    tmp_path: Path, fake_artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bag_run, "open_engine", lambda _, artifact, threads: BrightnessEngine(artifact, threads))
    monkeypatch.setattr(smoothing, "CUT", 1.0)  # the drive's pictures have nothing in common
    source = drive(tmp_path / "in")
    jobs = {}
    for name, share in (("whole", 0.5), ("resumed", 0.5), ("without", 0.0)):
        job = job_of(source, tmp_path / name, fake_artifact, part_frames=3)
        jobs[name] = replace(job, parameters={**job.parameters, "smoothing": share, "backend": "ort"})

    def stop(_: int, frames: int) -> None:
        if frames == 4:
            raise KeyboardInterrupt

    run(jobs["whole"])
    run(jobs["without"])
    with pytest.raises(KeyboardInterrupt):
        run(jobs["resumed"], stop)
    run(jobs["resumed"])
    assert content(tmp_path / "resumed") == content(tmp_path / "whole")
    assert content(tmp_path / "whole") != content(tmp_path / "without")
