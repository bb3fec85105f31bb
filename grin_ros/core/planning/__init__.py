# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Products for planners: obstacles to mark, free space to clear, and a level scan. NumPy only, no ROS."""
