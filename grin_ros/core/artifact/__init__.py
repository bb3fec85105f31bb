# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The deployed model: a folder with three ONNX graphs, a weights file, a golden sample, and a manifest.

Nothing in the folder is executed or unpickled. Every file is checked against its hash in the manifest before it is
used.
"""
