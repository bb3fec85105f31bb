# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Starts the node, which configures and activates itself; starts it anew should it ever die.

ros2 launch grin_ros grin.launch.py image:=/camera/image_raw camera_info:=/camera/camera_info
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode

from launch import LaunchContext, LaunchDescription

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parent / "config"  # beside launch/ in the sources and when installed
RESPAWN_DELAY_S = 2.0

ARGUMENTS = {
    "namespace": ("", "namespace of the node and its topics"),
    "name": ("grin", "name of the node"),
    "image": ("image", "image topic; with compressed:=true its /compressed is subscribed to"),
    "camera_info": ("camera_info", "camera_info topic of the same camera"),
    "params_file": (str(CONFIG / "grin.yaml"), "parameter file"),
    "model": ("", "shipped model or path of an artifact; empty: as the parameter file says"),
    "backend": ("", "backend; empty: as the parameter file says"),
    "compressed": ("", "true or false; empty: as the parameter file says"),
    "use_sim_time": ("false", "take the time from /clock"),
    "autostart": ("true", "configure and activate; false leaves it to a lifecycle manager"),
    "respawn": ("true", "start the node anew should its process die"),
    "log_level": ("info", "debug, info, warn or error"),
    "dds_profile": ("true", "use the shipped Fast DDS profile for large images, unless one is set already"),
}


def generate_launch_description() -> LaunchDescription:
    """The arguments, and what is made of their values."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])


def start(context: LaunchContext) -> list[Any]:
    """The actions, once the arguments' values are known."""
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    overrides: dict[str, Any] = {name: given[name] for name in ("model", "backend") if given[name]}
    if given["compressed"]:
        overrides["compressed"] = truth("compressed", given["compressed"])
    for name in ("use_sim_time", "autostart"):
        overrides[name] = truth(name, given[name])
    node = LifecycleNode(
        package="grin_ros",
        executable="grin_node",
        name=given["name"],
        namespace=given["namespace"],
        parameters=[given["params_file"], overrides],
        remappings=[
            ("image", given["image"]),
            ("image/compressed", f"{given['image']}/compressed"),
            ("camera_info", given["camera_info"]),
        ],
        arguments=["--ros-args", "--log-level", given["log_level"]],
        output="screen",
        emulate_tty=True,
        respawn=truth("respawn", given["respawn"]),
        respawn_delay=RESPAWN_DELAY_S,
    )
    dds = PythonLaunchDescriptionSource(str(HERE / "dds_profile.launch.py"))
    environment = [IncludeLaunchDescription(dds)] if truth("dds_profile", given["dds_profile"]) else []
    return [*environment, node]


def truth(name: str, text: str) -> bool:
    """'true' or 'false', as launch arguments are written. Raises ValueError."""
    if text.lower() not in ("true", "false"):
        raise ValueError(f"launch argument {name}: got '{text}', expected true or false")
    return text.lower() == "true"
