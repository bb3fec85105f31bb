# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start the node for one camera. It configures and activates itself, and is started again if its process ends.

ros2 launch grin_ros grin.launch.py image:=/camera/image_raw camera_info:=/camera/camera_info
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from launch_ros.actions import LifecycleNode

from grin_ros.ros.node.launching import described, fast_dds, hint_remappings, node_parameters, process_options, shared
from launch import LaunchDescription

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parent / "config"  # beside launch/ in the sources and when installed

ARGUMENTS = {
    "namespace": ("", "The namespace of the node and its topics."),
    "name": ("grin", "The name of the node."),
    **shared("image", "camera_info", "hints"),
    "scan": ("scan", "The topic of the scan that the node publishes. A lidar must not publish on it too."),
    "params_file": (str(CONFIG / "grin.yaml"), "The parameter file of the node."),
    **shared("model", "backend", "compressed", "use_sim_time", "autostart", "respawn", "log_level", "dds_profile"),
}


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and the actions that follow from them."""
    return described(ARGUMENTS, start)


def start(given: dict[str, str]) -> list[Any]:
    """Return the actions for these values of the arguments."""
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
            ("scan", given["scan"]),
            *hint_remappings(given),
        ],
        arguments=["--ros-args", "--log-level", given["log_level"]],
        **process_options(given),
    )
    return [*fast_dds(given, HERE), node]
