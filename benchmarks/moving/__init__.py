# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rendered drives, odometry with faults and a 2D lidar: the parts of benchmarks/motion.py."""
