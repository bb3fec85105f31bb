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

POWERS = (1, 1, 4)
"""The power of the weights in each iteration. The last one leaves next to nothing of what moves; before the poses are
corrected it would leave too little of the rest."""
INDEPENDENT = 1.0
"""The errors of one corner in many views are alike, because it drifts as it is followed: its views count as so many."""
PRIOR_INVERSE, PRIOR_SIGMA = 0.3, 1.5
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

    inverse (N,): 1 / range in 1/m. sigma (N,): one standard deviation of it. shared (N, 6 K): the part of sigma that
    comes from the poses, as what errors of unit variance add to `inverse` of each corner. residual (N,): root mean
    square over the views, in rad. moved (K, 6): the corrections of the poses in units of their prior sigma.
    rotation (K, 3, 3), translation_m (K, 3): the corrected poses. root (6 K, 6 K): what errors of unit variance add to
    these corrections.
    """

    inverse: Array
    sigma: Array
    shared: Array
    residual: Array
    moved: Array
    rotation: Array
    translation_m: Array
    root: Array

    def shared_at(self, rays: Array, inverse: Array, view: NDArray[np.intp]) -> Array:
        """Return what the errors of the poses add to the inverse ranges (M,) of points that one view each has located.

        rays (M, 3): unit rays. view (M,): the index of the view. The result is (M, 6 K), as `shared`.
        """
        translation = self.translation_m[view]
        there = np.einsum("mij,mj->mi", self.rotation[view], rays) + inverse[:, None] * translation
        per_length = 1.0 / np.linalg.norm(there, axis=1)
        unit = there * per_length[:, None]
        along = np.einsum("mi,mi->m", unit, translation)
        by_inverse = (translation - along[:, None] * unit) * per_length[:, None]
        by_pose = np.concatenate([_crossed(unit, by_inverse), (inverse * per_length)[:, None] * by_inverse], axis=1)
        by_pose /= np.maximum(np.einsum("mi,mi->m", by_inverse, by_inverse), 1e-12)[:, None]
        roots = self.root.reshape(len(self.rotation), 6, -1)[view]
        return np.asarray(np.einsum("mc,mcd->md", by_pose, roots))


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
    for power in POWERS:
        system, squared = _system(rays, rotation, translation, measured, inverse, weight, scale, prior, moved, power)
        change = system.solve_poses()
        inverse = inverse + system.solve_points(change)
        moved += change
        turned = _rotations(change[:, :3])
        rotation = turned @ rotation
        translation = np.einsum("kij,kj->ki", turned, translation) + change[:, 3:]
    residual = np.sqrt((squared * seen).sum(axis=0) / count)
    root = np.asarray(np.linalg.cholesky(system.reduced_inverse), np.float64)
    shared = (system.cross / system.points).T @ root
    sigma = np.sqrt(1.0 / system.points + np.einsum("nc,nc->n", shared, shared))
    return Fit(inverse, sigma, shared, residual, moved / views.sigma, rotation, translation, root)


def _linear(rays: Array, rotation: Array, translation: Array, measured: Array, weight: Array) -> Array:
    """Return the inverse ranges (N,) of a linear fit."""
    turned = np.matmul(rays, rotation.transpose(0, 2, 1))
    along = np.matmul(measured, translation[..., None])[..., 0]
    across_t = translation[:, None] - along[..., None] * measured
    weighted = weight[..., None] * across_t
    top = -np.einsum("kni,kni->n", weighted, turned)
    bottom = np.einsum("kni,kni->n", weighted, across_t)
    information = 1.0 / PRIOR_SIGMA**2
    found = (top + PRIOR_INVERSE * information) / (bottom + information)
    return np.asarray(np.clip(found, -1.0, 20.0))


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


def _system(
    rays: Array,
    rotation: Array,
    translation: Array,
    measured: Array,
    inverse: Array,
    weight: Array,
    scale: float,
    prior: Array,
    moved: Array,
    power: int,
) -> tuple[_System, Array]:
    """Return the normal equations at the present unknowns, and the squared errors (K, N) in rad^2.

    The error of a corner in a view is unit - measured, two unit vectors. Its derivatives are across `unit`: by inverse
    range (translation - along unit) / length, by a small rotation r of the view r x unit, and by a small translation t
    the part of t across `unit`, times inverse / length. Products of these are short, which saves most of the work.
    """
    views = len(rotation)
    there = np.matmul(rays, rotation.transpose(0, 2, 1)) + inverse[:, None] * translation[:, None]
    per_length = 1.0 / np.sqrt(np.einsum("kni,kni->kn", there, there))
    unit = there * per_length[..., None]
    cosine = np.einsum("kni,kni->kn", unit, measured)
    squared = np.maximum(2.0 - 2.0 * cosine, 0.0)
    weight = weight / (1.0 + squared / (scale * TOLERATED**2)) ** power
    along = np.matmul(unit, translation[..., None])[..., 0]
    by_inverse = (translation[:, None] - along[..., None] * unit) * per_length[..., None]
    weighted = weight[..., None] * by_inverse
    information = 1.0 / PRIOR_SIGMA**2
    points = np.einsum("kni,kni->n", weighted, by_inverse) + information
    right_points = np.einsum("kni,kni->n", weighted, measured) + information * (PRIOR_INVERSE - inverse)
    factor = inverse * per_length
    cross = np.concatenate([_crossed(unit, weighted), factor[..., None] * weighted], axis=-1)  # (K, N, 6)
    cross = np.ascontiguousarray(cross.transpose(0, 2, 1)).reshape(views * 6, -1)
    right_poses, scaled = np.empty((views, 6)), weight * factor
    products = (weight[:, None] * unit.transpose(0, 2, 1)) @ measured  # (K, 3, 3); its skew part is unit x measured
    right_poses[:, :3] = (products - products.transpose(0, 2, 1))[:, (1, 2, 0), (2, 0, 1)]
    right_poses[:, 3:] = (scaled[:, None] @ measured - (scaled * cosine)[:, None] @ unit)[:, 0]
    right_poses -= prior * moved
    reduced = -(cross / points) @ cross.T
    of_views = np.arange(views)
    reduced.reshape(views, 6, views, 6)[of_views, :, of_views, :] += _pose_blocks(unit, weight, factor)
    reduced.reshape(-1)[:: 6 * views + 1] += prior.reshape(-1)
    right = right_poses.reshape(-1) - cross @ (right_points / points)
    return _System(points, cross, right_points, np.linalg.inv(reduced), right), squared


def _pose_blocks(unit: Array, weight: Array, factor: Array) -> Array:
    """Return the second derivatives (K, 6, 6) of half the squared errors by the pose of each view."""
    blocks = np.empty((len(unit), 6, 6))
    turned = unit.transpose(0, 2, 1)
    eye = np.eye(3)
    for rows, each in ((slice(0, 3), weight), (slice(3, 6), weight * factor**2)):
        blocks[:, rows, rows] = each.sum(axis=1)[:, None, None] * eye - (turned * each[:, None]) @ unit
    mixed = _skew(np.einsum("kn,kni->ki", weight * factor, unit))
    blocks[:, :3, 3:], blocks[:, 3:, :3] = mixed, mixed.transpose(0, 2, 1)
    return blocks


def _crossed(a: Array, b: Array) -> Array:
    """Return the cross products of the last axes; np.cross takes three times as long."""
    made = np.empty_like(a)
    made[..., 0] = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    made[..., 1] = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    made[..., 2] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return made


def _skew(vectors: Array) -> Array:
    """Return the matrices (K, 3, 3) that form the cross product with vectors (K, 3)."""
    made = np.zeros((len(vectors), 3, 3))
    made[:, 2, 1], made[:, 0, 2], made[:, 1, 0] = vectors[:, 0], vectors[:, 1], vectors[:, 2]
    return np.asarray(made - made.transpose(0, 2, 1))


def _rotations(vectors: Array) -> Array:
    """Return the rotations (K, 3, 3) of rotation vectors (K, 3) in rad (Rodrigues' formula)."""
    angle = np.linalg.norm(vectors, axis=1)[:, None, None]
    cross = _skew(vectors)
    safe = np.maximum(angle, 1e-12)
    return np.asarray(np.eye(3) + np.sin(angle) / safe * cross + (1.0 - np.cos(angle)) / safe**2 * (cross @ cross))
