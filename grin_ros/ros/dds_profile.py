# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The Fast DDS profile of this package, with which large images fit through shared memory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PROFILE_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
"""The variable that Fast DDS 2 (Humble, Jazzy) reads, and the one that Fast DDS 3 reads."""
SWITCH = "GRIN_ROS_DDS_PROFILE"
"""With this variable set to 'false', processes keep the settings that Fast DDS has by itself."""


def use_dds_profile() -> None:
    """Set the profile for this process and those it starts, unless one is set. Call this before rclpy.init.

    Raises FileNotFoundError if the profile is not installed.
    """
    if os.environ.get(SWITCH, "").lower() == "false":
        return
    if not any(os.environ.get(name) for name in PROFILE_VARIABLES):
        os.environ.update(dict.fromkeys(PROFILE_VARIABLES, str(dds_profile())))


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
