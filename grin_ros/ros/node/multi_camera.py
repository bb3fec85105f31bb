# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The program `grin_multi_camera`: several cameras in one process that share one engine.

Each camera has a complete lifecycle node `grin` in a namespace of its own, for example /front/grin and /rear/grin, with
its own topics, parameters and diagnostics. One thread serves the cameras in turn (worker.py).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rclpy.node import Node

from grin_ros.core.command_line import CommandParser
from grin_ros.core.geometry.kept_maps import KeptMaps
from grin_ros.core.input_error import InputError
from grin_ros.ros.frame.processor import Capture
from grin_ros.ros.node.camera_names import CameraName, parse_cameras
from grin_ros.ros.node.engines import Engines
from grin_ros.ros.node.lifecycle import GrinNode
from grin_ros.ros.node.process import run
from grin_ros.ros.node.worker import Worker
from grin_ros.ros.starting import own_arguments

NOTES = """\
Each camera has a node of its own: /front/grin publishes /front/depth/image. Parameters of one camera are in the
section /front/grin of a parameter file, those of all cameras in the section /**."""


def open_nodes(cameras: Sequence[CameraName]) -> list[GrinNode]:
    """Return the nodes of all cameras. They share engines and one worker, whose thread ends with the process."""
    # The namespace of the process comes from its remappings (__ns), which only a node can resolve.
    probe = Node("grin_multi_camera", start_parameter_services=False)
    namespace = probe.get_namespace()
    probe.destroy_node()
    KeptMaps.serve(len(cameras))
    engines = Engines()
    worker: Worker[Capture] = Worker()
    return [
        GrinNode(engines=engines, worker=worker, camera=camera.name, cli_args=camera.ros_arguments(namespace))
        for camera in cameras
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the entry point `grin_multi_camera` until SIGINT or SIGTERM."""
    given = list(sys.argv if arguments is None else arguments)
    parser = CommandParser(
        "grin_multi_camera",
        "Publish metric depth with its uncertainty for the images of several cameras.",
        "grin_multi_camera front=/front/image_raw rear=/rear/image_raw --ros-args -p autostart:=true",
        notes=NOTES,
        usage="%(prog)s [-h] NAME[=IMAGE_TOPIC] ... [--ros-args ...]",
    )
    parser.add_argument(
        "cameras",
        nargs="+",
        metavar="NAME[=IMAGE_TOPIC]",
        help="a camera: its namespace, and its image topic (default: image in that namespace)",
    )
    try:
        cameras = parse_cameras(parser.parse_args(own_arguments(given)).cameras)
    except ValueError as error:  # InputError is one
        parser.error(str(error))
    try:
        run(given, lambda: open_nodes(cameras))
    except InputError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
