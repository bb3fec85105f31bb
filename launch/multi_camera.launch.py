# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Starts one process for several cameras with one engine; its nodes configure and activate themselves.

ros2 launch grin_ros multi_camera.launch.py cameras:=front=/front/image_raw,rear=/rear/image_raw
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from grin_ros.ros.camera_names import parse_cameras
from launch import LaunchContext, LaunchDescription

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parent / "config"
RESPAWN_DELAY_S = 2.0

ARGUMENTS = {
    "cameras": (None, "separated by commas: NAME (image and camera_info in that namespace) or NAME=IMAGE_TOPIC"),
    "namespace": ("", "namespace of all cameras; camera front of robot1 is /robot1/front/grin"),
    "params_file": (str(CONFIG / "grin.yaml"), "parameter file; /** for all cameras, /front/grin for one"),
    "model": ("", "shipped model or path of an artifact; empty: as the parameter file says"),
    "backend": ("", "backend; empty: as the parameter file says"),
    "compressed": ("", "true or false, for all cameras; empty: as the parameter file says"),
    "use_sim_time": ("false", "take the time from /clock"),
    "autostart": ("true", "configure and activate; false leaves it to a lifecycle manager"),
    "respawn": ("true", "start the process anew should it die"),
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
    cameras = [camera.strip() for camera in given["cameras"].split(",") if camera.strip()]
    if not cameras:
        raise ValueError(f"launch argument cameras: got '{given['cameras']}', expected one or more, such as front,rear")
    parse_cameras(cameras)  # else the process would refuse them, and be started again and again
    overrides: dict[str, Any] = {name: given[name] for name in ("model", "backend") if given[name]}
    if given["compressed"]:
        overrides["compressed"] = truth("compressed", given["compressed"])
    for name in ("use_sim_time", "autostart"):
        overrides[name] = truth(name, given[name])
    process = Node(
        package="grin_ros",
        executable="grin_multi_camera",
        namespace=given["namespace"],
        parameters=[given["params_file"], overrides],
        arguments=[*cameras, "--ros-args", "--log-level", given["log_level"]],
        output="screen",
        emulate_tty=True,
        respawn=truth("respawn", given["respawn"]),
        respawn_delay=RESPAWN_DELAY_S,
    )
    dds = PythonLaunchDescriptionSource(str(HERE / "dds_profile.launch.py"))
    return [*([IncludeLaunchDescription(dds)] if truth("dds_profile", given["dds_profile"]) else []), process]


def truth(name: str, text: str) -> bool:
    """'true' or 'false', as launch arguments are written. Raises ValueError."""
    if text.lower() not in ("true", "false"):
        raise ValueError(f"launch argument {name}: got '{text}', expected true or false")
    return text.lower() == "true"
