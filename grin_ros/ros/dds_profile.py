# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The Fast DDS profile of this package, with which large images fit through shared memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from grin_ros.ros.distribution import distribution_of

PROFILE_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
"""The variable that Fast DDS 2 (Humble, Jazzy) reads, and the one that Fast DDS 3 reads."""
TRANSPORTS_VARIABLE = "FASTDDS_BUILTIN_TRANSPORTS"
"""The variable that chooses transports without a profile. The transports of a profile take their place."""
OLD_DISTRIBUTIONS = ("humble", "iron", "jazzy")
"""These have Fast DDS 2; later distributions have Fast DDS 3, which warns of the first variable."""
SWITCH = "GRIN_ROS_DDS_PROFILE"
"""With this variable set to 'false', processes keep the settings that Fast DDS has by itself."""


def use_dds_profile() -> None:
    """Set the profile for this process and those it starts. Call this before rclpy.init.

    A profile and transports that the user has set stay. Raises FileNotFoundError if the profile is not installed.
    """
    if os.environ.get(SWITCH, "").lower() == "false":
        return
    if not any(os.environ.get(name) for name in (*PROFILE_VARIABLES, TRANSPORTS_VARIABLE)):
        os.environ.update(dict.fromkeys(profile_variables(os.environ), str(dds_profile())))


def profile_variable(distribution: str) -> str:
    """Return the variable that the Fast DDS of a distribution reads."""
    return PROFILE_VARIABLES[distribution not in OLD_DISTRIBUTIONS]


def profile_variables(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variable that this ROS 2 reads; both where its distribution is not known."""
    distribution = distribution_of(environment)
    return (profile_variable(distribution),) if distribution else PROFILE_VARIABLES


def dds_profile() -> Path:
    """Return the path of config/fastdds.xml in the source tree, or where pip or colcon installed it.

    Raises FileNotFoundError.
    """
    source = Path(__file__).resolve().parents[2] / "config"
    prefixes = [sys.prefix, *os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)]
    for folder in (source, *(Path(prefix) / "share" / "grin_ros" / "config" for prefix in prefixes if prefix)):
        if (folder / "fastdds.xml").is_file():
            return folder / "fastdds.xml"
    searched = ", ".join([str(source), *prefixes])
    raise FileNotFoundError(f"config/fastdds.xml: not found in or under {searched}; reinstall grin_ros")
