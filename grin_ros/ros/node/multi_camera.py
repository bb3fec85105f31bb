# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Several cameras in one process that share one engine.

Each camera has a complete lifecycle node `grin` in a namespace of its own, for example /front/grin and /rear/grin, with
its own topics, parameters and diagnostics. One thread serves the cameras in turn (worker.py).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.utilities import remove_ros_args, try_shutdown

from grin_ros.ros.frame.processor import Capture
from grin_ros.ros.node.camera_names import CameraName, parse_cameras
from grin_ros.ros.node.engines import Engines
from grin_ros.ros.node.lifecycle import STOP_TIMEOUT_S, GrinNode, spin
from grin_ros.ros.node.memory import keep_freed_memory
from grin_ros.ros.node.worker import Worker


class MultiCamera:
    """The nodes of all cameras, their engines and the worker that serves them."""

    def __init__(self, cameras: Sequence[CameraName], context: Context | None = None) -> None:
        # The namespace of the process comes from its remappings (__ns), which only a node can resolve.
        probe = Node("grin_multi_camera", context=context, start_parameter_services=False)
        namespace = probe.get_namespace()
        probe.destroy_node()
        engines = Engines()
        self._worker: Worker[Capture] = Worker("grin_worker")
        self.nodes = [
            GrinNode(
                engines=engines,
                worker=self._worker,
                context=context,
                cli_args=camera.ros_arguments(namespace),
            )
            for camera in cameras
        ]

    def close(self) -> None:
        """Close all nodes, then end the thread."""
        for node in self.nodes:
            node.close()
        self._worker.close(STOP_TIMEOUT_S)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point `grin_multi_camera`: runs until SIGINT or SIGTERM."""
    given = list(sys.argv if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="grin_multi_camera", description=__doc__.partition("\n")[0])
    parser.add_argument("cameras", nargs="+", metavar="NAME[=IMAGE_TOPIC]", help="a camera; its namespace, its topic")
    try:
        cameras = parse_cameras(parser.parse_args(remove_ros_args(given)[1:]).cameras)
    except ValueError as error:
        parser.error(str(error))
    keep_freed_memory()
    rclpy.init(args=given)
    process = MultiCamera(cameras)
    try:
        for node in process.nodes:
            node.autostart()
        spin(*process.nodes)
    except KeyboardInterrupt:
        pass
    finally:
        process.close()
        try_shutdown()


if __name__ == "__main__":
    main()
