# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Programs that measure the project. Each file here is a program; the folders hold the parts they share."""
