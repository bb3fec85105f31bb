# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The process of several cameras with the stand-in backend: python -m benchmarks.stand_in.multi_camera ..."""

from __future__ import annotations

from benchmarks.stand_in.engine import register
from grin_ros.ros.node.multi_camera import main

if __name__ == "__main__":
    register()
    main()
