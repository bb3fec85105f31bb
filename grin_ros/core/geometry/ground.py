# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The level ground below a camera whose mounting is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.mounting import Mounting

REACH = 8.0
"""The ground is trusted up to this many heights of the camera; beyond, a small pitch moves it far."""


def ground_ln(mounting: Mounting, rays: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return ln(range in metres) (N,) at which unit rays (N, 3) of the optical frame meet the ground, +inf for those
    that meet it beyond REACH or not at all."""
    down = -(rays @ mounting.up_optical())
    meets = down > 1.0 / REACH
    return np.asarray(np.where(meets, np.log(mounting.height_m / np.where(meets, down, 1.0)), np.inf), np.float32)
