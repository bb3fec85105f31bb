# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Engines run the artifact's graphs. Each backend is one file or folder here, and one line of `registry.py`."""
