# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The launch files with the real `launch` and the real node. Skipped without a ROS installation."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from sensor_msgs.msg import Image

from benchmarks.stand_in.camera import info_message, picture
from grin_ros.ros.operator.harness.client import NodeClient
from grin_ros.ros.operator.harness.messages import image_message
from grin_ros.ros.operator.harness.process import LoggedProcess
from tests.ros import ROOT
from tests.ros.bags.drives import drive
from tests.ros.deployment.launch_stand_ins import FILES, read_file

pytestmark = pytest.mark.ros
launch = pytest.importorskip("launch.actions", reason="launch is part of a ROS installation")
pytest.importorskip("launch_ros.actions", reason="launch_ros is part of a ROS installation")

RUN = """
import sys, launch
from launch.launch_description_sources import PythonLaunchDescriptionSource as Source
file, *given = sys.argv[1:]
include = launch.actions.IncludeLaunchDescription(Source(file), launch_arguments=[a.split(":=", 1) for a in given])
service = launch.LaunchService()
service.include_launch_description(launch.LaunchDescription([include]))
sys.exit(service.run())
"""


@pytest.mark.parametrize("name", FILES)
def test_every_argument_has_a_description_to_show(name: str) -> None:
    import launch as real

    if name == "nav2_example.launch.py":
        pytest.importorskip("ament_index_python")
    description = read_file(name).generate_launch_description()
    assert isinstance(description, real.LaunchDescription)
    for argument in description.get_launch_arguments():
        assert argument.description


class Launched(LoggedProcess):
    """A launch file that runs, without the command line of `ros2 launch`."""

    def __init__(self, log: Path, name: str, *given: str) -> None:
        command = [sys.executable, "-c", RUN, str(ROOT / "launch" / name), *given]
        super().__init__(log, command, {"OMP_NUM_THREADS": "1", "ROS_LOG_DIR": str(log.parent)})

    def pids(self) -> list[int]:
        """Return the ids of the processes that it has started, in order."""
        return [int(pid) for pid in re.findall(r"process started with pid \[(\d+)\]", self.text())]


Start = Callable[..., Any]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start launch files with the shipped model, each with a client of the node."""
    try:
        get_package_prefix("grin_ros")
    except PackageNotFoundError:
        pytest.skip("grin_ros is not installed as a ROS package (colcon build)")
    made: list[tuple[Launched, NodeClient]] = []

    def run(name: str, *given: str, node: str = "/grin") -> Any:
        launched = Launched(tmp_path / "log", name, "model:=nano", "backend:=ort", *given)
        client = NodeClient(launched, node)
        made.append((launched, client))
        return launched, client

    yield run
    for launched, client in made:
        client.close()
        launched.send_signal(signal.SIGINT)
        assert launched.wait(30.0) == 0, launched.text()
        assert "escalating" not in launched.text()


def test_one_camera_in_a_namespace_comes_up_works_and_comes_back_after_a_kill(start: Start) -> None:
    launched, client = start(
        "grin.launch.py", "namespace:=robot", "image:=/image", "camera_info:=/camera_info", node="/robot/grin"
    )
    client.subscribe("/robot/depth/image", Image)
    client.send_until(
        image_message(picture(), 1), info_message(), lambda: client.stamped("/robot/depth/image", 1), "depth"
    )
    (first,) = launched.pids()
    os.kill(first, signal.SIGKILL)
    client.wait(lambda: len(launched.pids()) == 2, "another process")
    client.send_until(
        image_message(picture(), 2), info_message(), lambda: client.stamped("/robot/depth/image", 2), "depth again"
    )


def test_several_cameras_come_up_in_a_robot_s_namespace(start: Start) -> None:
    _, client = start(
        "multi_camera.launch.py", "cameras:=front=/image,rear", "namespace:=robot", node="/robot/front/grin"
    )
    client.subscribe("/robot/front/depth/image", Image)
    client.send_until(
        image_message(picture(), 1), info_message(), lambda: client.stamped("/robot/front/depth/image", 1), "depth"
    )
    names = client.ros.get_node_names_and_namespaces()
    assert {("grin", "/robot/front"), ("grin", "/robot/rear")} <= set(names)


def test_a_replay_ends_with_its_bag(start: Start, tmp_path: Path) -> None:
    bag = drive(tmp_path / "drive", frames=40)
    launched, client = start(
        "replay.launch.py",
        f"bag:={bag}",
        "player:=grin",
        "viewer:=none",
        "image:=/front/image_raw",
        "camera_info:=/front/camera_info",
    )
    client.subscribe("/depth/image", Image)
    assert launched.wait(60.0) == 0, launched.text()
    assert "messages published" in launched.text()
    assert client.received["/depth/image"], launched.text()
