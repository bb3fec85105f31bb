# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Set the Fast DDS profile for large images, for everything that a launch file starts after it includes this one.

Include it in the launch file of the camera driver too: both ends need it. A profile and transports that are already set
stay.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from launch.actions import LogInfo, OpaqueFunction, SetEnvironmentVariable

from grin_ros.ros.dds_profile import PROFILE_VARIABLES, TRANSPORTS_VARIABLE, profile_variables
from launch import LaunchContext, LaunchDescription

PROFILE = Path(__file__).resolve().parent.parent / "config" / "fastdds.xml"


def generate_launch_description() -> LaunchDescription:
    """Return the action; there are no arguments."""
    return LaunchDescription([OpaqueFunction(function=start)])


def start(_: LaunchContext) -> list[Any]:
    """Return the action that sets the variable. A profile and transports that the user has set stay."""
    for variable in (*PROFILE_VARIABLES, TRANSPORTS_VARIABLE):
        if os.environ.get(variable, str(PROFILE)) not in ("", str(PROFILE)):
            text = f"{variable} is set already, so the Fast DDS profile of grin_ros is not used. "
            copy = f" or copy the settings of {PROFILE} into yours" * (variable in PROFILE_VARIABLES)
            return [LogInfo(msg=f"{text}If large images get lost, unset it{copy}.")]
    return [SetEnvironmentVariable(variable, str(PROFILE)) for variable in profile_variables(os.environ)]
