# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The recorded topics that `grin bag --hints` reads: the transforms of this robot, and ranges of older ROS versions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from rosbags.rosbag2 import Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import Image

from benchmarks.stand_in.engine import register
from grin_ros.ros.bags import command
from grin_ros.ros.bags.messages import deserialize, recorded
from grin_ros.ros.bags.reading import Bag
from grin_ros.ros.bags.run import Job, run
from grin_ros.ros.bags.storage.formats import STORAGES
from grin_ros.ros.inputs.tf import TF_STATIC
from grin_ros.ros.message_types import RANGE, TF_MESSAGE
from grin_ros.ros.operator.harness.messages import FRAME_ID
from tests.ros.bags import drives
from tests.ros.bags.drives import job_of, log_ns
from tests.ros.bags.recorded import write
from tests.ros.bags.test_hints import drive, factors, job, static_tf

FRAMES = 3
BACKWARDS = (0.5, 0.5, -0.5, -0.5)
"""The camera looks away from what the lidar sees."""


@pytest.fixture(autouse=True)
def fake_backend() -> None:
    register()


def two_robots(path: Path, mine: str, other: str) -> None:
    """Write the drive with a lidar whose transforms are on the topic `mine`. `other` says something else of the same
    frames, and later."""
    messages = [(m.topic, m.kind, m.time_ns, m.data) for m in Bag(drive(path / "whole")).messages()]
    (tf,) = [raw for raw in messages if raw[1] == TF_MESSAGE]
    rest = [raw for raw in messages if raw != tf]
    theirs = (other, TF_MESSAGE, tf[2] + 1, static_tf("lidar", FRAME_ID, BACKWARDS))
    write(path / "in", sorted([*rest, (mine, *tf[1:]), theirs], key=lambda raw: raw[2]))


def test_transforms_of_another_robot_are_not_taken(
    tmp_path: Path, fake_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    two_robots(tmp_path, TF_STATIC, "/robot2/tf_static")
    made = job(tmp_path, fake_artifact)
    alone = replace(made, input=str(tmp_path / "whole"), output=str(tmp_path / "alone"))
    assert run(made).hints == run(alone).hints
    assert factors(tmp_path / "out") == factors(tmp_path / "alone")
    assert "transforms of /robot2/tf_static are not used beside those of /tf_static" in caplog.text
    theirs = replace(made, hints=(*made.hints, ("tf", "/robot2/tf")), output=str(tmp_path / "theirs"))
    run(theirs)
    assert factors(tmp_path / "theirs") != factors(tmp_path / "alone")


def test_one_of_several_transforms_is_to_be_chosen(tmp_path: Path, fake_artifact: Path) -> None:
    two_robots(tmp_path, "/robot1/tf_static", "/robot2/tf_static")
    made = job(tmp_path, fake_artifact)
    with pytest.raises(ValueError, match="each of /robot1/tf, /robot2/tf could be tf .* --hints tf=/robot1/tf"):
        run(made)
    with pytest.raises(ValueError, match="tf=/robot3/tf: the bag has no such topic .* it has: /robot1/tf_static, /r"):
        run(replace(made, hints=(*made.hints, ("tf", "/robot3/tf"))))
    chosen = replace(made, hints=(*made.hints, ("tf", "/robot1/tf")))
    alone = replace(made, input=str(tmp_path / "whole"), output=str(tmp_path / "alone"))
    assert run(chosen).hints == run(alone).hints
    assert factors(tmp_path / "out") == factors(tmp_path / "alone")


def test_the_only_transforms_of_a_bag_are_taken(tmp_path: Path, fake_artifact: Path) -> None:
    messages = [(m.topic, m.kind, m.time_ns, m.data) for m in Bag(drive(tmp_path / "whole")).messages()]
    write(tmp_path / "in", [("/robot1/tf_static" if raw[0] == TF_STATIC else raw[0], *raw[1:]) for raw in messages])
    made = job(tmp_path, fake_artifact)
    assert run(made).hints == run(replace(made, input=str(tmp_path / "whole"), output=str(tmp_path / "x"))).hints


def test_the_option_names_transforms(fake_artifact: Path) -> None:
    call = ["in", "out", "--hints", "scan=/scan", "--hints", "tf=/robot1/tf", "--model", str(fake_artifact)]
    (made,) = command.jobs_of(command.parser().parse_args(call))
    assert made.hints == (("hints/scan", "/scan"), ("tf", "/robot1/tf"))


def humble_range(number: int) -> bytes:
    """Return a Range as Foxy and Humble write it: without the field `variance`."""
    store = get_typestore(Stores.ROS2_HUMBLE)
    stamp = store.types["builtin_interfaces/msg/Time"](100 + number, 0)
    header = store.types["std_msgs/msg/Header"](stamp, FRAME_ID)
    limits = {"field_of_view": 0.1, "min_range": 0.1, "max_range": 9.0}
    message = store.types[RANGE](header, radiation_type=0, range=3.0 + number, **limits)
    return bytes(store.serialize_cdr(message, RANGE))


def ranges(path: Path, artifact: Path, *, defined: bool, broken: bool = False) -> Job:
    """Write a drive with ranges of Humble, and return the job that uses them. defined: the bag has their definition."""
    jazzy = get_typestore(Stores.ROS2_JAZZY)
    text, digest = get_typestore(Stores.ROS2_HUMBLE).generate_msgdef(RANGE, ros_version=2)[0], f"RIHS01_{'1' * 64}"
    with Writer(path / "in", version=9, storage_plugin=STORAGES["mcap"].plugin) as writer:
        connections = {"/us": writer.add_connection("/us", RANGE, msgdef=text if defined else "", rihs01=digest)}
        for number in range(FRAMES):
            data = humble_range(number)
            beam = ("/us", RANGE, log_ns(number) - 1, data[:20] if broken else data)
            for topic, kind, time_ns, raw in [beam, *drives.recorded(number)]:
                if topic not in connections:
                    connections[topic] = writer.add_connection(topic, kind, typestore=jazzy)
                writer.write(connections[topic], time_ns, raw)
    made = job_of(path / "in", path / "out", artifact, hints=(("hints/range", "/us"),))
    values = {"hints.range": True, "hints.range_pose": "0 0 0 0 0 0"}
    return replace(made, parameters={**made.parameters, **values})


@pytest.mark.parametrize("defined", [True, False])
def test_ranges_of_older_versions_of_ros_are_read(
    tmp_path: Path, fake_artifact: Path, defined: bool, caplog: pytest.LogCaptureFixture
) -> None:
    assert run(ranges(tmp_path, fake_artifact, defined=defined)).complete
    assert "is not used" not in caplog.text
    first = next(Bag(tmp_path / "in").messages({"/us"}))
    message = recorded(first.data, RANGE, first.connection.msgdef.data)
    assert message.range == pytest.approx(3.0)
    assert message.max_range == pytest.approx(9.0)
    assert getattr(message, "variance", 0.0) == 0.0


def test_the_recorded_definition_counts() -> None:
    """It has fewer fields here than the installed message, in another order."""
    text = "uint32 width\nuint32 height\nstd_msgs/Header header\n"
    text += "=" * 80 + "\nMSG: std_msgs/Header\nstring frame_id\n"
    data = b"\0\1\0\0" + b"".join(number.to_bytes(4, "little") for number in (7, 5, 2)) + b"a\0"
    image = recorded(data, "sensor_msgs/msg/Image", text)
    assert isinstance(image, Image)
    assert (image.width, image.height, image.header.frame_id) == (7, 5, "a")
    with pytest.raises(ValueError, match="that are not one"):
        deserialize(data, Image)


def test_a_hint_topic_that_can_never_be_read_makes_the_work_incomplete(
    tmp_path: Path, fake_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    report = run(ranges(tmp_path, fake_artifact, defined=True, broken=True))
    assert (report.frames, report.complete) == (FRAMES, False)
    assert report.damage == (f"/us: none of its {FRAMES} messages can be read",)
    assert caplog.text.count("is not used: sensor_msgs/msg/Range: got") == 1
    assert f"/us: {FRAMES} messages are not used, each as the first: sensor_msgs/msg/Range: got" in caplog.text


def test_a_hint_topic_with_one_broken_message_is_no_damage(tmp_path: Path, fake_artifact: Path) -> None:
    first = next(Bag(drive(tmp_path / "in")).messages())
    assert first.data.endswith(b"broken")
    assert run(job(tmp_path, fake_artifact)).damage == ()
