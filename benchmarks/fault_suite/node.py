# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node with the backend `faulty` besides the real ones: python -m benchmarks.fault_suite.node --ros-args ...

GRIN_TEST_FILE_BYTES limits the size of the files that it writes, as a full disk does.
"""

from __future__ import annotations

import os
import resource

from benchmarks.fault_suite.engine import register
from grin_ros.ros.node.single_camera import main

FILE_BYTES_VARIABLE = "GRIN_TEST_FILE_BYTES"

if __name__ == "__main__":
    register()
    if FILE_BYTES_VARIABLE in os.environ:
        limit = int(os.environ[FILE_BYTES_VARIABLE])
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    main()
