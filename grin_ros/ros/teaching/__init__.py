# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Conversion of a recorded bag to a folder of frames whose depth is known at some pixels, for `grin teach`."""
