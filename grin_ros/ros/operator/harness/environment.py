# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The environment variables that ROS 2 reads when a process starts."""

from __future__ import annotations

import os
import random
import sys

from grin_ros.ros.dds_profile import use_dds_profile
from grin_ros.ros.starting import use_log_folder


def prepare_environment() -> None:
    """Set the variables that ROS 2 reads, for this process and those it starts. Call this before anything of rclpy.

    Messages stay on this machine and in a domain chosen at random, large images fit through shared memory (the shipped
    Fast DDS profile), and the PyPI wheels find their resources. The first two replace the user's own settings; the
    others are set only where the user has set nothing.
    """
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 100))
    os.environ.setdefault("AMENT_PREFIX_PATH", sys.prefix)
    use_dds_profile()
    if note := use_log_folder():
        print(f"note: {note}", file=sys.stderr)
