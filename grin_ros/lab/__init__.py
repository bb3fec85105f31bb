# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Training, export and evaluation. This wing uses torch and is never needed to run."""
