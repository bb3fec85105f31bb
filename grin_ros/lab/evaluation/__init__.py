# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Evaluation of depth and sigma: figures on measured depth, baselines, hints, a report with pictures."""
