# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""python -m grin_ros.ros.operator.doctor"""

from __future__ import annotations

import sys

from grin_ros.ros.operator.doctor.command import main

if __name__ == "__main__":
    sys.exit(main())
