# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The hints of the 2D lidar of the recorded drive, as the node has them, with odometry."""

from __future__ import annotations

from functools import cache

import numpy as np
from sensor_msgs.msg import LaserScan

from benchmarks.driving.room_drive import BAG, FRAME, LENS, LIDAR_FRAME, SCAN, number, pose
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.core.types import Frame, Hints
from grin_ros.ros.bags.messages import deserialize
from grin_ros.ros.bags.reading import Bag
from grin_ros.ros.inputs.hints.gathering import HintInputs
from grin_ros.ros.inputs.messages import stamp_ns
from grin_ros.ros.parameters.table import node_config


@cache
def _scans() -> dict[int, LaserScan]:
    scans = [deserialize(message.data, LaserScan) for message in Bag(BAG).messages({SCAN})]
    return {stamp_ns(scan.header): scan for scan in scans}


def lidar_hints(stamp_ns: int, turned: Transform | None = None) -> Hints | None:
    """Return the hints for the frame with this stamp. turned: an error of the pose of the lidar.

    The pose of the camera is known, so that answers are carried from frame to frame.
    """
    assert LENS.mounting is not None
    camera, tree = pose(number(stamp_ns)), TransformTree()
    tree.set("odom", FRAME, stamp_ns, camera)
    level = Transform(LENS.mounting.rotation().T, np.zeros(3))
    tree.set(FRAME, LIDAR_FRAME, 0, turned.after(level) if turned else level, static=True)
    config = node_config({"hints.scan": True}).hints
    inputs = HintInputs(config, tree)
    inputs.take("hints/scan", _scans()[stamp_ns])
    frame = Frame(np.zeros((LENS.height, LENS.width, 3), np.uint8), LENS, stamp_ns)
    return inputs.gather(frame, FRAME, config).hints
