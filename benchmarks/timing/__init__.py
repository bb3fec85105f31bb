# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How frames and graphs are timed: the parts that benchmarks/engines.py puts together."""
