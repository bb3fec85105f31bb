# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Claims about figures, and what tries them: suites of checks, and sweeps over steps and members."""
