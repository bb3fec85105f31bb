# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A recorded drive through the node, with RViz or Foxglove to look at it.

ros2 launch grin_ros replay.launch.py bag:=drive image:=/front/image_raw camera_info:=/front/camera_info
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from launch.actions import EmitEvent, ExecuteProcess, LogInfo, TimerAction
from launch.events import Shutdown
from launch_ros.actions import Node
from launch_ros.substitutions import ExecutableInPackage

from grin_ros.ros.node.launching import described, included, truth
from launch import LaunchDescription

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parent / "config"
PASSED_ON = ("namespace", "image", "camera_info", "params_file", "model", "backend", "compressed", "log_level")

ARGUMENTS = {
    "bag": (None, "bag directory, .mcap or .db3 file"),
    "rate": ("1.0", "2.0 is twice as fast"),
    "loop": ("false", "again and again; the time jumps back each time"),
    "player": ("rosbag2", "rosbag2 (ros2 bag play), or grin (grin replay: it begins as soon as the node listens)"),
    "delay_s": ("10", "rosbag2 only: seconds until it begins; the node should be active by then"),
    "viewer": ("rviz", "rviz, foxglove (the bridge, to connect to), or none: then all ends with the bag"),
    "namespace": ("", "namespace of the node and its topics"),
    "image": ("image", "image topic in the bag, without /compressed"),
    "camera_info": ("camera_info", "camera_info topic of the same camera"),
    "params_file": (str(CONFIG / "grin.yaml"), "parameter file"),
    "model": ("", "shipped model or path of an artifact; empty: as the parameter file says"),
    "backend": ("", "backend; empty: as the parameter file says"),
    "compressed": ("", "true or false; empty: as the parameter file says"),
    "log_level": ("info", "debug, info, warn or error"),
}


def generate_launch_description() -> LaunchDescription:
    """The arguments, and what is made of their values."""
    return described(ARGUMENTS, start)


def start(given: dict[str, str]) -> list[Any]:
    """The actions, once the arguments' values are known."""
    passed = {name: given[name] for name in PASSED_ON}
    node = included(HERE / "grin.launch.py", **passed, use_sim_time="true", respawn="false")
    return [*viewer(given["viewer"]), node, player(given)]


def player(given: dict[str, str]) -> Any:
    """Plays the bag, with /clock; ends everything with it where nobody looks on."""
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
    """The image topic's full name, as the bag has it."""
    transport = "/compressed" if given["compressed"].lower() == "true" else ""
    inside = "" if given["image"].startswith("/") else f"/{given['namespace'].strip('/')}/"
    return f"{inside}{given['image']}{transport}".replace("//", "/")


def played(given: dict[str, str]) -> list[str]:
    """What both players understand."""
    loop = ["--loop"] if truth(given, "loop") else []
    return [given["bag"], "--rate", given["rate"], *loop]


def viewer(name: str) -> list[Any]:
    """What shows the bag and its depth, on the bag's time."""
    simulated = [{"use_sim_time": True}]
    if name == "rviz":
        arguments = ["-d", str(CONFIG / "grin.rviz")]
        return [Node(package="rviz2", executable="rviz2", name="rviz", arguments=arguments, parameters=simulated)]
    if name == "foxglove":
        layout = CONFIG / "foxglove_layout.json"
        return [
            Node(package="foxglove_bridge", executable="foxglove_bridge", name="foxglove", parameters=simulated),
            LogInfo(msg=f"Foxglove: connect to ws://localhost:8765 and import the layout {layout}"),
        ]
    if name == "none":
        return []
    raise ValueError(f"launch argument viewer: got '{name}', expected rviz, foxglove or none")
