# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The process in which one or several nodes run, from its start to SIGINT or SIGTERM."""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.utilities import ok as rclpy_ok
from rclpy.utilities import try_shutdown

from grin_ros.core.backends.watchdog import engine_threads
from grin_ros.ros.node.lifecycle import GrinNode
from grin_ros.ros.node.memory import keep_freed_memory
from grin_ros.ros.parameters.files import unused_sections
from grin_ros.ros.starting import start_ros


def run(arguments: Sequence[str], open_nodes: Callable[[], Sequence[GrinNode]]) -> None:
    """Run nodes until SIGINT or SIGTERM, then close them. arguments: those of the process, its name first.

    Raises InputError if these are wrong, a parameter among them.
    """
    keep_freed_memory()
    try:
        _run_nodes(arguments, open_nodes)
    except KeyboardInterrupt:  # it may come at any moment, and once more while the nodes are closed
        pass
    except rclpy_implementation.RCLError:
        if rclpy_ok():
            raise  # else a signal has ended ROS 2 while a node was made or configured
    # A launch file and systemd may both send a signal. ROS 2 no longer handles it here, and the process would end with
    # an error.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _leave()


def _run_nodes(arguments: Sequence[str], open_nodes: Callable[[], Sequence[GrinNode]]) -> None:
    nodes: Sequence[GrinNode] = ()
    start_ros(arguments)
    try:
        nodes = open_nodes()
        for text in unused_sections(arguments, [node.get_fully_qualified_name() for node in nodes]):
            nodes[0].get_logger().warning(text)  # type: ignore[no-untyped-call]
        for node in nodes:
            node.autostart()
        spin(nodes)
    except KeyboardInterrupt:
        pass
    finally:
        for node in nodes:
            node.close()
        try_shutdown()


def _leave() -> None:
    """End the process at once if a backend is still being opened or hangs, because its runtime would abort the end."""
    if engine_threads():
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def spin(nodes: Sequence[GrinNode]) -> None:
    """Serve these nodes until their context is shut down. An exception of a callback is logged, and they go on.

    rclpy raises here for what other nodes send: text that is not UTF-8, a parameter of a type that does not exist.
    """
    first = nodes[0]
    if not first.context.ok():  # a signal has come before the first callback; an executor cannot be made any more
        return
    executor = SingleThreadedExecutor(context=first.context)
    for node in nodes:
        executor.add_node(node)
    while first.context.ok():
        _spin_until_exception(executor, first)
    executor.shutdown()


def _spin_until_exception(executor: SingleThreadedExecutor, node: GrinNode) -> None:
    try:
        executor.spin()
    except ExternalShutdownException:
        return
    except Exception:
        if not node.context.ok():  # a signal has ended ROS 2 before a callback or the executor was done with it
            return
        log: Any = node.get_logger()  # type: ignore[no-untyped-call]
        log.error(
            "a callback failed and the node goes on; another node may have sent a malformed message:\n"
            f"{traceback.format_exc()}"
        )
