# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a backend answered for one frame is looked at before anybody sees it: a runtime may fail without saying so."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.backends.engine import EngineError


def check_answer(depth_m: NDArray[np.float32], sigma_m: NDArray[np.float32], ray_z: NDArray[np.float32]) -> None:
    """depth_m, sigma_m: as `Engine.decode` gave them. ray_z: (H, W), NaN where the camera sees nothing.

    Raises EngineError for another shape than the image's, and where the camera sees but not one pixel has positive
    depth: then numbers have overflowed. Single invalid pixels are no fault.
    """
    for name, values in (("depth_m", depth_m), ("sigma_m", sigma_m)):
        if values.shape != ray_z.shape:
            raise EngineError(f"{name}: got shape {values.shape}, expected the image's {ray_z.shape}")
    if not (depth_m > 0.0).any() and not np.isnan(ray_z).all():  # NaN is not greater
        raise EngineError(
            f"depth_m: got no positive depth in {ray_z.size} pixels ({int(np.isnan(depth_m).sum())} of them NaN), "
            "expected some; a backend of low precision may have overflowed"
        )
