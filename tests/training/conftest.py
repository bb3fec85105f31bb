# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tiny networks run fastest on one thread here too."""

from tests.model.conftest import one_thread

__all__ = ["one_thread"]
