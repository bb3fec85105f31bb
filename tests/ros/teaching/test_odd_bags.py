# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bags whose clock was set, with several cameras or with images that cannot be used, and windows of a bag."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from sensor_msgs.msg import CameraInfo

from grin_ros.core.labels.folder import LabelFolder
from grin_ros.ros.bags.messages import deserialize, serialize
from grin_ros.ros.bags.reading import Bag
from grin_ros.ros.bags.run import Job
from grin_ros.ros.message_types import TF_MESSAGE
from grin_ros.ros.teaching.inspection import inspect
from grin_ros.ros.teaching.labelling import label
from grin_ros.ros.teaching.rendered_bag import START_S, write_bag
from grin_ros.ros.teaching.sensors import parameters
from tests.ros.bags.recorded import STORE, Raw, write
from tests.ros.teaching.drive import moments

START_NS = round(START_S * 1e9)
IMAGE, SCAN = "/camera/image_raw", "/scan"


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bag(tmp_path_factory.mktemp("bags") / "drive", moments(), lidar_height_m=0.2)


def rows_of(bag: Path) -> list[Raw]:
    return [(m.topic, m.kind, m.time_ns, m.data) for m in Bag(bag).messages()]


def stamped(row: Raw, change: Callable[[int], int]) -> Raw:
    """Change the stamps in the headers of a message."""
    topic, kind, time_ns, data = row
    message = STORE.deserialize_cdr(data, kind)
    for one in message.transforms if kind == TF_MESSAGE else [message]:
        stamp = one.header.stamp
        stamp.sec, stamp.nanosec = divmod(change(stamp.sec * 10**9 + stamp.nanosec), 10**9)
    return topic, kind, time_ns, bytes(STORE.serialize_cdr(message, kind))


def clock_of_1970(time_ns: int) -> int:
    """Return what a clock without a battery shows until NTP sets it, three seconds after the start."""
    return time_ns - START_NS + 10**10 if START_NS <= time_ns < START_NS + 3 * 10**9 else time_ns


def job(bag: Path, output: Path, every: int = 2) -> Job:
    labels = (("hints/scan", SCAN),)
    return Job(str(bag), str(output), parameters(labels), hints=labels, every=every)


@pytest.mark.parametrize("logged", [True, False])
def test_a_clock_that_was_set_cuts_the_recording(
    logged: bool, bag: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [stamped(row, clock_of_1970) for row in rows_of(bag)]
    if logged:
        rows = [(topic, kind, clock_of_1970(time_ns), data) for topic, kind, time_ns, data in rows]
    odd = write(tmp_path / "odd", rows)
    found = inspect(odd)
    text = "\n".join(found.lines())
    assert f"the stamps of {IMAGE} jump by +1699999990 s, because the clock was set" in text
    assert ("the log times jump" in text) == logged
    assert found.length_s == pytest.approx(11.9, abs=0.2)
    assert found.rates[IMAGE] == pytest.approx(10.0, abs=0.5)
    assert found.offsets[IMAGE, SCAN].seconds == pytest.approx(0.0, abs=0.04)
    assert label(job(odd, tmp_path / "frames")).frames == 60
    frames = LabelFolder(tmp_path / "frames")
    recordings = [frames.recording(index) for index in range(len(frames))]
    assert sorted({name: recordings.count(name) for name in recordings}.values()) == [15, 45]
    assert "the clock was set" in caplog.text


def test_images_that_are_used_rarely_are_no_jump(bag: Path, tmp_path: Path) -> None:
    """Seven images in seven minutes: those between that are not used show that the clock was not set."""
    rows = [stamped(row, lambda n: START_NS + 35 * (n - START_NS)) for row in rows_of(bag) if row[0] != "/tf_static"]
    rows = [(topic, kind, START_NS + 35 * (time_ns - START_NS), data) for topic, kind, time_ns, data in rows]
    static = [row for row in rows_of(bag) if row[0] == "/tf_static"]
    assert label(job(write(tmp_path / "long", static + rows), tmp_path / "frames", every=20)).frames == 6
    frames = LabelFolder(tmp_path / "frames")
    assert {frames.recording(index) for index in range(len(frames))} == {"frames_camera_image_raw"}


def test_a_clock_that_was_set_later_than_is_looked_at_does_not_count_as_time(
    bag: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grin_ros.ros.teaching.inspection.LOOKED_AT_S", 2.0)
    rows = [(topic, kind, clock_of_1970(time_ns), data) for topic, kind, time_ns, data in rows_of(bag)]
    assert inspect(write(tmp_path / "odd", rows)).length_s == pytest.approx(11.9, abs=0.2)
    assert inspect(bag).length_s == pytest.approx(11.9, abs=0.01)  # by the index
    assert inspect(bag).rates[IMAGE] == pytest.approx(120 / 11.9)


def test_the_window_is_what_is_inspected(tmp_path: Path) -> None:
    """The scans of the second half are late."""
    rows = rows_of(write_bag(tmp_path / "drive", moments(24.0)))
    half_ns = START_NS + 12 * 10**9
    late = [stamped(r, lambda n: n + 300_000_000) if r[0] == SCAN and r[2] > half_ns else r for r in rows]
    both = write(tmp_path / "both", late)
    first, second = inspect(both, end_s=12.0), inspect(both, start_s=12.0)
    assert [round(one.rates[IMAGE] * one.length_s) for one in (first, second)] == [120, 120]
    assert first.offsets[IMAGE, SCAN].seconds == pytest.approx(0.0, abs=0.04)
    assert second.offsets[IMAGE, SCAN].seconds == pytest.approx(0.3, abs=0.04)
    with pytest.raises(ValueError, match="--start: got 30 s"):
        inspect(both, start_s=30.0)


def test_the_stamps_of_every_camera_are_checked(bag: Path, tmp_path: Path) -> None:
    rows = rows_of(bag)
    rear = [
        stamped((row[0].replace("/camera/", "/rear/"), *row[1:]), lambda n: n + 300_000_000)
        for row in rows
        if row[0].startswith("/camera/")
    ]
    found = inspect(write(tmp_path / "two", sorted(rows + rear, key=lambda row: row[2])))
    assert found.offsets[IMAGE, SCAN].seconds == pytest.approx(0.0, abs=0.04)
    assert found.offsets["/rear/image_raw", SCAN].seconds == pytest.approx(-0.3, abs=0.04)
    (refused,), _ = found.problems()
    assert "-300 ms against those of /rear/image_raw" in refused
    assert "choose the other cameras with --image" in refused


def test_images_that_cannot_be_used_are_named_with_the_remedy(
    bag: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def other_size(row: Raw) -> Raw:
        info = deserialize(row[3], CameraInfo)
        info.width, info.height = 640, 480
        return (*row[:3], serialize(info))

    rows = [other_size(row) if row[0] == "/camera/camera_info" else row for row in rows_of(bag)]
    odd = write(tmp_path / "odd", rows)
    reason = inspect(odd).offsets[IMAGE, SCAN].reason
    assert f"120 messages of {IMAGE} cannot be used, the first because of this: " in reason
    assert "160x120" in reason
    assert label(job(odd, tmp_path / "frames")).rejected == {"other size": 60}
    assert "other size: " in caplog.text
    assert caplog.text.count("160x120") == 1


def test_labels_that_can_never_be_read_are_named(bag: Path, tmp_path: Path) -> None:
    rows = [(topic, kind, time_ns, data[:20] if topic == SCAN else data) for topic, kind, time_ns, data in rows_of(bag)]
    scans = sum(topic == SCAN for topic, *_ in rows)
    report = label(job(write(tmp_path / "broken", rows), tmp_path / "frames"))
    assert (report.frames, report.complete) == (0, False)
    assert report.damage == (f"{SCAN}: none of its {scans} messages can be read",)
