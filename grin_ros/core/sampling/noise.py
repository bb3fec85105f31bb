# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Noise with content at every scale, drawn at any set of points of the image.

Thousands of independent per-pixel draws average out: a network that pools over pixels reads the mean of the clean map
straight through them, and members of an ensemble collapse onto one answer. So the noise is a sum of random fields from
one constant over the image down to independent pixels (the idea of Marigold's multi-resolution noise, arXiv
2312.02145), normalised to unit variance at every point. Its coarse part hides the scale of the scene, which is what is
uncertain.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# (rows, columns) of each random field and its share of the variance; (0, 0) is one independent draw a point.
FIELDS: tuple[tuple[int, int, float], ...] = ((1, 1, 0.30), (3, 4, 0.20), (6, 8, 0.15), (12, 16, 0.10), (0, 0, 0.25))


def noise_field(points: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise at `points` (N, 2) in [-1, 1] (x right, y down over the image): (N,) float32, unit variance at each."""
    total = np.zeros(len(points), np.float64)
    for rows, cols, share in FIELDS:
        if rows == 0:
            field = rng.standard_normal(len(points))
        else:
            field = _interpolate(rng.standard_normal((rows, cols)), points)
        total += np.sqrt(share) * field
    return total.astype(np.float32)


def member_noise(points: NDArray[np.float32], members: int, seed: int) -> NDArray[np.float32]:
    """One fixed field per ensemble member: (members, N) float32.

    Member m has the same noise whatever the ensemble's size, so a still scene gives still depth, and adding members
    refines the estimate without changing what is there.
    """
    return np.stack([noise_field(points, np.random.default_rng((seed, m))) for m in range(members)])


def _interpolate(nodes: NDArray[np.float64], points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Bilinear values of the node grid spanning [-1, 1]^2 at `points`, rescaled to unit variance everywhere."""
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
