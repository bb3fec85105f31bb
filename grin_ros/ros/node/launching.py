# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the launch files share: their arguments as a table, read back as text, and what follows from one of them.

Imports `launch`, which comes with a ROS installation and not from PyPI: only launch files import this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

from launch import LaunchContext, LaunchDescription

Arguments = Mapping[str, tuple[str | None, str]]
"""name -> (default, or None where it must be given; what it is)."""
RESPAWN_DELAY_S = 2.0


def described(arguments: Arguments, start: Callable[[dict[str, str]], list[Any]]) -> LaunchDescription:
    """The arguments, and the actions that `start` makes of their values once these are known."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in arguments.items()
    ]

    def act(context: LaunchContext) -> list[Any]:
        return start({name: LaunchConfiguration(name).perform(context) for name in arguments})

    return LaunchDescription([*declared, OpaqueFunction(function=act)])


def truth(given: Mapping[str, str], name: str) -> bool:
    """'true' or 'false', as launch arguments are written. Raises ValueError."""
    if given[name].lower() not in ("true", "false"):
        raise ValueError(f"launch argument {name}: got '{given[name]}', expected true or false")
    return given[name].lower() == "true"


def node_parameters(given: Mapping[str, str]) -> list[Any]:
    """`parameters` of a Node: the parameter file, and the arguments that say otherwise."""
    overrides: dict[str, Any] = {name: given[name] for name in ("model", "backend") if given[name]}
    if given["compressed"]:
        overrides["compressed"] = truth(given, "compressed")
    for name in ("use_sim_time", "autostart"):
        overrides[name] = truth(given, name)
    return [given["params_file"], overrides]


def process_options(given: Mapping[str, str]) -> dict[str, Any]:
    """How a node's process is watched: its output on the screen, started anew should it die."""
    respawn = truth(given, "respawn")
    return {"output": "screen", "emulate_tty": True, "respawn": respawn, "respawn_delay": RESPAWN_DELAY_S}


def included(file: Path, **arguments: str) -> IncludeLaunchDescription:
    """Another launch file, with these arguments."""
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(str(file)), launch_arguments=list(arguments.items()))


def fast_dds(given: Mapping[str, str], launch_files: Path) -> list[Any]:
    """The Fast DDS profile, for all that is started after it; nothing where it is not wanted."""
    return [included(launch_files / "dds_profile.launch.py")] if truth(given, "dds_profile") else []
