# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The frame processor, which turns a captured image into messages, and the table of topics."""
