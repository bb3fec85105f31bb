# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Noise with coarse and fine parts, drawn at any set of points of the image.

Independent noise at every pixel averages out: a network that pools over thousands of pixels still sees the mean of the
clean map, and all members of an ensemble give one answer. Therefore the noise is a sum of random fields, from a
constant over the image to independent pixels, with unit variance at every point. It follows the multi-resolution noise
of Marigold (arXiv 2312.02145). The coarse part hides the size of the scene, which is the most uncertain quantity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FIELDS: tuple[tuple[int, int, float], ...] = ((1, 1, 0.30), (3, 4, 0.20), (6, 8, 0.15), (12, 16, 0.10), (0, 0, 0.25))
"""(rows, columns) of each random field and its share of the variance; (0, 0) is independent noise at every point."""


def noise_field(points: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return noise (N,) float32 of unit variance at `points` (N, 2) in [-1, 1] (x right, y down over the image)."""
    total = np.zeros(len(points), np.float64)
    for rows, cols, share in FIELDS:
        if rows == 0:
            field = rng.standard_normal(len(points))
        else:
            field = _interpolate(rng.standard_normal((rows, cols)), points)
        total += np.sqrt(share) * field
    return total.astype(np.float32)


def member_noise(points: NDArray[np.float32], members: int, seed: int) -> NDArray[np.float32]:
    """Return one fixed field for each ensemble member: (members, N) float32.

    Member m has the same noise in every ensemble and every frame. So a still scene gives still depth, and more members
    refine the estimate without changing the first ones.
    """
    return np.stack([noise_field(points, np.random.default_rng((seed, m))) for m in range(members)])


def _interpolate(nodes: NDArray[np.float64], points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Interpolate a grid of nodes over [-1, 1]^2 at `points`, bilinearly and with unit variance everywhere."""
    rows, cols = nodes.shape
    x = (points[:, 0].astype(np.float64) + 1.0) * 0.5 * (cols - 1)
    y = (points[:, 1].astype(np.float64) + 1.0) * 0.5 * (rows - 1)
    x0 = np.clip(np.floor(x), 0, max(cols - 2, 0)).astype(np.intp)
    y0 = np.clip(np.floor(y), 0, max(rows - 2, 0)).astype(np.intp)
    wx = np.clip(x - x0, 0.0, 1.0)
    wy = np.clip(y - y0, 0.0, 1.0)
    x1, y1 = np.minimum(x0 + 1, cols - 1), np.minimum(y0 + 1, rows - 1)
    if rows == 1 and cols == 1:
        return np.full(len(points), nodes[0, 0])
    weights = np.stack([(1 - wy) * (1 - wx), (1 - wy) * wx, wy * (1 - wx), wy * wx])
    corners = np.stack([nodes[y0, x0], nodes[y0, x1], nodes[y1, x0], nodes[y1, x1]])
    return np.asarray((weights * corners).sum(0) / np.sqrt((weights**2).sum(0)), np.float64)
