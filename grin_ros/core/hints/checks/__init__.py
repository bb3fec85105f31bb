# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Checks of hints, of their sigma and of the poses of sensors, while the robot drives."""
