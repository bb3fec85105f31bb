# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Dense hints: a depth camera or a lidar with many beams measures each cell of the query grid several times."""
