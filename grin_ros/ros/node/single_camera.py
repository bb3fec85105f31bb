# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The program `grin_node`: the node for one camera, in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from grin_ros.core.command_line import CommandParser
from grin_ros.core.input_error import InputError
from grin_ros.ros.node.lifecycle import GrinNode
from grin_ros.ros.node.process import run
from grin_ros.ros.starting import own_arguments

NOTES = """\
Without autostart the node waits for a lifecycle manager, or for
  ros2 lifecycle set /grin configure
  ros2 lifecycle set /grin activate

ros2 launch grin_ros grin.launch.py does all of this, and starts the node again if it ends.
All parameters are described in config/grin.yaml, and by ros2 param describe /grin NAME."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the entry point `grin_node` until SIGINT or SIGTERM."""
    given = list(sys.argv if arguments is None else arguments)
    parser = CommandParser(
        "grin_node",
        "Publish metric depth with its uncertainty for the images of one camera.",
        "grin_node --ros-args -p autostart:=true -r image:=/camera/image_raw -r camera_info:=/camera/camera_info",
        notes=NOTES,
        usage="%(prog)s [-h] [--ros-args ...]",
    )
    try:
        parser.parse_args(own_arguments(given))
        run(given, lambda: [GrinNode()])
    except InputError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
