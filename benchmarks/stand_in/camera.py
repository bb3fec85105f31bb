# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The small camera of the tests and of the fault suite: its pictures and its CameraInfo."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo

from grin_ros.ros.operator.harness.messages import FRAME_ID

WIDTH, HEIGHT = 32, 24


def picture(seed: int = 0, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """Return an (H, W, 3) uint8 RGB image that the stand-in backend accepts. Depth is invalid in its upper quarter."""
    image = np.random.default_rng(seed).integers(14, 256, (height, width, 3), np.uint8)
    image[: height // 4, :, 0] = 0
    return image


def info_message(width: int = WIDTH, height: int = HEIGHT, **fields: Any) -> CameraInfo:
    """Return a valid CameraInfo of this size in which `fields` have been replaced."""
    f_px = float(width)
    message = CameraInfo(width=width, height=height, distortion_model="plumb_bob", d=[0.01, -0.02, 0.001, 0.0, 0.0])
    message.k = [f_px, 0.0, (width - 1) / 2, 0.0, f_px, (height - 1) / 2, 0.0, 0.0, 1.0]
    message.header.frame_id = FRAME_ID
    for name, value in fields.items():
        setattr(message, name, value)
    return message
