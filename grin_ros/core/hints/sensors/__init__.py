# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The measurements of range sensors before they become hints: codes for "nothing there", and gates for the rest."""
