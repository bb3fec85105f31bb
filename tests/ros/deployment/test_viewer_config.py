# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""RViz configuration and Foxglove layout are well formed, and the node publishes every topic in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import yaml
from std_msgs.msg import Header

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.ros.frame.cloud import cloud_message
from grin_ros.ros.frame.topics import OUTPUTS
from grin_ros.ros.operator.harness.messages import FRAME_ID
from tests.ros import ROOT

PUBLISHED = {f"/{topic.name}": topic.type.rpartition("/")[2] for topic in OUTPUTS.values()}
RVIZ: dict[str, Any] = yaml.safe_load((ROOT / "config" / "grin.rviz").read_text(encoding="utf-8"))
FOXGLOVE: dict[str, Any] = json.loads((ROOT / "config" / "foxglove_layout.json").read_text(encoding="utf-8"))


def displays() -> list[dict[str, Any]]:
    return [each for each in RVIZ["Visualization Manager"]["Displays"] if "Topic" in each]


@pytest.mark.parametrize("display", displays(), ids=lambda display: display["Name"])
def test_an_rviz_display_shows_a_topic_of_its_type_with_a_qos_that_the_node_offers(display: dict[str, Any]) -> None:
    topic = display["Topic"]
    assert display["Class"].rpartition("/")[2] == PUBLISHED[topic["Value"]]
    assert (topic["Reliability Policy"], topic["Durability Policy"]) in {
        ("Reliable", "Volatile"),
        ("Best Effort", "Volatile"),
    }
    assert display["Enabled"] == display["Value"]


def test_rviz_colours_points_by_a_field_that_they_have() -> None:
    (points,) = [each for each in displays() if each["Topic"]["Value"] == "/points"]
    depth_m = np.ones((2, 3), np.float32)
    frame = Frame(np.zeros((2, 3, 3), np.uint8), Camera(3, 2, 3.0, 3.0, 1.0, 0.5))
    fields = cloud_message(frame, DepthEstimate(depth_m, depth_m), Header()).fields
    assert points["Channel Name"] in {field.name for field in fields}
    assert RVIZ["Visualization Manager"]["Global Options"]["Fixed Frame"] == FRAME_ID


def topics(value: object) -> Iterator[str]:
    """Yield every text that begins like a topic, in keys too."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from topics(key)
            yield from topics(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from topics(inner)
    elif isinstance(value, str) and value.startswith("/"):
        yield value


def test_foxglove_shows_only_topics_of_the_node() -> None:
    named = set(topics(FOXGLOVE))
    assert named <= {*PUBLISHED, "/diagnostics"}
    assert {"/depth/image", "/depth/sigma", "/points", "/diagnostics"} <= named


def test_every_panel_of_foxglove_is_in_the_layout() -> None:
    def panels(layout: object) -> Iterator[str]:
        if isinstance(layout, dict):
            yield from panels(layout["first"])
            yield from panels(layout["second"])
        else:
            yield str(layout)

    assert sorted(panels(FOXGLOVE["layout"])) == sorted(FOXGLOVE["configById"])
