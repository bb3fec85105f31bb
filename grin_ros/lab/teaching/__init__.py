# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Teaching: from frames of one robot with sparse labels to an artifact that knows the robot's own building."""
