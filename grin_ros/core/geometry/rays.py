# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Range along the ray, depth along z (REP 118), and points in the optical frame (REP 103).

In all functions, rays are (H, W, 3) unit vectors, NaN where the lens has no ray. Range and depth are (..., H, W) in
metres, NaN where invalid and +inf beyond range (REP 117). A ray that does not look forward (z <= 0, in a fisheye beyond
180 degrees) has a range but no depth along z.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_MM = 65535
"""The largest depth in millimetres that fits into a pixel of 16 bits."""


def range_to_depth(range_m: NDArray[Any], rays: NDArray[Any]) -> NDArray[Any]:
    """Return depth along z (..., H, W) in metres, dtype by NumPy's promotion; NaN where z <= 0 or is NaN."""
    _check_shapes("range_m", range_m, rays)
    with np.errstate(invalid="ignore"):
        return np.asarray(range_m * _forward(rays))


def depth_to_range(depth_m: NDArray[Any], rays: NDArray[Any]) -> NDArray[Any]:
    """Return range along the ray (..., H, W) in metres, dtype by NumPy's promotion; NaN where z <= 0 or is NaN."""
    _check_shapes("depth_m", depth_m, rays)
    with np.errstate(invalid="ignore"):
        return np.asarray(depth_m / _forward(rays))


def points_from_depth(depth_m: NDArray[Any], rays: NDArray[Any]) -> NDArray[np.float32]:
    """Return points (..., H, W, 3) float32 in metres whose z is depth_m; all NaN where depth is NaN or infinite."""
    return points_from_range(depth_to_range(depth_m, rays), rays)


def points_from_range(range_m: NDArray[Any], rays: NDArray[Any]) -> NDArray[np.float32]:
    """Return points (..., H, W, 3) float32 in metres at range_m along the rays; all NaN where it is not finite."""
    _check_shapes("range_m", range_m, rays)
    finite = np.where(np.isfinite(range_m), range_m, np.nan)
    return np.asarray(finite[..., None] * rays, dtype=np.float32)


def millimetres(depth_m: NDArray[Any]) -> NDArray[np.uint16]:
    """Return depth (..., H, W) as uint16 millimetres (REP 118); 0 where it is invalid, infinite or beyond 65.535 m."""
    with np.errstate(invalid="ignore"):
        rounded = np.rint(depth_m * np.float32(1000.0))
        fits = (rounded >= 1) & (rounded <= MAX_MM)
    return np.where(fits, rounded, 0).astype(np.uint16)


def pixel_grid(width: int, height: int, cols: int, rows: int) -> NDArray[np.float64]:
    """Return the centres [u, v] of a cols x rows grid of cells over an image, row by row: (rows * cols, 2).

    width, height: of the image, in pixels. Integer coordinates are pixel centres, so cell i begins at
    u = i * width / cols - 0.5.
    """
    if min(width, height, cols, rows) < 1:
        raise ValueError(
            f"pixel grid: got {cols}x{rows} cells over {width}x{height} px, expected positive numbers. "
            "Give the image size and the grid size as (width, height, cols, rows)."
        )
    u = (np.arange(cols) + 0.5) * (width / cols) - 0.5
    v = (np.arange(rows) + 0.5) * (height / rows) - 0.5
    return np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2)


def grid_cells(
    pixels: NDArray[np.floating], width: int, height: int, cols: int, rows: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return row (N,) and column (N,) of the cell of `pixel_grid` in which each pixel [u, v] (N, 2) lies.

    Pixels outside the image count to the nearest cell.
    """
    u, v = ((pixels + 0.5) * (cols / width, rows / height)).astype(np.intp).T
    return np.clip(v, 0, rows - 1), np.clip(u, 0, cols - 1)


def _forward(rays: NDArray[Any]) -> NDArray[Any]:
    """Return the z of rays that look forward, NaN for the others."""
    z = rays[..., 2]
    return np.where(z > 0, z, np.asarray(np.nan, dtype=z.dtype))


def _check_shapes(name: str, values: NDArray[Any], rays: NDArray[Any]) -> None:
    pixels = rays.shape[:-1]
    if rays.shape[-1:] != (3,) or values.shape[max(0, values.ndim - len(pixels)) :] != pixels:
        raise ValueError(
            f"{name}: got shape {values.shape} with rays {rays.shape}, expected (..., H, W) with rays (H, W, 3). "
            "Take the rays of the camera that has this image size: camera.resized(width, height).rays()."
        )
