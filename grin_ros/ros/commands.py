# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The commands that start a node and change its state, as they work here: the wheels of ROS 2 have no `ros2`."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from grin_ros.ros.topic_names import raw_topic

AUTOSTART = "start the node with --ros-args -p autostart:=true"
"""This configures and activates a node everywhere."""


def start(image: str = "<image topic>", info: str = "<camera_info topic>", *, compressed: bool = False) -> str:
    """Return the command that starts the node for a camera.

    image: the topic of its images, with or without /compressed. info: that of its camera_info. compressed: the images
    are on the topic image/compressed.
    """
    raw = raw_topic(image)
    if _has_ros2():
        more = " compressed:=true" if compressed else ""
        return f"ros2 launch grin_ros grin.launch.py image:={raw} camera_info:={info}{more}"
    heard = f"-p compressed:=true -r image/compressed:={raw}/compressed" if compressed else f"-r image:={raw}"
    return f"grin_node --ros-args -p autostart:=true {heard} -r camera_info:={info}"


def transitions(node: str, *names: str) -> str:
    """Return how to request transitions of a node, such as configure. node: its full name."""
    if not _has_ros2():
        return AUTOSTART
    return "type: " + " && ".join(f"ros2 lifecycle set {node} {name}" for name in names)


def parameter(node: str, name: str, value: str) -> str:
    """Return how to set a parameter of a node. node: its full name."""
    if not _has_ros2():
        return f"start the node with --ros-args -p {name}:={value}"
    return f"ros2 param set {node} {name} {value}"


def namespace(name: str) -> str:
    """Return the argument that starts a node in a namespace."""
    return f"namespace:={name}" if _has_ros2() else f"--ros-args -r __ns:=/{name}"


def hints(wired: Sequence[tuple[str, str, str]]) -> str:
    """Return the arguments that start a node with hints.

    wired: (parameter that switches the source on, input, topic of the robot), such as ('hints.scan', 'hints/scan',
    '/scan').
    """
    if _has_ros2():
        named = ((name.removeprefix("hints/"), topic) for _, name, topic in wired if not name.endswith("/camera_info"))
        return 'hints:="' + " ".join(f"{name}={topic}" for name, topic in named) + '"'
    switches = dict.fromkeys(switch for switch, _, _ in wired)
    told = [f"-p {switch}:=true" for switch in switches] + [f"-r {name}:={topic}" for _, name, topic in wired]
    return f"--ros-args {' '.join(told)}"


def _has_ros2() -> bool:
    return shutil.which("ros2") is not None
