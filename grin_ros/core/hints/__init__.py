# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scale of depth from what else measures range on the robot. NumPy only, no ROS."""
