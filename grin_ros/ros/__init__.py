# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 edge: messages in, messages out, parameters, diagnostics, lifecycle. rclpy is imported here only."""
