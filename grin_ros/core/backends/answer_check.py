# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A check of every answer before it is used, because a runtime may fail without an error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.backends.engine import EngineError


def check_answer(depth_m: NDArray[np.float32], sigma_m: NDArray[np.float32], ray_z: NDArray[np.float32]) -> None:
    """Raise EngineError if an answer cannot be depth.

    depth_m, sigma_m: (H, W) from `Engine.decode`. ray_z: (H, W), NaN where the camera sees nothing. An answer is wrong
    if its shape is not that of the image, or if no pixel has positive depth, as after an overflow. Single invalid
    pixels are accepted.
    """
    for name, values in (("depth_m", depth_m), ("sigma_m", sigma_m)):
        if values.shape != ray_z.shape:
            raise EngineError(f"{name}: got shape {values.shape}, expected the image's {ray_z.shape}")
    if not (depth_m > 0.0).any() and not np.isnan(ray_z).all():  # NaN is not greater
        raise EngineError(
            f"depth_m: got no positive depth in {ray_z.size} pixels ({int(np.isnan(depth_m).sum())} of them NaN), "
            "expected some; numbers of a low precision may have overflowed: choose a backend of a higher one"
        )
