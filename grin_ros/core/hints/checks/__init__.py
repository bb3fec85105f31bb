# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What tells while the robot drives whether hints, their sigma and the poses of sensors hold."""
