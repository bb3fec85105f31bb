# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The hint network: what the frozen model answers, hints to learn from, training, calibration and export."""
