# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Teacher networks: depth networks of others, from ONNX files, each used as its contract says."""
