# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Starts one process for several cameras with one engine; its nodes configure and activate themselves.

ros2 launch grin_ros multi_camera.launch.py cameras:=front=/front/image_raw,rear=/rear/image_raw
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from launch_ros.actions import Node

from grin_ros.ros.node.camera_names import parse_cameras
from grin_ros.ros.node.launching import described, fast_dds, node_parameters, process_options
from launch import LaunchDescription

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parent / "config"

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
    return described(ARGUMENTS, start)


def start(given: dict[str, str]) -> list[Any]:
    """The actions, once the arguments' values are known."""
    cameras = [camera.strip() for camera in given["cameras"].split(",") if camera.strip()]
    if not cameras:
        raise ValueError(f"launch argument cameras: got '{given['cameras']}', expected one or more, such as front,rear")
    parse_cameras(cameras)  # else the process would refuse them, and be started again and again
    process = Node(
        package="grin_ros",
        executable="grin_multi_camera",
        namespace=given["namespace"],
        parameters=node_parameters(given),
        arguments=[*cameras, "--ros-args", "--log-level", given["log_level"]],
        **process_options(given),
    )
    return [*fast_dds(given, HERE), process]
