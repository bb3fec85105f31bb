# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sensors that share a topic are told apart by the frames of their messages, and what is not used is explained."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.core.input_error import InputError
from grin_ros.ros.inputs.hints.kept import KeptMessages
from grin_ros.ros.inputs.hints.registry import SOURCES
from grin_ros.ros.inputs.hints.sensors import GONE_AFTER, MOST_SENSORS
from grin_ros.ros.inputs.hints.source import Given, HintSource, View
from grin_ros.ros.inputs.ranges import MOST_RAYS
from tests.ros.inputs.hints.wall import (
    NOW_NS,
    beam,
    cloud,
    depth_error,
    depth_messages,
    scan,
    tree,
    view,
    wall_points,
    zones,
)

LEFT_M = 0.5
MESSAGES: Mapping[str, Callable[[], list[tuple[str, Any]]]] = {
    "scan": lambda: [("hints/scan", scan())],
    "points": lambda: [("hints/points", cloud(wall_points()))],
    "range": lambda: [("hints/range", beam())],
    "depth": lambda: depth_messages(zones(), 45.0),
}


def with_left_sensor() -> TransformTree:
    made = tree()
    made.set("base", "left", 0, Transform.from_rpy((0, LEFT_M, 0), (0, 0, 0)), static=True)
    made.set("camera", "left_tof", 0, Transform(made.lookup("camera", "tof").rotation, [0.0, LEFT_M, 0.0]), static=True)
    return made


def taken(name: str, *suffixes: str, shift_ns: int = 0) -> HintSource:
    """Return a source that has heard the sensor of the tests, and others in the frames of these names."""
    source = SOURCES[name].open()
    for suffix in ("", *suffixes):
        for topic, message in MESSAGES[name]():
            own = message.header.frame_id
            message.header.frame_id = suffix if not suffix or own != "tof" else f"{suffix}_tof"
            message.header.frame_id = message.header.frame_id or own
            if suffix and shift_ns:
                message.header.stamp.sec += shift_ns // 10**9
            source.take(topic, message)
    return source


def answer(source: HintSource, **hints: Any) -> Given:
    return source(view(with_left_sensor(), **hints))


@pytest.mark.parametrize("name", MESSAGES)
def test_two_sensors_on_one_topic_give_hints_both(name: str) -> None:
    one, two = answer(taken(name)), answer(taken(name, "left"))
    assert one.hints is not None and two.hints is not None
    assert len(two.hints) > 1.5 * len(one.hints) and two.hints.sources == (name,)
    assert depth_error(two) < 0.02


@pytest.mark.parametrize("name", MESSAGES)
def test_a_sensor_that_falls_silent_or_has_no_transform_leaves_the_other_one(name: str) -> None:
    one = answer(taken(name))
    silent = answer(taken(name, "left", shift_ns=-5 * 10**9))
    nowhere = answer(taken(name, "right"))
    assert one.hints is not None and silent.hints is not None and nowhere.hints is not None
    assert len(silent.hints) == len(nowhere.hints) == len(one.hints)
    assert re.search(r"in the frame 'left\w*' is 5\.00 s older than the image", silent.note), silent.note
    assert "tf does not hold 'right" in nowhere.note


@pytest.mark.parametrize("name", MESSAGES)
def test_the_fault_of_a_sensor_that_is_heard_comes_before_one_that_was(name: str) -> None:
    """A driver that is started again may give its messages the name of another frame."""
    source = SOURCES[name].open()
    for frame, age_s in (("left_tof" if name == "depth" else "left", 5), ("nowhere", 0)):
        for topic, message in MESSAGES[name]():
            message.header.frame_id = frame
            message.header.stamp.sec -= age_s
            source.take(topic, message)
    with pytest.raises(InputError, match="tf does not hold 'nowhere'"):
        answer(source)


def test_a_frame_is_forgotten_after_many_messages_of_others() -> None:
    source = taken("scan", "gone", shift_ns=-5 * 10**9)
    assert "in the frame 'gone' is 5.00 s older" in answer(source).note
    for _ in range(GONE_AFTER):
        source.take("hints/scan", scan())
    assert "in the frame 'gone'" not in answer(source).note


def test_of_many_frames_the_one_that_was_silent_longest_makes_room() -> None:
    source = taken("scan", *(f"sensor{number}" for number in range(MOST_SENSORS - 1)))
    assert "tf does not hold 'sensor0'" in answer(source).note
    source.take("hints/scan", scan())
    late = scan()
    late.header.frame_id = "late"
    source.take("hints/scan", late)
    found = answer(source)
    assert found.hints is not None
    assert "tf does not hold 'sensor1'" in found.note


@pytest.mark.parametrize("name", MESSAGES)
def test_a_sensor_whose_message_makes_the_program_fail_leaves_the_other_one(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = taken(name, "left")
    right: Callable[..., Given] = source.given  # type: ignore[attr-defined]

    def fail(at: View, message: Any) -> Given:
        if message.header.frame_id.startswith("left"):
            raise ZeroDivisionError("a bug")
        return right(at, message)

    monkeypatch.setattr(source, "given", fail)
    found = answer(source)
    assert found.hints is not None
    assert found.note.startswith("a message could not be used: ZeroDivisionError: a bug; report this")


@pytest.mark.parametrize("name", MESSAGES)
def test_the_pose_of_a_parameter_is_not_that_of_two_sensors(name: str) -> None:
    pose = {f"{name}_pose": "0 0 0 0 0 0"}
    assert answer(taken(name), **pose).hints is not None
    with pytest.raises(
        InputError, match=rf"hints\.{name}_pose is the pose of one sensor; set hints\.{name}_pose to tf"
    ):
        answer(taken(name, "left"), **pose)


def test_a_lidar_that_looks_into_empty_space_is_idle_and_one_that_looks_elsewhere_is_not() -> None:
    source = SOURCES["scan"].open()
    behind = scan(361)
    angles = np.linspace(-np.pi, np.pi, 361)
    behind.angle_min, behind.angle_max, behind.angle_increment = -np.pi, np.pi, float(angles[1] - angles[0])
    behind.ranges = np.where(np.abs(angles) > 2.0, 3.0 - 0.3 * np.cos(angles), np.inf).astype(np.float32).tolist()
    source.take("hints/scan", behind)
    assert source(view()).hints is None and source(view()).sees_nothing
    turned = tree()
    turned.set("base", "lidar", 0, Transform.from_rpy((0, 0, 0), (0, np.pi / 2, 0)), static=True)
    behind.ranges = [1.5 + 0.01 * np.sin(float(angle)) for angle in angles]
    assert not source(view(turned, max_range_m=1.0)).sees_nothing


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({"max_range_m": 1.0}, "in metres, or raise hints.max_range_m"),
        ({"min_range_m": 9.0}, "lower hints.min_range_m"),
        ({"points_pose": "0 0 0 0 0 180"}, "check that the camera sees what the sensor sees, and the pose"),
        ({"points_pose": "0 0 0 0 0 180"}, "hints.points_pose, or what tf says"),
    ],
)
def test_the_remedy_fits_the_reason(changes: dict[str, Any], remedy: str) -> None:
    source = SOURCES["points"].open()
    source.take("hints/points", cloud(wall_points()))
    assert remedy in source(view(**changes)).reason


def test_a_message_without_a_stamp_is_named_as_such() -> None:
    source = SOURCES["scan"].open()
    source.take("hints/scan", scan(stamp_ns=0))
    with pytest.raises(InputError, match=r"hints/scan in the frame 'lidar' has no time \(its stamp is 0\); let"):
        source(view())
    assert source(view(image_ns=10**7)).hints is not None, "a simulation begins at 0"


def test_a_scan_of_millions_of_rays_is_refused_at_once() -> None:
    source = SOURCES["scan"].open()
    source.take("hints/scan", scan(MOST_RAYS + 1))
    with pytest.raises(
        InputError, match="got 100001 ranges, expected at most 100000; publish so many points as a Point"
    ):
        source(view())


def test_of_huge_scans_only_the_newest_are_kept_in_memory() -> None:
    kept = KeptMessages("hints/scan")
    for step in range(4):
        message = scan(3, stamp_ns=NOW_NS + step * 10**8)
        message.ranges = np.zeros(8_000_000, np.float32)
        kept.add(message)
    assert kept.nearest(NOW_NS, 10.0).header.stamp.nanosec == 200_000_000


def test_of_a_large_depth_image_some_rows_and_columns_are_read() -> None:
    source = SOURCES["depth"].open()
    for topic, message in depth_messages(zones(1920, 1080), 60.0):
        source.take(topic, message)
    given = source(view())
    assert given.hints is not None and len(given.hints) > 10_000 and depth_error(given) < 0.02
