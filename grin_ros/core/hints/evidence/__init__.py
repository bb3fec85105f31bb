# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Evidence of pixels that no sensor has measured: the floor, and the silence of a sensor beyond its reach."""
