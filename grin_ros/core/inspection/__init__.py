# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Looking at an estimate: figures against measured depth, and pictures."""
