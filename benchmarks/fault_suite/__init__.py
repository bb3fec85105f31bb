# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Faults done to the real node over DDS. `benchmarks/faults.py` runs all of them, tests/ros/test_faults.py a few."""
