# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How good are depth and sigma: figures against measured depth, trivial baselines, calibration, a picture report."""
