# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of grin_ros.ros. ROOT is the folder of the repository."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
"""The number of this process of pytest-xdist, and how many there are."""

DOMAINS = range(1 + WORKER, 93, WORKERS)
"""The ROS domains from which this process draws one. No other process of the same run draws from them."""
IN_PROCESS_DOMAIN = 101 - WORKER % 8
"""The domain of nodes inside the test process: for a while Fast DDS still announces the services of a closed context of
the same process, and a client in the drawn domain would send its request to one of them."""
