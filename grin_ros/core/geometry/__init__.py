# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Cameras, rays and log-depth. NumPy and OpenCV only: training and the robot share this one geometry."""
