# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The environment variables that ROS 2 reads when a process starts."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path


def prepare_environment() -> None:
    """Set the variables that ROS 2 reads, for this process and those it starts. Call this before anything of rclpy.

    Messages stay on this machine and in a domain chosen at random, large images fit through shared memory (the shipped
    Fast DDS profile), and the PyPI wheels find their resources. The first two replace the user's own settings; the
    others are set only where the user has set nothing.
    """
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 100))
    os.environ.setdefault("AMENT_PREFIX_PATH", sys.prefix)
    profile = str(dds_profile())
    for name in ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"):  # Fast DDS 2 and 3
        os.environ.setdefault(name, profile)


def dds_profile() -> Path:
    """Return the path of config/fastdds.xml in the source tree, or where pip or colcon installed it.

    Raises FileNotFoundError.
    """
    source = Path(__file__).resolve().parents[4] / "config"
    prefixes = [sys.prefix, *os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)]
    for folder in (source, *(Path(prefix) / "share" / "grin_ros" / "config" for prefix in prefixes if prefix)):
        if (folder / "fastdds.xml").is_file():
            return folder / "fastdds.xml"
    searched = ", ".join([str(source), *prefixes])
    raise FileNotFoundError(f"config/fastdds.xml: not found in or under {searched}; reinstall grin_ros")
