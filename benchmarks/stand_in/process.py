# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A node process that knows the stand-in backend besides the real ones."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grin_ros.ros.operator.harness.process import NodeProcess

REPOSITORY = Path(__file__).resolve().parents[2]


def start_node(
    log: Path,
    parameters: Mapping[str, Any],
    *arguments: str,
    module: str = "benchmarks.stand_in.node",
    environment: Mapping[str, str] | None = None,
) -> NodeProcess:
    """Start the node with one thread a library. `module` may be another one of this repository."""
    # Packages of a sourced ROS 2 are found by this variable too.
    path = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))
    variables = {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", **(environment or {})}
    return NodeProcess(log, parameters, *arguments, module=module, environment=variables)
