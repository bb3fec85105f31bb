# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Graphs in which a node does not hear the transforms: the doctor says why."""

from __future__ import annotations

from collections.abc import Sequence

from grin_ros.ros.message_types import TF_MESSAGE
from grin_ros.ros.operator.doctor.finding import Finding, Severity
from grin_ros.ros.operator.doctor.graph import Endpoint, RosGraph, SeenNode, TopicEnds
from grin_ros.ros.operator.doctor.transforms import transform_findings

NODE = "/grin"
PLAIN = Endpoint(NODE, TF_MESSAGE, reliable=True)
KEPT = Endpoint(NODE, TF_MESSAGE, reliable=True, transient_local=True)


def found(moving: Sequence[Endpoint], static: Sequence[Endpoint], takes: bool = True) -> list[Finding]:
    ends = {"/tf": TopicEnds(moving, [PLAIN] * takes), "/tf_static": TopicEnds(static, [KEPT, PLAIN] * takes)}
    return list(transform_findings(RosGraph(nodes=[SeenNode(NODE, "active")], topics=ends)))


def test_transforms_that_are_heard_are_in_order() -> None:
    static = [Endpoint("/state", TF_MESSAGE, True, True), Endpoint("/bag", TF_MESSAGE, True, False)]
    heard = found([Endpoint("/odometry", TF_MESSAGE, True)], static)
    assert [each.level for each in heard] == [Severity.OK] * 2
    assert [each.text for each in heard] == ["/tf: published by /odometry", "/tf_static: published by /bag, /state"]
    assert [each.level for each in found([], static)] == [Severity.OK], "a robot may stand still"


def test_a_publisher_that_is_not_reliable_is_named() -> None:
    moving, _ = found([Endpoint("/micro", TF_MESSAGE, reliable=False)], [Endpoint("/state", TF_MESSAGE, True, True)])
    assert moving.level is Severity.ERROR
    assert moving.text == "/tf: /grin asks for reliable, /micro does not offer it, so no transform arrives"
    assert moving.remedy == "make /micro publish /tf reliably, as tf2_ros does"


def test_a_graph_without_transforms_is_a_matter_only_of_nodes_that_take_some() -> None:
    (silent,) = found([], [])
    assert silent.level is Severity.WARN
    assert silent.text == "/tf and /tf_static: nothing publishes them, and /grin waits for transforms"
    assert "robot_state_publisher" in silent.remedy and "-r /tf:=/robot/tf" in silent.remedy
    assert found([], [], takes=False) == []
