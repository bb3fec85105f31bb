# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Drives to measure and test with: a recorded one, worlds of boxes, and costmaps that mark and clear as Nav2 does."""
