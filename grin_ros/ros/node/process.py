# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The process in which one or several nodes run, from its start to SIGINT or SIGTERM."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from typing import Any

from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.utilities import try_shutdown

from grin_ros.ros.node.lifecycle import GrinNode
from grin_ros.ros.node.memory import keep_freed_memory
from grin_ros.ros.starting import start_ros


def run(arguments: Sequence[str], open_nodes: Callable[[], Sequence[GrinNode]]) -> None:
    """Run nodes until SIGINT or SIGTERM, then close them. arguments: those of the process, its name first.

    Raises InputError if these are wrong, a parameter among them.
    """
    keep_freed_memory()
    start_ros(arguments)
    nodes = open_nodes()
    try:
        for node in nodes:
            node.autostart()
        spin(nodes)
    except KeyboardInterrupt:
        pass
    finally:
        for node in nodes:
            node.close()
        try_shutdown()


def spin(nodes: Sequence[GrinNode]) -> None:
    """Serve these nodes until their context is shut down. An exception of a callback is logged, and they go on.

    rclpy raises here for what other nodes send: text that is not UTF-8, a parameter of a type that does not exist.
    """
    first = nodes[0]
    executor = SingleThreadedExecutor(context=first.context)
    for node in nodes:
        executor.add_node(node)
    while first.context.ok():
        _spin_until_exception(executor, first.get_logger())  # type: ignore[no-untyped-call]
    executor.shutdown()


def _spin_until_exception(executor: SingleThreadedExecutor, log: Any) -> None:
    try:
        executor.spin()
    except ExternalShutdownException:
        return
    except Exception:
        log.error(
            "a callback failed and the node goes on; another node may have sent a malformed message:\n"
            f"{traceback.format_exc()}"
        )
