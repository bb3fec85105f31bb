# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Starts the node, configures it, and activates it once it is configured.

ros2 launch grin_ros grin.launch.py image:=/camera/image_raw camera_info:=/camera/camera_info
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
)
from launch.events import matches_action
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from lifecycle_msgs.msg import Transition

from launch import LaunchContext, LaunchDescription

CONFIG = Path(__file__).resolve().parent.parent / "config"  # beside launch/ in the sources and when installed
DDS_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")  # Fast DDS 2 (Humble, Jazzy) and 3

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
    overrides["use_sim_time"] = truth("use_sim_time", given["use_sim_time"])
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
    )
    activate = OnStateTransition(
        target_lifecycle_node=node,
        start_state="configuring",  # else a later deactivation, which ends in inactive too, would activate it again
        goal_state="inactive",
        entities=[change(node, Transition.TRANSITION_ACTIVATE)],
    )
    environment = dds_environment() if truth("dds_profile", given["dds_profile"]) else []
    return [*environment, RegisterEventHandler(activate), node, change(node, Transition.TRANSITION_CONFIGURE)]


def change(node: LifecycleNode, transition_id: int) -> EmitEvent:
    """Request a lifecycle transition of `node`."""
    return EmitEvent(event=ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition_id))


def dds_environment() -> list[Any]:
    """The shipped profile for the processes that this launch starts; one that the user has set stays."""
    for variable in DDS_VARIABLES:
        if os.environ.get(variable):
            return [LogInfo(msg=f"{variable} is set already: the Fast DDS profile of grin_ros is not used")]
    return [SetEnvironmentVariable(variable, str(CONFIG / "fastdds.xml")) for variable in DDS_VARIABLES]


def truth(name: str, text: str) -> bool:
    """'true' or 'false', as launch arguments are written. Raises ValueError."""
    if text.lower() not in ("true", "false"):
        raise ValueError(f"launch argument {name}: got '{text}', expected true or false")
    return text.lower() == "true"
