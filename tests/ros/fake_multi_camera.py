# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The real process of several cameras, with the backend of `fakes`: python -m tests.ros.fake_multi_camera ..."""

from __future__ import annotations

from grin_ros.ros.node.multi_camera import main
from tests.ros.fakes import register

if __name__ == "__main__":
    register()
    main()
