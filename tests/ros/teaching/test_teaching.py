# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From a bag with a camera and a level lidar to labelled frames, and what is refused on the way."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from rosbags.rosbag2 import StoragePlugin, Writer
from sensor_msgs.msg import Image

from grin_ros.core.input_error import InputError
from grin_ros.core.labels.folder import LabelFolder, LabelledFrame, LabelWriter
from grin_ros.ros.bags.hints import find_tf
from grin_ros.ros.bags.messages import deserialize, serialize
from grin_ros.ros.bags.reading import Bag
from grin_ros.ros.bags.run import Job
from grin_ros.ros.bags.survey import Survey
from grin_ros.ros.message_types import TF_MESSAGE
from grin_ros.ros.operator.harness.messages import with_stamp
from grin_ros.ros.teaching.inspection import Inspection, inspect
from grin_ros.ros.teaching.labelling import label
from grin_ros.ros.teaching.rendered_bag import BASE_FRAME, LIDAR_FRAME, write_bag
from grin_ros.ros.teaching.sensors import find_labels, parameters
from tests.ros.bags.recorded import STORE, storage_file, write
from tests.ros.teaching.drive import HALF_M, moments, yaw


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bag(tmp_path_factory.mktemp("bags") / "drive", moments(), lidar_height_m=0.2)


@pytest.fixture(scope="module")
def inspection(bag: Path) -> Inspection:
    return inspect(bag)


def without(bag: Path, path: Path, topic: str) -> Path:
    """Copy a bag without one of its topics."""
    return write(path, [(m.topic, m.kind, m.time_ns, m.data) for m in Bag(bag).messages() if m.topic != topic])


def silent(bag: Path, path: Path, topic: str) -> Path:
    """Copy a bag without the messages of one of its topics, whose publisher was there and said nothing."""
    rows = [(m.topic, m.kind, m.time_ns, m.data) for m in Bag(bag).messages()]
    kinds = {name: kind for name, kind, _, _ in rows}
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        found = {name: writer.add_connection(name, kind, typestore=STORE) for name, kind in kinds.items()}
        for name, _, time_ns, data in rows:
            if name != topic:
                writer.write(found[name], time_ns, data)
    return path


def job(bag: Path, output: Path, **options: object) -> Job:
    made = Job(
        str(bag), str(output), parameters((("hints/scan", "/scan"),)), hints=(("hints/scan", "/scan"),), every=10
    )
    return replace(made, **options)  # type: ignore[arg-type]


def test_an_inspection_says_what_there_is(inspection: Inspection) -> None:
    text = "\n".join(inspection.lines())
    assert "camera  /camera/image_raw  sensor_msgs/msg/Image  10.1 Hz" in text
    assert "labels  /scan  sensor_msgs/msg/LaserScan" in text
    assert inspection.labels == (("hints/scan", "/scan"), ("tf", "/tf"))


def test_stamps_that_agree_are_found_to_agree(inspection: Inspection) -> None:
    offset = inspection.offsets["/camera/image_raw", "/scan"]
    assert offset.seconds is not None
    assert abs(offset.seconds) <= 0.04
    assert not offset.mirrored
    assert inspection.problems() == ([], [])


def test_stamps_that_are_300_ms_off_are_refused_with_the_remedy(tmp_path: Path) -> None:
    found = inspect(write_bag(tmp_path / "late", moments(), late_s=0.3))
    assert found.offsets["/camera/image_raw", "/scan"].seconds == pytest.approx(0.3, abs=0.05)
    refused, _ = found.problems()
    assert len(refused) == 1
    assert "synchronise the clocks" in refused[0]


def test_a_lidar_that_turns_the_other_way_round_is_a_warning(tmp_path: Path) -> None:
    flipped = (replace(one, scan_m=one.scan_m[::-1].copy()) for one in moments())
    found = inspect(write_bag(tmp_path / "flipped", flipped))
    assert found.offsets["/camera/image_raw", "/scan"].mirrored
    assert "upside down" in found.problems()[1][0]


def test_a_bag_without_camera_info_is_refused(bag: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="record the camera_info topic"):
        inspect(without(bag, tmp_path / "blind", "/camera/camera_info"))


def test_a_camera_info_that_was_never_sent_is_none(bag: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no camera_info was recorded"):
        inspect(silent(bag, tmp_path / "dumb", "/camera/camera_info"))


def test_a_bag_without_anything_that_measures_is_refused(bag: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing that measures distances"):
        inspect(without(without(bag, tmp_path / "alone", "/scan"), tmp_path / "still", "/tf"))


def test_a_wrong_name_of_labels_is_refused_with_those_that_fit(bag: Path) -> None:
    with pytest.raises(InputError, match="/scan"):
        inspect(bag, named=("scan=/front/scan",))
    with pytest.raises(InputError, match="did you mean 'scan'"):
        inspect(bag, named=("scam=/scan",))


def survey_of(**kinds: str) -> Survey:
    return Survey({f"/{name}": kind for name, kind in kinds.items()}, {}, 0, 1)


def test_the_motion_labels_by_tf_or_by_odometry_also_beside_a_sensor() -> None:
    by_tf = find_labels(survey_of(tf="tf2_msgs/msg/TFMessage", odom="nav_msgs/msg/Odometry"), [], ())
    assert by_tf == [("tf", "/tf")]
    assert parameters(by_tf) == {"hints.motion": True}
    by_odometry = find_labels(survey_of(odom="nav_msgs/msg/Odometry"), [], ())
    assert by_odometry == [("motion/odometry", "/odom")]
    assert parameters(by_odometry) == {"hints.motion": True, "motion.fixed_frame": ""}
    with_lidar = survey_of(tf="tf2_msgs/msg/TFMessage", scan="sensor_msgs/msg/LaserScan")
    assert find_labels(with_lidar, [], ()) == [("hints/scan", "/scan"), ("tf", "/tf")]
    assert find_labels(with_lidar, [], ("scan=/scan",)) == [("hints/scan", "/scan")]
    assert find_labels(with_lidar, [], ("tf=/tf",)) == [("tf", "/tf")]


def test_transforms_are_those_that_are_named_or_else_those_of_tf() -> None:
    tf = "tf2_msgs/msg/TFMessage"
    two = survey_of(**dict.fromkeys(("tf", "tf_static", "robot2/tf", "robot2/tf_static"), tf))
    assert find_tf(two, ()) == ["/tf", "/tf_static"]
    assert find_tf(two, (("tf", "/robot2/tf"),)) == ["/robot2/tf", "/robot2/tf_static"]
    assert find_tf(survey_of(**{"robot2/tf": tf}), ()) == ["/robot2/tf"]
    assert find_tf(survey_of(), ()) == []
    unclear = survey_of(scan="sensor_msgs/msg/LaserScan", **dict.fromkeys(("a/tf", "a/tf_static", "b/tf"), tf))
    for named in ((), ("scan=/scan",)):
        with pytest.raises(ValueError, match="each of /a/tf, /b/tf could be tf of this robot.*--labels tf=/a/tf"):
            find_labels(unclear, [], named)
    assert find_labels(unclear, [], ("tf=/b/tf",)) == [("tf", "/b/tf")]


def test_the_transforms_of_another_robot_do_not_place_the_sensor(bag: Path, tmp_path: Path) -> None:
    """The other robot has frames of the same names, and its lidar is turned by 0.7 rad."""
    rows = [(m.topic, m.kind, m.time_ns, m.data) for m in Bag(bag).messages()]
    other = [
        (f"/robot2{topic}", kind, time_ns + 1, turned(data) if topic == "/tf_static" else data)
        for topic, kind, time_ns, data in rows
        if topic.startswith("/tf")
    ]
    both = write(tmp_path / "both", sorted(rows + other, key=lambda row: row[2]))
    alone, again, second = tmp_path / "alone", tmp_path / "again", tmp_path / "second"
    label(job(bag, alone))
    label(job(both, again))
    label(job(both, second, hints=(("hints/scan", "/scan"), ("tf", "/robot2/tf"))))
    pixels = [LabelFolder(folder)[3].labels.pixels for folder in (alone, again, second)]
    assert np.array_equal(pixels[0], pixels[1])
    assert not np.array_equal(pixels[0], pixels[2])


def turned(data: bytes) -> bytes:
    """Turn the frame of the lidar to the left by 0.7 rad."""
    transforms = STORE.deserialize_cdr(data, TF_MESSAGE)
    for one in transforms.transforms:
        if one.child_frame_id == LIDAR_FRAME:
            one.transform.rotation = type(one.transform.rotation)(0.0, 0.0, math.sin(0.35), math.cos(0.35))
    return bytes(STORE.serialize_cdr(transforms, TF_MESSAGE))


def test_a_depth_image_that_is_named_takes_the_camera_info_beside_it() -> None:
    kinds = dict.fromkeys(("cam/camera_info", "tof/camera_info", "other"), "sensor_msgs/msg/CameraInfo")
    found = survey_of(**{"tof/depth": "sensor_msgs/msg/Image"}, **kinds)
    beside = [("hints/depth", "/tof/depth"), ("hints/depth/camera_info", "/tof/camera_info")]
    assert find_labels(found, [], ("depth=/tof/depth",)) == beside
    both = find_labels(found, [], ("depth=/tof/depth", "depth/camera_info=/other"))
    assert both == [beside[0], ("hints/depth/camera_info", "/other")]
    alone = survey_of(**{"tof/depth": "sensor_msgs/msg/Image", "cam/camera_info": "sensor_msgs/msg/CameraInfo"})
    with pytest.raises(InputError, match="/tof/camera_info.*it has: /cam/camera_info"):
        find_labels(alone, [], ("depth=/tof/depth",))


def test_of_two_sensors_of_a_kind_one_must_be_chosen(caplog: pytest.LogCaptureFixture) -> None:
    found = survey_of(a="sensor_msgs/msg/LaserScan", b="sensor_msgs/msg/LaserScan", c="sensor_msgs/msg/PointCloud2")
    assert find_labels(found, [], ()) == [("hints/points", "/c")]
    assert "--labels scan=/a" in caplog.text


def test_images_are_labelled_with_the_ranges_of_the_lidar(bag: Path, tmp_path: Path) -> None:
    report = label(job(bag, tmp_path / "frames"))
    assert (report.frames, report.hints) == (12, {"scan": 12})
    frames = LabelFolder(tmp_path / "frames")
    assert len(frames) == 12
    labelled = frames[3]
    assert len(labelled.labels) > 40
    ranges = labelled.labels.range_m
    assert 0.5 * HALF_M < ranges.min() <= ranges.max() < 1.5 * HALF_M
    # The lidar is 0.3 m below a level camera, so its points lie below the middle of the image.
    below_m = (labelled.labels.pixels[:, 1] - 59.5) / 100.0
    ahead = labelled.frame.camera.unproject(labelled.labels.pixels)[:, 2] * ranges
    assert np.allclose(below_m * ahead, 0.3, atol=0.02)


def test_frames_know_where_they_were_taken(bag: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    label(job(bag, tmp_path / "frames"))
    frames = LabelFolder(tmp_path / "frames")
    pose = frames.pose(3)
    assert pose is not None
    assert np.allclose(pose.translation_m, (0.0, 0.0, 0.5))
    time_s = (frames.stamp_ns(3) - frames.stamp_ns(0)) / 1e9
    ahead = pose.rotation[:, 2]
    assert math.atan2(ahead[1], ahead[0]) == pytest.approx(yaw(time_s), abs=1e-6)
    assert not [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    label(job(without(bag, tmp_path / "lost", "/tf"), tmp_path / "unknown"))
    assert LabelFolder(tmp_path / "unknown").pose(3) is None
    assert "record /tf" in caplog.text
    assert "odometry too: --labels scan=/scan --labels motion/odometry=TOPIC" in caplog.text


def test_the_mounting_comes_from_tf_where_the_base_frame_is_named(bag: Path, tmp_path: Path) -> None:
    made = job(bag, tmp_path / "frames")
    label(replace(made, parameters={**made.parameters, "mounting.base_frame": BASE_FRAME}))
    mounting = LabelFolder(tmp_path / "frames")[3].frame.camera.mounting
    assert mounting is not None
    assert mounting.height_m == pytest.approx(0.5)
    assert label(job(bag, tmp_path / "unknown")).frames == 12
    assert LabelFolder(tmp_path / "unknown")[3].frame.camera.mounting is None


def test_a_labelling_goes_on_where_it_stopped(bag: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    added = []

    def stop(writer: LabelWriter, labelled: LabelledFrame, add: Callable[..., None] = LabelWriter.add) -> None:
        if len(added) == 5:
            raise KeyboardInterrupt
        added.append(labelled.name)
        add(writer, labelled)

    with monkeypatch.context() as interrupted:
        interrupted.setattr(LabelWriter, "add", stop)
        with pytest.raises(KeyboardInterrupt):
            label(job(bag, tmp_path / "frames"))
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "frames").glob("*.npz")}
    assert len(before) == 5
    assert label(job(bag, tmp_path / "frames")).frames == 12
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "frames").glob("*.npz")}
    assert len(after) == 12
    assert before.items() <= after.items()


def test_images_of_one_stamp_are_counted_as_rejected(
    bag: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows, stamp_ns = [], next(Bag(bag).messages()).time_ns
    for m in Bag(bag).messages():
        pictures = m.topic == "/camera/image_raw"
        data = serialize(with_stamp(deserialize(m.data, Image), stamp_ns)) if pictures else m.data
        rows.append((m.topic, m.kind, m.time_ns, data))
    odd = job(write(tmp_path / "odd", rows), tmp_path / "frames")
    for _ in range(2):  # the second finds the frame of the first in the folder
        report = label(odd)
        assert (report.frames, report.rejected) == (1, {"same stamp": 11})
    assert "correct the driver that stamps" in caplog.text


def test_labels_of_other_options_are_made_again(bag: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A pose that is corrected in the same folder must reach the labels, or the old ones are refused for ever."""
    made = job(bag, tmp_path / "frames")
    poses = {"upside_down": "0.0 0.0 -0.3 180 0 0", "corrected": "0.0 0.0 -0.3 0 0 0"}
    found = {}
    for name, pose in poses.items():
        label(replace(made, parameters={**made.parameters, "hints.scan_pose": pose}))
        found[name] = LabelFolder(tmp_path / "frames")[3].labels.pixels
    assert not np.array_equal(found["upside_down"], found["corrected"])
    assert "it was made with other options (parameters), so it is made again" in caplog.text
    assert label(replace(made, end_s=6.0)).frames == 6
    assert len(LabelFolder(tmp_path / "frames")) == 6


def test_images_after_the_clock_of_the_recorder_stepped_back_are_labelled(bag: Path, tmp_path: Path) -> None:
    """Log times begin again in the second file of the bag, and stamps do not."""
    rows = [(m.topic, m.kind, m.time_ns, m.data) for m in Bag(bag).messages()]
    half = len(rows) // 2
    later = [(topic, kind, time_ns - 30_000_000_000, data) for topic, kind, time_ns, data in rows[half:]]
    split = tmp_path / "split"
    split.mkdir()
    for number, part in enumerate((rows[:half], later)):
        storage_file(write(tmp_path / f"part_{number}", part)).rename(split / f"split_{number}.mcap")
    report = label(job(split, tmp_path / "frames", every=1))
    assert (report.frames, report.rejected) == (120, {})


def test_images_without_labels_are_counted_with_the_reason(
    bag: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    report = label(job(without(bag, tmp_path / "lost", "/tf_static"), tmp_path / "frames"))
    assert (report.frames, report.rejected) == (0, {"no labels": 12})
    assert "hints.scan_pose" in caplog.text
