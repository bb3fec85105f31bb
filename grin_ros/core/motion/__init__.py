# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints from a moving camera: corners tracked over frames and the poses of the camera give ranges in metres."""
