# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the tests hold renders against: the project's own camera."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grin_ros.data.scenes.cameras import View
from grin_ros.geometry.camera import Camera


def world_rays(view: View) -> NDArray[np.float64]:
    """Unit rays (h, w, 3) in the world frame."""
    k = view.intrinsics
    rays = Camera(k.width, k.height, k.fx, k.fy, k.cx, k.cy).rays().astype(np.float64)
    turned: NDArray[np.float64] = rays @ view.optical_from_world[:3, :3]
    return turned
