# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node with the stand-in backend besides the real ones: python -m benchmarks.stand_in.node --ros-args ..."""

from __future__ import annotations

from benchmarks.stand_in.engine import register
from grin_ros.ros.node.single_camera import main

if __name__ == "__main__":
    register()
    main()
