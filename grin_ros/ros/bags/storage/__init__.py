# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The files of a bag: which they are, and the messages in them, whole or damaged."""
