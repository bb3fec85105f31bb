# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What is to be typed works where it is told: with the command `ros2`, and with the wheels, which have none."""

from __future__ import annotations

from pathlib import Path

import pytest

from grin_ros.ros import commands


@pytest.fixture(params=[True, False], ids=["ros2", "wheels"])
def has_ros2(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> bool:
    if request.param:
        program = tmp_path / "ros2"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return bool(request.param)


def test_the_node_is_started_by_its_launch_file_or_by_its_program(has_ros2: bool) -> None:
    said = commands.start("/front/image_raw", "/front/camera_info")
    assert said == (
        "ros2 launch grin_ros grin.launch.py image:=/front/image_raw camera_info:=/front/camera_info"
        if has_ros2
        else "grin_node --ros-args -p autostart:=true -r image:=/front/image_raw -r camera_info:=/front/camera_info"
    )


def test_compressed_images_are_remapped_by_their_own_name(has_ros2: bool) -> None:
    said = commands.start("/front/image_raw/compressed", "/front/camera_info", compressed=True)
    expected = (
        "image:=/front/image_raw camera_info:=/front/camera_info compressed:=true"
        if has_ros2
        else "-p compressed:=true -r image/compressed:=/front/image_raw/compressed -r camera_info:=/front/camera_info"
    )
    assert said.endswith(expected)


def test_a_node_is_activated_or_started_again(has_ros2: bool) -> None:
    said = commands.transitions("/grin", "configure", "activate")
    typed = "type: ros2 lifecycle set /grin configure && ros2 lifecycle set /grin activate"
    assert said == (typed if has_ros2 else commands.AUTOSTART)


def test_a_parameter_is_set_or_given_at_the_start(has_ros2: bool) -> None:
    said = commands.parameter("/grin", "use_sim_time", "true")
    assert said == (
        "ros2 param set /grin use_sim_time true" if has_ros2 else "start the node with --ros-args -p use_sim_time:=true"
    )


def test_a_namespace_is_given_at_the_start(has_ros2: bool) -> None:
    assert commands.namespace("robot1") == ("namespace:=robot1" if has_ros2 else "--ros-args -r __ns:=/robot1")


def test_hints_are_given_at_the_start(has_ros2: bool) -> None:
    wired = [
        ("hints.scan", "hints/scan", "/front"),
        ("hints.depth", "hints/depth", "/tof/image"),
        ("hints.depth", "hints/depth/camera_info", "/tof/camera_info"),
    ]
    assert commands.hints(wired) == (
        'hints:="scan=/front depth=/tof/image"'
        if has_ros2
        else "--ros-args -p hints.scan:=true -p hints.depth:=true -r hints/scan:=/front -r hints/depth:=/tof/image "
        "-r hints/depth/camera_info:=/tof/camera_info"
    )
