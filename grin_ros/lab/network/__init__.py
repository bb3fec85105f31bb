# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""GRIN in torch (arXiv 2409.09896): encoder, embeddings, Recurrent Interface Network. Robots do not need it."""
