# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Frames whose depth is known at some pixels: how they are stored between a recording and a training."""
