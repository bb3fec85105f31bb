# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The entry points of the programs `grin_node` and `grin_multi_camera`, which need rclpy, and say so without it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from contextlib import suppress

from grin_ros.core import remedies
from grin_ros.core.command_line import WRONG_CALL


def grin_node() -> None:
    """Run the node for one camera."""
    _run("grin_node", "single_camera")


def grin_multi_camera() -> None:
    """Run the nodes of several cameras."""
    _run("grin_multi_camera", "multi_camera")


def _run(name: str, module: str) -> None:
    with suppress(KeyboardInterrupt):  # Ctrl-C while modules are imported
        _main(name, module)()


def _main(name: str, module: str) -> Callable[[], None]:
    try:
        main: Callable[[], None] = importlib.import_module(f"grin_ros.ros.node.{module}").main
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", "grin_ros"):  # a fault of this package, not something to install
            raise
        remedy = remedies.ros() if missing == "rclpy" or missing.endswith("_msgs") else remedies.install("ros-wheels")
        print(f"{name}: {missing} is not installed, and the node needs it. Type: {remedy}", file=sys.stderr)
        sys.exit(WRONG_CALL)
    return main
