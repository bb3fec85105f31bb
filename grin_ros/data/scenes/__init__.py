# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Procedural indoor scenes: rooms furnished at random, rendered as RGB images with exact range along the ray."""
