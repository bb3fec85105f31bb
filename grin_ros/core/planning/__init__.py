# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a planner wants of a depth estimate: obstacles to mark, space to clear, a level scan. NumPy only, no ROS."""
