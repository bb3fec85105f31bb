# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Data sets to train and evaluate on: rendered shards, recordings, measured depth."""
