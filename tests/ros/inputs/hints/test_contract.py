# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What every source of hints keeps to: this suite runs over the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.core.types import Frame
from grin_ros.ros.frame.topics import INPUTS
from grin_ros.ros.inputs.hints.gathering import Gathered, HintInputs
from grin_ros.ros.inputs.hints.registry import SOURCES
from grin_ros.ros.message_types import message_class
from grin_ros.ros.parameters.table import BY_NAME, node_config
from tests.ros.inputs.hints.wall import (
    CAMERA,
    NOW_NS,
    OPTICAL,
    WALL_M,
    beam,
    cloud,
    depth_messages,
    scan,
    tree,
    wall_points,
    zones,
)

Messages = list[tuple[str, Any]]

EXAMPLES: Mapping[str, Callable[[int], Messages]] = {
    "scan": lambda stamp_ns: [("hints/scan", scan(stamp_ns=stamp_ns))],
    "points": lambda stamp_ns: [("hints/points", cloud(wall_points(), stamp_ns=stamp_ns))],
    "range": lambda stamp_ns: [("hints/range", beam(stamp_ns=stamp_ns))],
    "depth": lambda stamp_ns: depth_messages(zones(), 45.0, stamp_ns=stamp_ns),
    "landmarks": lambda stamp_ns: [("hints/landmarks", cloud(wall_points(), stamp_ns=stamp_ns))],
}
"""Source -> function of a stamp that returns messages from which it gives hints of the wall."""


def gathered(name: str, messages: Messages, of: TransformTree | None = None) -> Gathered:
    config = node_config({SOURCES[name].switch: True}).hints
    inputs = HintInputs(config, of or tree())
    for topic, message in messages:
        inputs.take(topic, message)
    frame = Frame(np.zeros((120, 160, 3), np.uint8), CAMERA, NOW_NS)
    return inputs.gather(frame, "optical", config)


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_has_topics_and_a_switch_that_is_off_by_default(name: str) -> None:
    kind = SOURCES[name]
    for topic, (type_name, _) in kind.topics.items():
        assert INPUTS[topic].switches == (kind.switch,)
        assert message_class(type_name) is not None or not type_name.startswith("sensor_msgs")
    assert BY_NAME[kind.switch].default is False
    assert (f"{kind.switch}_pose" in BY_NAME) == kind.placed


@pytest.mark.parametrize("name", SOURCES)
def test_without_messages_there_are_no_hints_and_the_reason_names_what_is_missing(name: str) -> None:
    found = gathered(name, [])
    assert found.hints is None and ";" in found.sources[name].reason
    assert any(topic in found.sources[name].reason for topic in (*SOURCES[name].topics, "tf"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_good_messages_give_hints_that_are_right(name: str) -> None:
    found = gathered(name, EXAMPLES[name](NOW_NS))
    assert found.hints is not None and found.sources[name].reason == ""
    assert found.hints.sources == (name,)
    assert all(count > 0 for count in found.sources[name].rejected.values())
    rays = CAMERA.unproject(found.hints.pixels)
    assert np.median(np.abs(found.hints.range_m * rays[:, 2] - WALL_M)) < 0.05


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize(("shift_s", "word"), [(-5.0, "older"), (5.0, "newer")])
def test_messages_of_another_time_give_none(name: str, shift_s: float, word: str) -> None:
    found = gathered(name, EXAMPLES[name](NOW_NS + round(shift_s * 1e9)))
    assert found.hints is None and word in found.sources[name].reason


@pytest.mark.parametrize("name", EXAMPLES)
def test_without_tf_the_reason_names_the_frames(name: str) -> None:
    found = gathered(name, EXAMPLES[name](NOW_NS), TransformTree())
    assert found.hints is None
    sensor = "tof" if name == "depth" else "lidar"
    assert found.sources[name].reason.startswith(f"tf: no transform from '{sensor}' to 'optical' (tf does not hold")
    assert (f"hints.{name}_pose" in found.sources[name].reason) == SOURCES[name].placed


@pytest.mark.parametrize("name", EXAMPLES)
def test_where_nothing_lies_in_the_image_the_reason_names_a_pose_that_can_be_corrected(name: str) -> None:
    behind = tree()
    behind.set("base", "tof", 0, OPTICAL, static=True)
    behind.set("base", "camera", 0, Transform.from_rpy((0, 0, 0), (0, 0, np.pi)), static=True)
    found = gathered(name, EXAMPLES[name](NOW_NS), behind)
    assert found.hints is None and "outside the image" in found.sources[name].reason
    assert found.sources[name].reason.endswith("what tf says of the frame of its messages")
    assert (f"hints.{name}_pose" in found.sources[name].reason) == SOURCES[name].placed


def test_a_source_that_fails_takes_nothing_else_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(type(SOURCES["scan"].open()), "__call__", fail)
    config = node_config({"hints.scan": True, "hints.points": True}).hints
    inputs = HintInputs(config, tree())
    inputs.take(*EXAMPLES["points"](NOW_NS)[0])
    found = inputs.gather(Frame(np.zeros((120, 160, 3), np.uint8), CAMERA, NOW_NS), "optical", config)
    assert found.hints is not None and found.hints.sources == ("points",)
    assert found.sources["scan"].reason.startswith("the source failed: RuntimeError: a bug; report this")


@pytest.mark.parametrize("name", SOURCES)
def test_only_its_switch_switches_a_source_on(name: str) -> None:
    switches = {row.name: True for row in SOURCES[name].parameters if isinstance(row.default, bool)}
    assert name not in node_config(switches).hints.on
    assert node_config(switches | {SOURCES[name].switch: True}).hints.on == {name}
