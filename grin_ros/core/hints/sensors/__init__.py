# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What range sensors measured, before it becomes hints: codes for "nothing there", and gates for the rest."""
