# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The shift along z of points that are known up to it, from the camera's focal length (MoGe, arXiv 2410.19115)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera

MOST = 4000
PASSES = 20


def z_shift(points: NDArray[np.float32], valid: NDArray[np.bool_], camera: Camera) -> np.float32:
    """Return the shift that makes points (h, w, 3) fall onto the rays of their pixels.

    x = ray_x / ray_z (z + shift) and the same for y, in the least squares sense, with weights that leave out outliers.
    Raises ValueError if fewer than three points are valid.
    """
    rays = camera.rays()
    with np.errstate(invalid="ignore", divide="ignore"):
        slopes = rays[..., :2] / rays[..., 2:]
    usable = valid & np.isfinite(points).all(axis=-1) & np.isfinite(slopes).all(axis=-1)
    index = np.flatnonzero(usable)
    if len(index) < 3:
        raise ValueError("teacher: fewer than three valid points, so the shift of its depth is not known")
    index = index[:: max(1, len(index) // MOST)]
    xyz, slope = points.reshape(-1, 3)[index].astype(np.float64), slopes.reshape(-1, 2)[index].astype(np.float64)
    wanted, slope = (xyz[:, :2] - slope * xyz[:, 2:]).ravel(), slope.ravel()
    weight = np.ones_like(slope)
    shift = 0.0
    for _ in range(PASSES):
        shift = float((weight * slope * wanted).sum() / max((weight * slope * slope).sum(), 1e-12))
        residual = np.abs(wanted - slope * shift)
        weight = 1.0 / np.maximum(residual, 1e-3 * max(float(np.median(residual)), 1e-6) + 1e-6)
    return np.float32(shift)
