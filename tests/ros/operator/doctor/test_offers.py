# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Robots that have more than the node uses: the doctor says what, and what to type."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.ros.inputs.hints.registry import SOURCES
from grin_ros.ros.message_types import IMAGE
from grin_ros.ros.operator.doctor.finding import Severity
from grin_ros.ros.operator.doctor.graph import Endpoint, Reception, RosGraph, SeenNode, TopicEnds
from grin_ros.ros.operator.doctor.offers import ASKED, OFFERED, frame_findings, mountings_by_tf, offers

NODE, IMAGES, FRAME = "/grin", "/camera/image_raw", "cam_optical"
NOTHING: Mapping[str, bool | str] = {
    name: "" if name in ("mounting.base_frame", "motion.fixed_frame") else False for name in ASKED
}
MOUNTED = {**NOTHING, "mounting.known": True}


def robot(
    uses: Mapping[str, bool | str],
    topics: Mapping[str, str] | None = None,
    mountings: Mapping[str, Mounting] | None = None,
) -> RosGraph:
    """Return a graph with a node, its camera, and topics (name -> type) of a driver."""
    others = {name: TopicEnds([Endpoint("/driver", kind)]) for name, kind in (topics or {}).items()}
    return RosGraph(
        nodes=[SeenNode(NODE, "active", False, uses=uses)],
        topics={IMAGES: TopicEnds([Endpoint("/driver", IMAGE)], [Endpoint(NODE, IMAGE)]), **others},
        heard={IMAGES: Reception(30.0, FRAME, 0.01)},
        mountings=mountings or {},
    )


def test_a_robot_with_nothing_else_gets_no_offer() -> None:
    assert list(offers(robot(MOUNTED))) == []


def test_a_node_that_does_not_answer_gets_no_offer() -> None:
    assert list(offers(robot({}, {"/scan": "sensor_msgs/msg/LaserScan"}))) == []


@pytest.mark.parametrize("name", OFFERED)
def test_every_kind_of_sensor_is_offered_until_it_is_used(name: str) -> None:
    topic, (kind, _) = next(iter(SOURCES[name].topics.items()))
    graph = robot(MOUNTED, {"/sensor": kind})
    graph = replace(graph, heard={**graph.heard, "/sensor": Reception(10.0, depth=kind == IMAGE)})
    (found,) = offers(graph)
    assert found.level is Severity.OFFER
    assert "hints from /sensor" in found.text
    assert f"-p {SOURCES[name].switch}:=true -r {topic}:=/sensor" in found.remedy
    used = replace(graph.nodes[0], uses={**MOUNTED, SOURCES[name].switch: True})
    assert list(offers(replace(graph, nodes=[used]))) == []


def test_several_sensors_are_one_offer_with_one_command() -> None:
    sensors = {
        "/front": "sensor_msgs/msg/LaserScan",
        "/rear": "sensor_msgs/msg/LaserScan",
        "/odom": "nav_msgs/msg/Odometry",
    }
    (found,) = offers(robot(MOUNTED, sensors))
    assert "/front, /rear, /odom" in found.text
    assert (
        "--ros-args -p hints.scan:=true -p hints.motion:=true -r hints/scan:=/front -r motion/odometry:=/odom"
        in found.remedy
    )


def test_a_camera_and_the_outputs_of_the_node_are_not_offered() -> None:
    graph = robot(MOUNTED, {"/other": "sensor_msgs/msg/Image"})
    own = TopicEnds([Endpoint(NODE, "sensor_msgs/msg/PointCloud2"), Endpoint(NODE, "sensor_msgs/msg/LaserScan")])
    assert list(offers(replace(graph, topics={**graph.topics, "/points": own}))) == []


def test_motion_by_tf_counts_as_used() -> None:
    assert list(offers(robot({**MOUNTED, "motion.fixed_frame": "odom"}, {"/odom": "nav_msgs/msg/Odometry"}))) == []


@pytest.mark.parametrize(
    ("pitch_deg", "said"), [(12.0, "looks down by 12 degrees"), (-5.0, "looks up by 5 degrees"), (0.2, "and level")]
)
def test_the_mounting_that_tf_knows_is_offered(pitch_deg: float, said: str) -> None:
    known = {FRAME: Mounting(0.42, 0.0, math.radians(pitch_deg))}
    (found,) = offers(robot(NOTHING, mountings=known))
    assert "the floor cannot give depth its scale" in found.text
    assert "mounting.base_frame to base_footprint" in found.remedy
    assert "0.42 m above it" in found.remedy
    assert said in found.remedy
    assert list(offers(robot({**NOTHING, "mounting.base_frame": "base_footprint"}, mountings=known))) == []


def test_the_mounting_of_a_depth_camera_is_not_that_of_the_camera() -> None:
    graph = robot({**NOTHING, "hints.depth": True}, mountings={FRAME: Mounting(0.42), "tof": Mounting(0.1)})
    hints = TopicEnds([Endpoint("/driver", IMAGE)], [Endpoint(NODE, IMAGE)])
    graph = replace(
        graph,
        topics={"/a_tof/image": hints, **graph.topics},
        heard={"/a_tof/image": Reception(15.0, "tof", 0.01, depth=True), **graph.heard},
    )
    (found,) = offers(graph)
    assert "0.42 m above it" in found.remedy


def test_without_tf_the_mounting_is_to_be_measured() -> None:
    (found,) = offers(robot(NOTHING))
    assert "mounting.height_m" in found.remedy


def test_the_mounting_of_a_camera_comes_from_the_tree() -> None:
    tree = TransformTree()
    optical = Transform.from_rpy((0.1, 0.0, 0.3), (-math.pi / 2, 0.0, -math.pi / 2))
    tree.set("base_footprint", FRAME, 0, optical, static=True)
    tree.set("base_footprint", "below", 0, Transform.from_rpy((0.0, 0.0, -0.2), (0.0, 0.0, 0.0)), static=True)
    found = mountings_by_tf(tree, [FRAME, "below", "unknown", ""])
    assert list(found) == [FRAME]
    assert found[FRAME].height_m == pytest.approx(0.3)
    assert found[FRAME].pitch_rad == pytest.approx(0.0, abs=1e-9)


def framed(frame: str, mountings: Mapping[str, Mounting] | None = None) -> RosGraph:
    graph = robot(MOUNTED, mountings=mountings)
    return replace(graph, heard={IMAGES: Reception(30.0, frame, 0.01)})


def test_a_frame_that_is_not_called_optical_is_a_tip() -> None:
    (found,) = frame_findings(framed("camera_link"))
    assert found.level is Severity.OFFER
    assert f"{IMAGES}: the frame_id is 'camera_link'" in found.text
    assert not list(frame_findings(framed("cam_optical")))
    assert not list(frame_findings(framed("")))


def test_a_body_frame_by_tf_is_a_warning_and_an_optical_frame_of_another_name_is_none() -> None:
    (found,) = frame_findings(framed("camera_link", {"camera_link": Mounting(0.3, 0.0, -math.pi / 2)}))
    assert found.level is Severity.WARN
    assert "as if its frame were a body frame" in found.text
    assert not list(frame_findings(framed("camera", {"camera": Mounting(0.3)})))


def test_the_depth_of_a_sensor_may_have_any_frame() -> None:
    graph = framed("tof")
    assert not list(frame_findings(replace(graph, heard={IMAGES: replace(graph.heard[IMAGES], depth=True)})))
