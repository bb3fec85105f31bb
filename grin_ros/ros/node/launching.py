# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The common parts of the launch files: their arguments as a table, and what follows from the values.

Only launch files import this module: `launch` comes with a ROS installation and is not on PyPI.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction, SetEnvironmentVariable
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

from grin_ros.ros.dds_profile import SWITCH
from grin_ros.ros.inputs.hints.registry import SOURCES, wirings
from launch import LaunchContext, LaunchDescription

Arguments = Mapping[str, tuple[str | None, str]]
"""Argument name -> (default, description). The default is None if the argument must be given."""

RESPAWN_DELAY_S = 2.0
"""The pause before a process that has ended is started again."""

SHARED: Arguments = {
    "image": ("image", "The image topic. With compressed:=true the node subscribes to its /compressed topic."),
    "camera_info": ("camera_info", "The camera_info topic of the same camera."),
    "model": ("", "A shipped model or the path of an artifact. If empty, the parameter file decides."),
    "backend": ("", "The backend, for example openvino. If empty, the parameter file decides."),
    "hints": (
        "",
        "What else the robot measures, such as 'scan=/scan depth=/tof/image'. Each switches its source of hints on.",
    ),
    "compressed": ("", "Subscribe to compressed images: true or false. If empty, the parameter file decides."),
    "use_sim_time": ("false", "Take the time from /clock, as bags and simulators publish it: true or false."),
    "autostart": ("true", "Configure and activate the node: true or false. With false, a lifecycle manager does it."),
    "respawn": ("true", "Start the process again if it ends: true or false."),
    "log_level": ("info", "The least serious log messages to show: debug, info, warn or error."),
    "dds_profile": (
        "true",
        "Use the Fast DDS profile of grin_ros for large images: true or false. One that is already set stays.",
    ),
}
"""Arguments that mean the same in every launch file that has them."""


def shared(*names: str) -> Arguments:
    """Return these arguments of `SHARED`."""
    return {name: SHARED[name] for name in names}


def described(arguments: Arguments, start: Callable[[dict[str, str]], list[Any]]) -> LaunchDescription:
    """Return a launch file's description. start: makes the actions when the values of the arguments are known."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in arguments.items()
    ]

    def act(context: LaunchContext) -> list[Any]:
        return start({name: LaunchConfiguration(name).perform(context) for name in arguments})

    return LaunchDescription([*declared, OpaqueFunction(function=act)])


def truth(given: Mapping[str, str], name: str) -> bool:
    """Return the argument `name` as a bool. Raises ValueError unless it is 'true' or 'false', in any case."""
    if given[name].lower() not in ("true", "false"):
        raise ValueError(f"launch argument {name}: got '{given[name]}', expected true or false")
    return given[name].lower() == "true"


def node_parameters(given: Mapping[str, str]) -> list[Any]:
    """Return the `parameters` of a Node: the parameter file, and the arguments that override it."""
    overrides: dict[str, Any] = {name: given[name] for name in ("model", "backend") if given[name]}
    if given["compressed"]:
        overrides["compressed"] = truth(given, "compressed")
    for wiring in wirings(given.get("hints", "").split()):
        overrides[SOURCES[wiring.source].switch] = True
    for name in ("use_sim_time", "autostart"):
        overrides[name] = truth(given, name)
    return [given["params_file"], overrides]


def hint_remappings(given: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the remappings of the inputs of hints to the topics of the robot. Raises ValueError if one has two."""
    found: dict[str, str] = {}
    for wiring in wirings(given["hints"].split()):
        if found.setdefault(wiring.input, wiring.topic) != wiring.topic:
            raise ValueError(
                f"hints: got {found[wiring.input]} and {wiring.topic} for {wiring.input}, expected one topic; relay "
                "both to one, where sensors are told apart by the frames of their messages"
            )
    return list(found.items())


def process_options(given: Mapping[str, str]) -> dict[str, Any]:
    """Return the options of a node's process: its output on the screen, and whether it is started again."""
    respawn = truth(given, "respawn")
    return {"output": "screen", "emulate_tty": True, "respawn": respawn, "respawn_delay": RESPAWN_DELAY_S}


def included(file: Path, **arguments: str) -> IncludeLaunchDescription:
    """Return the action that includes another launch file with these arguments."""
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(str(file)), launch_arguments=list(arguments.items()))


def fast_dds(given: Mapping[str, str], launch_files: Path) -> list[Any]:
    """Return the action that sets the Fast DDS profile for everything started after it.

    If it is not wanted, return the one that keeps the node from setting it by itself.
    """
    if truth(given, "dds_profile"):
        return [included(launch_files / "dds_profile.launch.py")]
    return [SetEnvironmentVariable(SWITCH, "false")]
