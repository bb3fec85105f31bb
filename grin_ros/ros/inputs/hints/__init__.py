# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints: what the robot measures besides the image. A source is one file here and one line of the registry."""
