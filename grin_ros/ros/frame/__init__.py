# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One captured frame becomes messages. The node and the bag commands share this code."""
