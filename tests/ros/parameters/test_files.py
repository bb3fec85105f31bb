# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Parameter files and sections that are for other nodes are named, and those that are for this node are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from grin_ros.ros.parameters.files import unused_sections


def warnings(folder: Path, content: str, *nodes: str) -> list[str]:
    file = folder / "robot.yaml"
    file.write_text(content)
    return list(unused_sections(["grin_node", "--ros-args", "--params-file", str(file), "-p", "steps:=2"], nodes))


@pytest.mark.parametrize(
    "section", ["/**", "grin", "/grin", "/*", "/**/grin", "/robot1/grin", "/robot1/*", "/robot1/**", "/*/grin", "**"]
)
def test_a_section_for_the_node_is_used(section: str, tmp_path: Path) -> None:
    node = "/robot1/grin" if "robot1" in section or section == "/*/grin" else "/grin"
    assert warnings(tmp_path, f"{section}: {{ros__parameters: {{steps: 2}}}}", node) == []


def test_sections_may_be_nested_and_one_of_several_nodes_is_enough(tmp_path: Path) -> None:
    nested = "robot1: {front: {grin: {ros__parameters: {steps: 2}}}}"
    assert warnings(tmp_path, nested, "/robot1/rear/grin", "/robot1/front/grin") == []


@pytest.mark.parametrize("section", ["grin_node", "/robot1/grin", "/*/grin", "grin_ros"])
def test_a_file_for_other_nodes_is_named(section: str, tmp_path: Path) -> None:
    (text,) = warnings(tmp_path, f"{section}: {{ros__parameters: {{steps: 2}}}}", "/grin")
    assert f"robot.yaml is not used: its sections are for /{section.strip('/')}, and the node is /grin; name" in text


SHARED = """
/**: {ros__parameters: {steps: 2}}
/robot1/rear/grin: {ros__parameters: {mounting: {pitch_deg: 10.0}}}
"""


def test_a_section_for_a_node_of_this_name_in_another_namespace_is_named(tmp_path: Path) -> None:
    (text,) = warnings(tmp_path, SHARED, "/front/grin", "/rear/grin")
    assert "the section /robot1/rear/grin of the parameter file" in text
    assert "robot.yaml has no effect in this process, which runs /front/grin, /rear/grin; unless it is for" in text
    assert warnings(tmp_path, SHARED, "/robot1/front/grin", "/robot1/rear/grin") == []


@pytest.mark.parametrize("section", ["/*/grin", "/robot1/**/grin", "robot1/grin"])
def test_such_a_section_may_have_wildcards(section: str, tmp_path: Path) -> None:
    content = f"{section}: {{ros__parameters: {{steps: 2}}}}\ngrin: {{ros__parameters: {{steps: 3}}}}"
    (text,) = warnings(tmp_path, content, "/grin")
    assert f"the section /{section.strip('/')} of" in text


def test_sections_for_nodes_of_other_names_are_none_of_its_business(tmp_path: Path) -> None:
    nav2 = "{controller_server: {ros__parameters: {a: 1}}, local_costmap: {local_costmap: {ros__parameters: {a: 1}}}}"
    content = f"/robot1: {nav2}\n{SHARED}"
    assert warnings(tmp_path, content, "/robot1/rear/grin") == []
    assert len(warnings(tmp_path, content, "/grin")) == 1


@pytest.mark.parametrize("content", ["", "[", "- 1", "grin: 3", "grin: {steps: 2}"])
def test_what_ros_itself_refuses_is_left_to_it(content: str, tmp_path: Path) -> None:
    assert warnings(tmp_path, content, "/grin") == []
