# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Triangulation from many views: inverse ranges of the corners and small corrections of the poses, in one fit.

The unknowns are the inverse range of every corner along its ray in the present view, and a small rotation and
translation for each earlier view, whose prior is the noise of the poses. A camera sees rotation far better than
odometry measures it, so the corners correct the rotation, while the distances of the poses give the scale. The fit is
Gauss-Newton with the inverse ranges eliminated (Schur complement). Its covariance comes from the noise of the pixels
and from that of the poses alike. Triggs et al., "Bundle Adjustment: A Modern Synthesis" (2000), sections 4 and 6.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ITERATIONS = 3
INDEPENDENT = 1.0
"""The errors of one corner in many views are alike, because it drifts as it is followed: its views count as so many."""
PRIOR_INVERSE, PRIOR_SIGMA = 0.3, 0.7
"""The weak prior of inverse range in 1/m, which keeps corners without parallax within bounds."""
TOLERATED = 2.5
"""A residual of more than this many sigmas loses weight (Cauchy's function)."""


class Views(NamedTuple):
    """K earlier views of N corners.

    rotation (K, 3, 3), translation_m (K, 3): they take points of the present view to each earlier one. rays (K, N, 3):
    the unit ray of each corner there. seen (K, N): whether it was. sigma (K, 6): the prior of the pose, three of
    rotation in rad and three of translation in metres.
    """

    rotation: Array
    translation_m: Array
    rays: Array
    seen: NDArray[np.bool_]
    sigma: Array


class Fit(NamedTuple):
    """The result for N corners.

    inverse (N,): 1 / range in 1/m. sigma (N,): one standard deviation of it. residual (N,): root mean square over the
    views, in rad. moved (K, 6): the corrections of the poses in units of their prior sigma.
    """

    inverse: Array
    sigma: Array
    residual: Array
    moved: Array


def triangulate(rays: Array, views: Views, noise_rad: float) -> Fit:
    """Fit the corners at the unit rays (N, 3) of the present view to the earlier views.

    noise_rad: one standard deviation of a ray, in rad.
    """
    rotation, translation = views.rotation.copy(), views.translation_m.copy()
    seen = views.seen.astype(np.float64)
    measured = np.where(views.seen[..., None], views.rays, 1.0)
    prior = 1.0 / views.sigma**2
    moved = np.zeros_like(views.sigma)
    count = np.maximum(seen.sum(axis=0), 1.0)
    scale = 2.0 * noise_rad**2  # two rays differ: the present and the earlier one
    weight = seen / (scale * np.maximum(1.0, count / INDEPENDENT))
    inverse = _linear(rays, rotation, translation, measured, weight)
    for _ in range(ITERATIONS):
        step = _linearised(rays, rotation, translation, measured, inverse)
        robust = weight / (1.0 + (step.error**2).sum(axis=-1) / (scale * TOLERATED**2))
        system = _system(step, robust, prior, moved, inverse)
        change = system.solve_poses()
        inverse = inverse + system.solve_points(change)
        moved += change
        turned = _rotations(change[:, :3])
        rotation = turned @ rotation
        translation = np.einsum("kij,kj->ki", turned, translation) + change[:, 3:]
    step = _linearised(rays, rotation, translation, measured, inverse)
    squared = (step.error**2).sum(axis=-1)
    robust = weight / (1.0 + squared / (scale * TOLERATED**2))
    system = _system(step, robust, prior, moved, inverse)
    residual = np.sqrt((squared * seen).sum(axis=0) / count)
    return Fit(inverse, np.sqrt(system.point_variance()), residual, moved / views.sigma)


class _Step(NamedTuple):
    error: Array  # (K, N, 3), of unit rays
    by_inverse: Array  # (K, N, 3)
    by_pose: Array  # (K, N, 3, 6)


def _linear(rays: Array, rotation: Array, translation: Array, measured: Array, weight: Array) -> Array:
    """Return the inverse ranges (N,) of a linear fit."""
    turned = np.einsum("kij,nj->kni", rotation, rays)
    along = np.einsum("kni,ki->kn", measured, translation)
    across_t = translation[:, None] - along[..., None] * measured
    across_q = turned - np.einsum("kni,kni->kn", measured, turned)[..., None] * measured
    top = -(weight * np.einsum("kni,kni->kn", across_q, across_t)).sum(axis=0)
    bottom = (weight * np.einsum("kni,kni->kn", across_t, across_t)).sum(axis=0)
    information = 1.0 / PRIOR_SIGMA**2
    found = (top + PRIOR_INVERSE * information) / (bottom + information)
    return np.asarray(np.clip(found, -1.0, 20.0))


def _linearised(rays: Array, rotation: Array, translation: Array, measured: Array, inverse: Array) -> _Step:
    there = np.einsum("kij,nj->kni", rotation, rays) + inverse[:, None] * translation[:, None]
    length = np.linalg.norm(there, axis=-1, keepdims=True)
    unit = there / length
    by_inverse = (translation[:, None] - np.einsum("kni,ki->kn", unit, translation)[..., None] * unit) / length
    by_pose = np.zeros((*unit.shape, 6))
    x, y, z = unit[..., 0], unit[..., 1], unit[..., 2]
    by_pose[..., 0, 1], by_pose[..., 0, 2] = z, -y  # the derivative of turned x unit
    by_pose[..., 1, 0], by_pose[..., 1, 2] = -z, x
    by_pose[..., 2, 0], by_pose[..., 2, 1] = y, -x
    factor = inverse / length[..., 0]
    by_pose[..., 3:] = -factor[..., None, None] * unit[..., :, None] * unit[..., None, :]
    for axis in range(3):
        by_pose[..., axis, 3 + axis] += factor
    return _Step(unit - measured, by_inverse, by_pose)


class _System(NamedTuple):
    """The normal equations with the points eliminated."""

    points: Array  # (N,), the diagonal of the points
    cross: Array  # (K * 6, N)
    right_points: Array  # (N,)
    reduced_inverse: Array  # (K * 6, K * 6)
    right: Array  # (K * 6,)

    def solve_poses(self) -> Array:
        return np.asarray((self.reduced_inverse @ self.right).reshape(-1, 6))

    def solve_points(self, change: Array) -> Array:
        return np.asarray((self.right_points - change.reshape(-1) @ self.cross) / self.points)

    def point_variance(self) -> Array:
        scaled = self.cross / self.points
        return np.asarray(1.0 / self.points + np.einsum("cn,cn->n", scaled, self.reduced_inverse @ scaled))


def _system(step: _Step, weight: Array, prior: Array, moved: Array, inverse: Array) -> _System:
    views, count = weight.shape
    weighted = weight[..., None] * step.by_inverse
    information = 1.0 / PRIOR_SIGMA**2
    points = (weighted * step.by_inverse).sum(axis=(0, 2)) + information
    right_points = -(weighted * step.error).sum(axis=(0, 2)) + information * (PRIOR_INVERSE - inverse)
    cross = np.einsum("knic,kni->kcn", step.by_pose, weighted, optimize=True).reshape(views * 6, count)
    flat = step.by_pose.reshape(views, count * 3, 6)
    scaled = (weight[..., None, None] * step.by_pose).reshape(views, count * 3, 6).transpose(0, 2, 1)
    diagonal = scaled @ flat + prior[:, :, None] * np.eye(6)
    right_poses = -(scaled @ step.error.reshape(views, count * 3, 1))[..., 0] - prior * moved
    reduced = -(cross / points) @ cross.T
    for view in range(views):
        block = slice(6 * view, 6 * view + 6)
        reduced[block, block] += diagonal[view]
    right = right_poses.reshape(-1) - cross @ (right_points / points)
    return _System(points, cross, right_points, np.linalg.inv(reduced), right)


def _rotations(vectors: Array) -> Array:
    """Return the rotations (K, 3, 3) of rotation vectors (K, 3) in rad (Rodrigues' formula)."""
    angle = np.linalg.norm(vectors, axis=1)[:, None, None]
    cross = np.zeros((len(vectors), 3, 3))
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -vectors[:, 2], vectors[:, 1], -vectors[:, 0]
    cross -= cross.transpose(0, 2, 1)
    safe = np.maximum(angle, 1e-12)
    return np.asarray(np.eye(3) + np.sin(angle) / safe * cross + (1.0 - np.cos(angle)) / safe**2 * (cross @ cross))
