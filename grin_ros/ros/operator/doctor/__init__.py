# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin doctor`: find what is wrong with the installation, the environment and the ROS graph, and say what to type."""
