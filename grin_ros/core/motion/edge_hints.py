# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints at edges: their ranges with the noise of images and poses."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.hints.sources import TRACKED
from grin_ros.core.motion.config import LARGEST_SIGMA_LN, MotionConfig
from grin_ros.core.motion.edges import Past, found_edges
from grin_ros.core.motion.pictures import Picture
from grin_ros.core.motion.triangulation import Fit
from grin_ros.core.types import Hints

LEAST_BASELINE_M = 0.01
ENOUGH = 200
"""With so many exact corners no edge is searched."""
PER_MISSING = 2
"""For each exact corner that is missing so many edges are searched."""
MOST = 300
"""No more edges than this are searched."""
VIEWS = 3
"""Edges are searched in so many of the fitted views: the nearest, the farthest, and one between them."""
NEAREST_M = 0.3
"""Edges that are nearer are not searched; their lines would be too long."""
AVOIDED = 0.05
"""Edges within this share of the image's width of a corner that moves are left out, because they may move as well."""


def edge_hints(
    picture: Picture,
    pictures: Sequence[Picture],
    fit: Fit,
    camera: Camera,
    taken: NDArray[np.float64],
    moving: NDArray[np.float64],
    config: MotionConfig,
    distance_noise: float,
    exact: int,
) -> Hints | None:
    """Return the hints of edges where there are no corners; None if there are none.

    picture, pictures: the present image and those of the fitted views, as `found_edges` takes them. fit: of the
    corners, with the corrected poses. taken (N, 2): pixels of the corners that are hints. moving (M, 2): pixels of
    corners that contradict the poses. distance_noise: as in `MotionConfig`. exact: how many corners are exact hints.
    """
    most = min(MOST, PER_MISSING * (ENOUGH - exact))
    if most <= 0:
        return None
    baselines_m = np.linalg.norm(fit.translation_m, axis=1)
    usable = [index for index in np.argsort(baselines_m) if baselines_m[index] > LEAST_BASELINE_M]
    if not usable:
        return None
    chosen = np.array(usable)[np.unique(np.linspace(0, len(usable) - 1, VIEWS).round().astype(np.intp))]
    past = [Past(pictures[index], fit.rotation[index], fit.translation_m[index]) for index in chosen]
    found = found_edges(picture, past, camera, taken, 1.0 / NEAREST_M, most)
    shared = fit.shared_at(found.rays, found.inverse, chosen[found.view])
    left = found.inverse > 1.0 / config.max_range_m
    range_m = 1.0 / np.where(left, found.inverse, 1.0)
    sigma = np.sqrt(found.sigma**2 + np.einsum("mc,mc->m", shared, shared))
    sigma_ln = np.hypot(sigma * range_m, distance_noise)
    left &= sigma_ln <= LARGEST_SIGMA_LN
    if len(moving):
        squared = ((found.pixels[:, None] - moving[None]) ** 2).sum(axis=-1).min(axis=1)
        left &= squared > (AVOIDED * camera.width) ** 2
    if not left.any():
        return None
    poses_ln = float(np.linalg.norm((shared[left] * range_m[left, None]).mean(axis=0)))
    return Hints.measured(
        found.pixels[left], range_m[left], sigma_ln[left], TRACKED, shared_ln=math.hypot(poses_ln, distance_noise)
    )
