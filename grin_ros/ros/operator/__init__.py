# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tools for the people who run the node: doctor, demo, view, and the harness that drives a node process."""
