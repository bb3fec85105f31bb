# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scale of depth from other sensors of the robot that measure range. NumPy only, no ROS."""
