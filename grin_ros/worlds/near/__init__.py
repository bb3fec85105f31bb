# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Places seen from 0.3 to 1.5 m: bins, conveyors, shelf compartments, table-tops, and floors before small robots."""
