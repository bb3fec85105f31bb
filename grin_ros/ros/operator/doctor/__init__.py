# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin doctor`: what is wrong with this installation, this environment, and the ROS graph around it; what to type."""

from __future__ import annotations

from grin_ros.ros.operator.doctor.command import main

__all__ = ["main"]
