# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A parameter file that is for other nodes is named, and one that is for this node is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from grin_ros.ros.parameters.files import unused_files


def warnings(folder: Path, content: str, *nodes: str) -> list[str]:
    file = folder / "robot.yaml"
    file.write_text(content)
    return list(unused_files(["grin_node", "--ros-args", "--params-file", str(file), "-p", "steps:=2"], nodes))


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


@pytest.mark.parametrize("content", ["", "[", "- 1", "grin: 3", "grin: {steps: 2}"])
def test_what_ros_itself_refuses_is_left_to_it(content: str, tmp_path: Path) -> None:
    assert warnings(tmp_path, content, "/grin") == []
