# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Play a recorded drive to the node, and show it in RViz or Foxglove.

ros2 launch grin_ros replay.launch.py bag:=drive image:=/front/image_raw camera_info:=/front/camera_info
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch.actions import EmitEvent, ExecuteProcess, LogInfo, TimerAction
from launch.events import Shutdown
from launch_ros.actions import Node
from launch_ros.substitutions import ExecutableInPackage

from grin_ros.ros.node.launching import described, included, shared, truth
from launch import LaunchDescription

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parent / "config"
PASSED_ON = (
    *("namespace", "image", "camera_info", "hints", "scan", "params_file"),
    *("model", "backend", "compressed", "log_level"),
)
VIEWERS = {"rviz": "rviz2", "foxglove": "foxglove_bridge"}
"""Viewer -> the package that brings it."""

ARGUMENTS = {
    "bag": (None, "The recording: a bag directory, or a .mcap or .db3 file."),
    "rate": ("1.0", "The speed: 2.0 is twice as fast as recorded."),
    "loop": ("false", "Play the bag again and again: true or false. The time jumps back each time."),
    "player": (
        "rosbag2",
        "The player: rosbag2 (ros2 bag play), or grin (grin replay), which starts when the node listens.",
    ),
    "delay_s": ("10", "With rosbag2: the seconds until the bag starts. The node should be active by then."),
    "viewer": ("rviz", "The viewer: rviz, foxglove (its bridge), or none. With none, everything ends with the bag."),
    "namespace": ("", "The namespace of the node and its topics."),
    "image": ("image", "The image topic in the bag, without /compressed."),
    **shared("camera_info", "hints"),
    "scan": ("grin/scan", "The topic of the scan that the node publishes. /scan is left to the lidar of the bag."),
    "params_file": (str(CONFIG / "grin.yaml"), "The parameter file of the node."),
    **shared("model", "backend", "compressed", "log_level"),
}


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and the actions that follow from them."""
    return described(ARGUMENTS, start)


def start(given: dict[str, str]) -> list[Any]:
    """Return the actions for these values of the arguments."""
    passed = {name: given[name] for name in PASSED_ON}
    node = included(HERE / "grin.launch.py", **passed, use_sim_time="true", respawn="false")
    playing = player(given)
    return [*viewer(given["viewer"]), node, playing]


def player(given: dict[str, str]) -> Any:
    """Return the action that plays the bag with /clock. Without a viewer, everything ends when the bag ends."""
    ended = EmitEvent(event=Shutdown(reason="the bag has ended"))
    options: dict[str, Any] = {"output": "screen", "on_exit": [ended] if given["viewer"] == "none" else None}
    if given["player"] == "rosbag2":
        bag = ExecuteProcess(cmd=["ros2", "bag", "play", *played(given), "--clock"], **options)
        return TimerAction(period=float(given["delay_s"]), actions=[bag])
    if given["player"] == "grin":
        grin = ExecutableInPackage(package="grin_ros", executable="grin")
        command = [grin, "replay", *played(given), "--wait", heard(given)]
        return ExecuteProcess(cmd=command, **options)
    raise ValueError(f"launch argument player: got '{given['player']}', expected rosbag2 or grin")


def heard(given: dict[str, str]) -> str:
    """Return the full name of the image topic, as it is in the bag."""
    transport = "/compressed" if given["compressed"].lower() == "true" else ""
    inside = "" if given["image"].startswith("/") else f"/{given['namespace'].strip('/')}/"
    return f"{inside}{given['image']}{transport}".replace("//", "/")


def played(given: dict[str, str]) -> list[str]:
    """Return the options that both players have."""
    loop = ["--loop"] if truth(given, "loop") else []
    return [given["bag"], "--rate", given["rate"], *loop]


def viewer(name: str) -> list[Any]:
    """Return the actions that start the viewer, on the time of the bag. Raises ValueError if it is not installed."""
    if name == "none":
        return []
    if name not in VIEWERS:
        raise ValueError(f"launch argument viewer: got '{name}', expected rviz, foxglove or none")
    package = VIEWERS[name]
    try:
        get_package_prefix(package)
    except PackageNotFoundError as error:
        raise ValueError(
            f"launch argument viewer: got '{name}', but the package {package} is not installed; type: sudo apt install "
            f"ros-$ROS_DISTRO-{package.replace('_', '-')}, or give viewer:=none"
        ) from error
    simulated = [{"use_sim_time": True}]
    if name == "rviz":
        arguments = ["-d", str(CONFIG / "grin.rviz")]
        return [Node(package=package, executable="rviz2", name="rviz", arguments=arguments, parameters=simulated)]
    layout = CONFIG / "foxglove_layout.json"
    return [
        Node(package=package, executable="foxglove_bridge", name="foxglove", parameters=simulated),
        LogInfo(msg=f"open Foxglove, connect to ws://localhost:8765 and import the layout {layout}"),
    ]
