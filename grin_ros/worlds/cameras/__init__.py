# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Lenses, the capture of exact ranges and light, and the image that a camera makes of light."""
