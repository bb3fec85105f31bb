# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Starts the node, which configures and activates itself; starts it anew should it ever die.

ros2 launch grin_ros grin.launch.py image:=/camera/image_raw camera_info:=/camera/camera_info
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from launch_ros.actions import LifecycleNode

from grin_ros.ros.node.launching import described, fast_dds, node_parameters, process_options
from launch import LaunchDescription

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parent / "config"  # beside launch/ in the sources and when installed

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
    return described(ARGUMENTS, start)


def start(given: dict[str, str]) -> list[Any]:
    """The actions, once the arguments' values are known."""
    node = LifecycleNode(
        package="grin_ros",
        executable="grin_node",
        name=given["name"],
        namespace=given["namespace"],
        parameters=node_parameters(given),
        remappings=[
            ("image", given["image"]),
            ("image/compressed", f"{given['image']}/compressed"),
            ("camera_info", given["camera_info"]),
        ],
        arguments=["--ros-args", "--log-level", given["log_level"]],
        **process_options(given),
    )
    return [*fast_dds(given, HERE), node]
