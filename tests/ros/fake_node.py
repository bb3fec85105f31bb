# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The real node, with the backend of `fakes` besides the real ones: python -m tests.ros.fake_node --ros-args ..."""

from __future__ import annotations

from grin_ros.ros.node.lifecycle import main
from tests.ros.fakes import register

if __name__ == "__main__":
    register()
    main()
