# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A backend and a camera that stand in for real ones: the depth of every frame can be computed from its image."""
