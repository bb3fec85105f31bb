# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Graphs with one thing wrong each: the doctor names it and says what to type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from grin_ros.core.input_error import InputError
from grin_ros.core.plausibility.doubt import doubt
from grin_ros.ros import commands
from grin_ros.ros.message_types import COMPRESSED, IMAGE, INFO
from grin_ros.ros.operator.doctor.finding import Finding, Severity, warn
from grin_ros.ros.operator.doctor.graph import (
    Endpoint,
    Reception,
    RosGraph,
    SeenNode,
    Status,
    TopicEnds,
    graph_findings,
)

NODE, DRIVER = "/grin", "/camera/driver"
SCAN = "sensor_msgs/msg/LaserScan"
IMAGES, INFOS = "/camera/image_raw", "/camera/camera_info"
GOOD = RosGraph(
    nodes=[SeenNode(NODE, "active", False, Status(0, "29.9 Hz"))],
    topics={
        IMAGES: TopicEnds([Endpoint(DRIVER, IMAGE)], [Endpoint(NODE, IMAGE)]),
        INFOS: TopicEnds([Endpoint(DRIVER, INFO)], [Endpoint(NODE, INFO)]),
        "/points": TopicEnds(
            [Endpoint(NODE, "sensor_msgs/msg/PointCloud2", reliable=True)],
            [Endpoint("/rviz", "sensor_msgs/msg/PointCloud2", reliable=True)],
        ),
    },
    heard={IMAGES: Reception(30.0, "cam", 0.01), INFOS: Reception(30.0, "cam", 0.01)},
    seconds=3.0,
    middleware="rmw_fastrtps_cpp",
)


@pytest.fixture(autouse=True)
def installed_ros(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_has_ros2", lambda: True)


def with_topics(**changed: TopicEnds) -> RosGraph:
    names = {"images": IMAGES, "infos": INFOS, "points": "/points", "clock": "/clock"}
    return replace(GOOD, topics={**GOOD.topics, **{names[key]: topic for key, topic in changed.items()}})


def with_node(**fields: object) -> RosGraph:
    return replace(GOOD, nodes=[replace(GOOD.nodes[0], **fields)])  # type: ignore[arg-type]


def with_heard(topic: str, **fields: object) -> RosGraph:
    return replace(GOOD, heard={**GOOD.heard, topic: replace(GOOD.heard[topic], **fields)})  # type: ignore[arg-type]


def bad(found: Sequence[Finding]) -> list[Finding]:
    return [each for each in found if each.level is not Severity.OK]


def test_a_graph_in_order_gives_only_ok() -> None:
    found = list(graph_findings(GOOD))
    assert bad(found) == []
    text = "\n".join(map(str, found))
    for said in ("/grin: active", "29.9 Hz", "30.0 Hz", f"camera {IMAGES} ({IMAGE}) with {INFOS}", "from the system"):
        assert said in text


def test_several_nodes_of_one_name_are_a_warning() -> None:
    (found,) = bad(list(graph_findings(with_node(count=2))))
    assert "/grin: 2 nodes have this name, so their depth mixes" in found.text
    assert "namespace" in found.remedy


@pytest.mark.parametrize("kind", [IMAGE, COMPRESSED])
def test_a_depth_topic_is_neither_offered_as_the_camera_nor_called_an_error(kind: str) -> None:
    depth = {
        "/aligned/image_raw": TopicEnds([Endpoint(DRIVER, kind)]),
        "/aligned/camera_info": TopicEnds([Endpoint(DRIVER, INFO)]),
    }
    refused = Reception(
        30.0, "cam", 0.01, InputError("image: got encoding '16UC1', which is depth", "remap"), depth=True
    )
    graph = replace(
        GOOD, nodes=[], topics={**depth, **GOOD.topics}, heard={**GOOD.heard, "/aligned/image_raw": refused}
    )
    (no_node,) = bad(list(graph_findings(graph)))
    assert no_node.remedy == f"ros2 launch grin_ros grin.launch.py image:={IMAGES} camera_info:={INFOS}"


@pytest.mark.parametrize("topic", [IMAGES, INFOS])
def test_implausible_input_is_a_warning_beside_its_rate(topic: str) -> None:
    graph = with_heard(topic, doubts=(doubt("nearly black", level=3.0), doubt("frozen", count=9)))
    black, frozen = bad(list(graph_findings(graph)))
    assert (black.level, frozen.level) == (Severity.WARN, Severity.WARN)
    assert black.text.startswith(f"{topic}: the picture is nearly black")
    assert "covered lens" in black.remedy
    assert "9 pictures are the same" in frozen.text


def test_a_camera_info_that_is_sent_once_and_kept_is_in_order() -> None:
    found = list(graph_findings(with_heard(INFOS, rate_hz=0.01, age_s=900.0, kept=True)))
    assert bad(found) == []
    assert f"OK     {INFOS}: kept for late subscribers" in map(str, found)


def test_a_camera_info_without_a_frame_is_no_error() -> None:
    assert bad(list(graph_findings(with_heard(INFOS, frame_id="")))) == []


MOVED = {"/front/rgb": TopicEnds([Endpoint(DRIVER, IMAGE)]), "/front/camera_info": TopicEnds([Endpoint(DRIVER, INFO)])}
SLOW = replace(GOOD, heard={topic: Reception(0.5, "cam", 0.01) for topic in (IMAGES, INFOS)})
NO_PUBLISHER = TopicEnds([], [Endpoint(NODE, IMAGE)])
WRONG: Mapping[str, tuple[RosGraph, Severity, str, str]] = {
    "no node": (
        replace(GOOD, nodes=[]),
        Severity.WARN,
        "no node of grin_ros",
        f"ros2 launch grin_ros grin.launch.py image:={IMAGES} camera_info:={INFOS}",
    ),
    "unconfigured": (
        with_node(lifecycle="unconfigured"),
        Severity.WARN,
        "unconfigured",
        "lifecycle set /grin configure",
    ),
    "inactive": (with_node(lifecycle="inactive"), Severity.WARN, "publishes nothing", "lifecycle set /grin activate"),
    "finalized": (with_node(lifecycle="finalized"), Severity.ERROR, "cannot come back", "start its process again"),
    "no answer": (with_node(lifecycle=""), Severity.ERROR, "does not answer", "log"),
    "says an error": (
        with_node(status=Status(2, "frame rejected: K[0] = 0; calibrate it", "calibrate it")),
        Severity.ERROR,
        "frame rejected: K[0] = 0",
        "calibrate it",
    ),
    "says a warning": (
        with_node(status=Status(1, "no image for 7 s; start the driver", "start the driver")),
        Severity.WARN,
        "7 s",
        "start the driver",
    ),
    "silent": (with_node(status=None), Severity.WARN, "nothing on /diagnostics", "log"),
    "clock without sim time": (
        with_topics(clock=TopicEnds([Endpoint("/bag", "rosgraph_msgs/msg/Clock")])),
        Severity.WARN,
        "takes the system's time",
        "ros2 param set /grin use_sim_time true",
    ),
    "sim time without clock": (with_node(use_sim_time=True), Severity.ERROR, "its time stands still", "--clock"),
    "nothing published": (
        replace(GOOD, topics={"/image": NO_PUBLISHER, **MOVED}),
        Severity.ERROR,
        "/image: nothing publishes it",
        "image:=/front/rgb camera_info:=/front/camera_info",
    ),
    "compressed": (
        with_topics(images=TopicEnds([Endpoint(DRIVER, COMPRESSED)], [Endpoint(NODE, IMAGE)])),
        Severity.ERROR,
        "publishes sensor_msgs/msg/CompressedImage",
        "compressed:=true",
    ),
    "another type": (
        with_topics(infos=TopicEnds([Endpoint(DRIVER, "std_msgs/msg/String")], [Endpoint(NODE, INFO)])),
        Severity.ERROR,
        "publishes std_msgs/msg/String",
        "remap",
    ),
    "reliable asked for": (
        with_topics(images=TopicEnds([Endpoint(DRIVER, IMAGE)], [Endpoint(NODE, IMAGE, reliable=True)])),
        Severity.ERROR,
        "asks for reliable",
        f"qos_overrides.{IMAGES}.subscription.reliability:=best_effort",
    ),
    "latched asked for": (
        with_topics(infos=TopicEnds([Endpoint(DRIVER, INFO)], [Endpoint(NODE, INFO, transient_local=True)])),
        Severity.ERROR,
        "asks for transient_local",
        "subscription.durability:=volatile",
    ),
    "a deaf listener": (
        with_topics(
            points=TopicEnds(
                [Endpoint(NODE, "sensor_msgs/msg/PointCloud2", reliable=True)],
                [Endpoint("/rviz", "sensor_msgs/msg/PointCloud2", reliable=True, transient_local=True)],
            )
        ),
        Severity.ERROR,
        "/points: /rviz asks for transient_local",
        "qos_overrides./points.publisher.durability:=transient_local",
    ),
    "the scan of a lidar": (
        replace(GOOD, topics={**GOOD.topics, "/scan": TopicEnds([Endpoint(NODE, SCAN), Endpoint("/lidar", SCAN)])}),
        Severity.WARN,
        "/scan: /lidar publishes it too",
        "namespace:=grin",
    ),
    "two publishers": (
        with_topics(images=TopicEnds([Endpoint(DRIVER, IMAGE), Endpoint("/other", IMAGE)], [Endpoint(NODE, IMAGE)])),
        Severity.WARN,
        "2 publishers (/camera/driver, /other)",
        "remap",
    ),
    "no camera_info": (
        with_topics(infos=TopicEnds([], [])),
        Severity.WARN,
        "no camera_info beside it",
        "camera_info_url",
    ),
    "published, not heard": (
        with_heard(IMAGES, rate_hz=0.0),
        Severity.ERROR,
        "no message in 3 s",
        "Fast DDS profile",
    ),
    "slow": (SLOW, Severity.WARN, f"{IMAGES}: 0.5 Hz", "frame rate"),
    "old": (with_heard(IMAGES, age_s=90.0), Severity.WARN, "90.0 s old", "clocks"),
    "of tomorrow": (with_heard(IMAGES, age_s=-5.0), Severity.WARN, "-5.0 s old", "clocks"),
    "uncalibrated": (
        with_heard(INFOS, problem=InputError("uncalibrated camera: got K[0] = 0", "calibrate")),
        Severity.ERROR,
        "but uncalibrated camera",
        "calibrate",
    ),
    "images lost": (
        with_heard(IMAGES, rate_hz=9.0),
        Severity.WARN,
        "9.0 Hz, but /camera/camera_info: 30.0",
        "Fast DDS",
    ),
    "other frame": (with_heard(INFOS, frame_id="/lidar"), Severity.ERROR, "('cam' and 'lidar')", "remap both"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_with_what_to_type(name: str) -> None:
    graph, level, text, remedy = WRONG[name]
    hits = [each for each in bad(list(graph_findings(graph))) if text in each.text]
    assert [each.level for each in hits] == [level], [str(each) for each in graph_findings(graph)]
    assert remedy in hits[0].remedy


def test_the_wheels_have_no_ros2_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_has_ros2", lambda: False)
    assert not any("ros2 l" in each.remedy for graph, *_ in WRONG.values() for each in graph_findings(graph))
    (no_node,) = bad(list(graph_findings(replace(GOOD, nodes=[]))))
    assert no_node.remedy == f"grin_node --ros-args -p autostart:=true -r image:={IMAGES} -r camera_info:={INFOS}"


def test_without_a_node_the_domain_is_named() -> None:
    (no_node,) = bad(list(graph_findings(replace(GOOD, nodes=[], domain=7))))
    assert no_node.text.endswith("or it runs in another ROS_DOMAIN_ID (this one is 7)")


def test_what_the_node_itself_publishes_is_no_camera() -> None:
    depth = TopicEnds([Endpoint(NODE, IMAGE, reliable=True)])
    found = list(graph_findings(replace(GOOD, topics={**GOOD.topics, "/depth/image": depth})))
    assert bad(found) == []
    assert not any("/depth/image" in each.text for each in found)


def test_a_finding_without_a_remedy_is_refused() -> None:
    with pytest.raises(ValueError, match="got no remedy"):
        warn("something", "")
