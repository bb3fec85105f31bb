# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What is known of pixels that no sensor has measured: the floor, and what lies beyond the reach of a sensor."""
