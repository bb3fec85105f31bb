# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The Fast DDS profile for large images, for all that a launch file starts after including this one.

Include it in the launch file of the camera driver too: both ends need it. A profile that is set already stays.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from launch.actions import LogInfo, OpaqueFunction, SetEnvironmentVariable

from launch import LaunchContext, LaunchDescription

PROFILE = Path(__file__).resolve().parent.parent / "config" / "fastdds.xml"
VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")  # Fast DDS 2 (Humble, Jazzy) and 3


def generate_launch_description() -> LaunchDescription:
    """No arguments."""
    return LaunchDescription([OpaqueFunction(function=start)])


def start(_: LaunchContext) -> list[Any]:
    """Set the variables; one that the user has set stays, unless it is this profile's."""
    for variable in VARIABLES:
        if os.environ.get(variable, str(PROFILE)) not in ("", str(PROFILE)):
            return [LogInfo(msg=f"{variable} is set already: the Fast DDS profile of grin_ros is not used")]
    return [SetEnvironmentVariable(variable, str(PROFILE)) for variable in VARIABLES]
