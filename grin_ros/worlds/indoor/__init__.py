# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The indoor worlds: furnished rooms, corridors, halls and still lifes."""
