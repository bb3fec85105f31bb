# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Engines run the artifact's three graphs. One file a backend, one line in the registry of `base`."""
