# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The table of topics agrees with the parameters, the message types and the makers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from grin_ros.ros.frame.outputs import MAKERS
from grin_ros.ros.frame.topics import DIAGNOSTICS, INPUTS, OUTPUTS, Topic
from grin_ros.ros.message_types import message_class, type_name
from grin_ros.ros.parameters.table import BY_NAME
from scripts import reference_docs
from tests.ros import ROOT

TOPICS = [*INPUTS.values(), *OUTPUTS.values(), DIAGNOSTICS]


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_topic_has_a_type_a_sentence_and_switches_that_are_boolean_parameters(topic: Topic) -> None:
    kind = message_class(topic.type)  # it is not everywhere
    assert type_name(kind) == topic.type if kind else topic.type.startswith("nav_msgs/")
    assert topic.description.endswith(".") and topic.description[0].isupper() and "\n" not in topic.description
    assert all(type(BY_NAME[name].default) is bool for name in topic.switches)


def test_the_reference_says_the_qos_of_every_topic() -> None:
    page = reference_docs.topics_page()
    for topics, reliability in ((INPUTS.values(), "best effort"), ([*OUTPUTS.values(), DIAGNOSTICS], "reliable")):
        for topic in topics:
            (row,) = [line for line in page.splitlines() if line.startswith(f"| `{topic.name}` |")]
            assert f"| {reliability}, last {topic.queue} |" in row
    assert INPUTS["hints/range"].queue > INPUTS["image"].queue == 1


def test_every_output_has_a_maker() -> None:
    assert MAKERS.keys() == OUTPUTS.keys()


def test_a_topic_is_on_while_one_of_its_switches_is() -> None:
    info = OUTPUTS["depth/camera_info"]
    assert info.on({"publish_mm"}) and not info.on({"publish_points"})
    assert DIAGNOSTICS.on(())


def test_the_table_can_be_read_without_ros() -> None:
    code = (
        "import sys, grin_ros.ros.frame.topics\n"
        "print({name.partition('.')[0] for name in sys.modules} & {'rclpy', 'sensor_msgs', 'numpy'})"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
