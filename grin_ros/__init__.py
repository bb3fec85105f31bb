# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Metric depth with calibrated uncertainty from one camera, for ROS 2 robots (GRIN: pixel-level depth diffusion)."""

__version__ = "0.1.0"
