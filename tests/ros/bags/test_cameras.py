# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The cameras that `grin bag` finds in a bag."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from rosbags.rosbag2 import Writer
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, LaserScan, PointCloud2

from benchmarks.stand_in.camera import HEIGHT, WIDTH, picture
from benchmarks.stand_in.engine import register
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.photo.cameras import CameraChoice
from grin_ros.ros.bags.messages import deserialize, serialize
from grin_ros.ros.bags.run import run
from grin_ros.ros.bags.storage.formats import STORAGES
from grin_ros.ros.message_types import type_name
from tests.ros.bags.drives import content, job_of, log_ns, of_topic, recorded
from tests.ros.bags.recorded import STORE, write


@pytest.fixture(autouse=True)
def fake_backend() -> None:
    register()


def test_colour_is_taken_before_grey_of_the_same_camera(
    tmp_path: Path, fake_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    messages = []
    for number in range(2):
        image, info, _ = recorded(number)
        pixels = picture(number)
        grey = Image(height=pixels.shape[0], width=pixels.shape[1], encoding="mono8", step=pixels.shape[1])
        grey.data = pixels[..., 0].tobytes()
        packed = CompressedImage(format="jpeg", data=cv2.imencode(".jpg", pixels[..., 0])[1].tobytes())
        messages += [
            ("/front/image_rect_color", *image[1:]),
            ("/front/image_rect_gray", type_name(Image), image[2], serialize(grey)),
            ("/front/mono/compressed", type_name(CompressedImage), image[2], serialize(packed)),
            info,
        ]
    assert run(job_of(write(tmp_path / "in", messages), tmp_path / "out", fake_artifact)).frames == 2
    text = "/front/image_rect_gray is left out: /front/image_rect_color shows the same camera in colour"
    assert text in caplog.text
    both = [("/front/image_color", *raw[1:]) if "gray" in raw[0] else raw for raw in messages]
    two = write(tmp_path / "two", [("/front/image_color", *messages[0][1:]), *both])
    with pytest.raises(ValueError, match="their outputs would have the same names; choose one with --image"):
        run(job_of(two, tmp_path / "neither", fake_artifact))


def test_a_bag_whose_images_have_an_unknown_encoding_says_which(tmp_path: Path, fake_artifact: Path) -> None:
    raw, info, _ = recorded(0)
    image = deserialize(raw[3], Image)
    image.encoding = "8UC3"
    bag = write(tmp_path / "in", [(*raw[:3], serialize(image)), info])
    with pytest.raises(ValueError, match=r"/front/image_raw has the encoding '8UC3'\. Choose with --image"):
        run(job_of(bag, tmp_path / "out", fake_artifact))


def test_images_without_camera_info_get_the_camera_that_is_told(tmp_path: Path, fake_artifact: Path) -> None:
    """One topic is raw, the other compressed and of twice the size; a third camera has its own camera_info."""
    messages = []
    for number in range(2):
        image, info, _ = recorded(number)
        large = np.repeat(np.repeat(picture(number), 2, axis=0), 2, axis=1)
        packed = CompressedImage(format="png", data=cv2.imencode(".png", large[..., ::-1])[1].tobytes())
        packed.header.frame_id = "side"
        messages += [
            image,
            info,
            ("/rear/image_raw", *image[1:]),
            ("/side/image_raw/compressed", type_name(CompressedImage), image[2], serialize(packed)),
        ]
    source = write(tmp_path / "in", messages)
    told = CameraChoice(Camera(2 * WIDTH, 2 * HEIGHT, 50.0, 51.0, WIDTH - 0.5, HEIGHT - 0.5))
    assert run(job_of(source, tmp_path / "out", fake_artifact, cameras=told)).frames == 4
    found = {raw[0]: deserialize(raw[3], CameraInfo) for raw in content(tmp_path / "out") if "depth/camera" in raw[0]}
    assert found.keys() == {"/rear/depth/camera_info", "/side/depth/camera_info"}
    assert found["/side/depth/camera_info"].k[0] == 50.0
    assert found["/side/depth/camera_info"].header.frame_id == "side"
    assert found["/rear/depth/camera_info"].k[0] == 25.0
    assert found["/rear/depth/camera_info"].width == WIDTH


def test_a_told_camera_that_the_bag_does_not_need_or_that_does_not_fit_is_named(
    tmp_path: Path, fake_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    image, info, _ = recorded(0)
    whole, bare = write(tmp_path / "whole", [image, info]), write(tmp_path / "bare", [image])
    with pytest.raises(ValueError, match="no image topic without camera_info.* Leave .* out, or .* --image TOPIC"):
        run(job_of(whole, tmp_path / "out", fake_artifact, cameras=CameraChoice(fov_deg=60.0)))
    named = {"images": ("/front/image_raw",), "cameras": CameraChoice(fov_deg=60.0)}
    assert run(job_of(whole, tmp_path / "named", fake_artifact, **named)).frames == 1
    options = {"images": ("/front/image_raw",), "info": "/front/camera_info", "cameras": CameraChoice(fov_deg=60.0)}
    with pytest.raises(ValueError, match="got both, expected one"):
        run(job_of(whole, tmp_path / "out", fake_artifact, **options))
    with pytest.raises(ValueError, match="for images without camera_info give --calibration FILE or --fov DEG"):
        run(job_of(bare, tmp_path / "out", fake_artifact))
    square = CameraChoice(Camera(32, 32, 30.0, 30.0, 15.5, 15.5))
    assert run(job_of(bare, tmp_path / "out", fake_artifact, cameras=square)).rejected == {"bad camera_info": 1}
    assert "another ratio of sides" in caplog.text


def test_only_topics_that_are_written_replace_recorded_ones(
    tmp_path: Path, fake_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The camera has no namespace, so its outputs have the names of the sensors of many robots."""
    sensors = [
        ("/scan", type_name(LaserScan), log_ns(0) + 3, serialize(LaserScan())),
        ("/points", type_name(PointCloud2), log_ns(0) + 4, serialize(PointCloud2())),
    ]
    source = write(tmp_path / "in", [*recorded(0, ""), *sensors])
    made = job_of(source, tmp_path / "out", fake_artifact)
    off = replace(made, parameters={**made.parameters, "publish_points": False})
    assert run(off).frames == 1
    assert [raw for raw in content(tmp_path / "out") if raw[0] in ("/scan", "/points")] == sensors
    assert "are replaced" not in caplog.text
    on = replace(made, output=str(tmp_path / "on"), parameters={**made.parameters, "mounting.known": True})
    assert run(on).frames == 1
    assert "recorded outputs are replaced by the computed ones: /points, /scan" in caplog.text
    for topic, _, time_ns, data in sensors:
        ((computed_ns, computed),) = of_topic(content(tmp_path / "on"), topic)
        assert computed_ns == log_ns(0) != time_ns
        assert computed != data


def test_a_topic_of_hints_is_never_replaced(tmp_path: Path, fake_artifact: Path) -> None:
    scan = ("/scan", type_name(LaserScan), log_ns(0) - 1, serialize(LaserScan()))
    made = job_of(
        write(tmp_path / "in", [scan, *recorded(0, "")]),
        tmp_path / "out",
        fake_artifact,
        hints=(("hints/scan", "/scan"),),
    )
    job = replace(made, parameters={**made.parameters, "hints.scan": True, "mounting.known": True})
    with pytest.raises(ValueError, match="/scan would be replaced by a computed .* with -p publish_scan:=false$"):
        run(job)
    assert run(replace(job, parameters={**job.parameters, "publish_scan": False})).frames == 1
    assert scan in content(tmp_path / "out")


@pytest.mark.parametrize("storage", STORAGES)
def test_a_camera_info_topic_without_messages_counts_as_absent(
    tmp_path: Path, fake_artifact: Path, storage: str
) -> None:
    image, (info, kind, *_), _ = recorded(0)
    writer = Writer(tmp_path / "in", version=9, storage_plugin=STORAGES[storage].plugin)
    with writer:
        writer.add_connection(info, kind, typestore=STORE)
        writer.write(writer.add_connection(*image[:2], typestore=STORE), *image[2:])
    with pytest.raises(ValueError, match="camera_info topics: none.* give --calibration FILE or --fov DEG"):
        run(job_of(tmp_path / "in", tmp_path / "out", fake_artifact))
    with pytest.raises(ValueError, match="/front/camera_info: the bag has no message of this topic"):
        run(job_of(tmp_path / "in", tmp_path / "out", fake_artifact, images=("/front/image_raw",)))
    told = CameraChoice(fov_deg=60.0)
    assert run(job_of(tmp_path / "in", tmp_path / "out", fake_artifact, cameras=told)).frames == 1


def test_a_camera_that_is_left_out_is_named_with_the_reason_and_the_option(
    tmp_path: Path, fake_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    messages = []
    for number in range(2):
        odd, info, _ = recorded(number, "/odd")
        image = deserialize(odd[3], Image)
        image.encoding = "8UC3"
        depth = Image(height=2, width=2, encoding="16UC1", step=4, data=bytes(8))
        messages += [
            *recorded(number),
            (*odd[:3], serialize(image)),
            info,
            recorded(number, "/bare")[0],
            ("/other/image_raw", *recorded(number)[0][1:]),
            ("/other/info", *info[1:]),
            ("/depth/image_rect_raw", type_name(Image), log_ns(number), serialize(depth)),
        ]
    job = job_of(write(tmp_path / "in", messages), tmp_path / "out", fake_artifact)
    assert run(job).frames == 2
    for text in (
        "/odd/image_raw is left out: nobody knows the encoding '8UC3' as a picture",
        "/bare/image_raw is left out: it has no /bare/camera_info; give --image /bare/image_raw with --camera-info",
        "(recorded: /front/camera_info, /odd/camera_info, /other/info), --calibration or --fov",
        "/other/image_raw is left out: it has no /other/camera_info",
    ):
        assert text in caplog.text
    assert caplog.text.count("is left out") == 3
    caplog.clear()
    told = replace(job, output=str(tmp_path / "told"), cameras=CameraChoice(fov_deg=60.0))
    assert run(told).frames == 4
    assert "/front/image_raw is left out: /front/camera_info tells its camera" in caplog.text


def test_an_image_topic_without_messages_is_named(
    tmp_path: Path, fake_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Writer(tmp_path / "in", version=9, storage_plugin=STORAGES["mcap"].plugin) as writer:
        for topic in ("/rear/image_raw", "/front/image_raw/compressed"):
            writer.add_connection(topic, type_name(Image if topic[-3:] == "raw" else CompressedImage), typestore=STORE)
        for topic, kind, time_ns, data in recorded(0)[:2]:
            writer.write(writer.add_connection(topic, kind, typestore=STORE), time_ns, data)
    job = job_of(tmp_path / "in", tmp_path / "out", fake_artifact)
    assert run(job).frames == 1
    assert "/rear/image_raw is left out: it has no messages; check its driver" in caplog.text
    assert caplog.text.count("is left out") == 1
    named = replace(job, images=("/rear/image_raw",), cameras=CameraChoice(fov_deg=60.0), output=str(tmp_path / "x"))
    with pytest.raises(ValueError, match="/rear/image_raw: the bag has no message of this topic"):
        run(named)
