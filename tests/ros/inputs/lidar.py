# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A scene for which the depth of the stand-in backend is too small by FACTOR, and a lidar with the right ranges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header

from benchmarks.stand_in.camera import HEIGHT, WIDTH, info_message
from benchmarks.stand_in.engine import fake_depth_m
from grin_ros.ros.frame.cloud import list_message
from grin_ros.ros.inputs.messages import camera_from_info

FACTOR = 1.4


def scene() -> NDArray[np.uint8]:
    """Return the image of a slope, 3 to 6 m from left to right."""
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    image[..., 0] = np.linspace(64, 160, WIDTH).astype(np.uint8)
    return image


def lidar_points() -> NDArray[np.float64]:
    """Return the true points of rows 6 to 18, in the frame of a lidar at the camera (x ahead, y left, z up)."""
    rays = camera_from_info(info_message()).rays()[6:18].astype(np.float64)
    optical = rays * (FACTOR * fake_depth_m(scene())[6:18] / rays[..., 2])[..., None]
    return np.stack([optical[..., 2], -optical[..., 0], -optical[..., 1]], axis=-1).reshape(-1, 3)


def lidar(stamp_s: float, factor: float = 1.0) -> PointCloud2:
    """Return a cloud of the lidar. factor: multiplies its ranges."""
    header = Header(frame_id="lidar")
    header.stamp.sec, header.stamp.nanosec = int(stamp_s), int(stamp_s % 1 * 1e9)
    return list_message((factor * lidar_points()).astype(np.float32), ("x", "y", "z"), header)
