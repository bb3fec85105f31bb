# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The distribution of ROS 2, such as 'jazzy', that this Python uses."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata

WHEELS = ("humble", "jazzy", "kilted", "lyrical")
"""The distributions whose rclpy may have come as a wheel."""


def distribution_of_wheels() -> str:
    """Return the distribution whose rclpy came as a wheel, or ''."""
    for distribution in WHEELS:
        try:
            metadata.version(f"ros-{distribution}-rclpy")
        except metadata.PackageNotFoundError:
            continue
        return distribution
    return ""


def distribution_of(environment: Mapping[str, str]) -> str:
    """Return the distribution that is sourced, or else that of the wheels; '' if neither is known."""
    return environment.get("ROS_DISTRO") or distribution_of_wheels()
