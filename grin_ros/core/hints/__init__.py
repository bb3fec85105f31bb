# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints: measured ranges of some pixels correct the depth and the sigma of all of them. NumPy and OpenCV, no ROS."""
