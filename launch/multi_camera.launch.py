# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start one process for several cameras that share one engine. Its nodes configure and activate themselves.

ros2 launch grin_ros multi_camera.launch.py cameras:=front=/front/image_raw,rear=/rear/image_raw
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from launch_ros.actions import Node

from grin_ros.ros.node.camera_names import parse_cameras
from grin_ros.ros.node.launching import (
    described,
    fast_dds,
    hint_remappings,
    node_parameters,
    process_options,
    shared,
)
from launch import LaunchDescription

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parent / "config"

ARGUMENTS = {
    "cameras": (
        None,
        "The cameras, separated by commas: NAME (image and camera_info are in that namespace) or NAME=IMAGE_TOPIC.",
    ),
    "namespace": ("", "The namespace of all cameras: with robot1, the node of camera front is /robot1/front/grin."),
    "params_file": (
        str(CONFIG / "grin.yaml"),
        "The parameter file: the section /** is for all cameras, /front/grin for one.",
    ),
    **shared(
        "model", "backend", "hints", "compressed", "use_sim_time", "autostart", "respawn", "log_level", "dds_profile"
    ),
}


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and the actions that follow from them."""
    return described(ARGUMENTS, start)


def start(given: dict[str, str]) -> list[Any]:
    """Return the actions for these values of the arguments."""
    cameras = [camera.strip() for camera in given["cameras"].split(",") if camera.strip()]
    if not cameras:
        raise ValueError(f"launch argument cameras: got '{given['cameras']}', expected one or more, such as front,rear")
    parse_cameras(cameras)  # a process that refuses them would be started again and again
    process = Node(
        package="grin_ros",
        executable="grin_multi_camera",
        namespace=given["namespace"],
        parameters=node_parameters(given),
        remappings=hint_remappings(given),
        arguments=[*cameras, "--ros-args", "--log-level", given["log_level"]],
        **process_options(given),
    )
    return [*fast_dds(given, HERE), process]
