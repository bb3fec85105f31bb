# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The placement of cameras in rooms, and the choice of the views that are kept.

About half of the proposed cameras are hand-held, a quarter are on robots, and a quarter look at an object. Random
places give too many far views. A view with median range m is therefore kept with a probability in proportion to the
ratio of two densities of m: the wanted one, a log-normal density that resembles indoor RGB-D recordings, and that of
the proposals.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.scene import Placement, Scene

MEDIAN_M, SIGMA_LN = 2.2, 0.56  # the wanted density of median ranges
PROPOSED_MEDIAN_M, PROPOSED_SIGMA_LN = 1.8, 0.48  # measured on 880 proposed views that satisfy the other rules
ONE_PLANE_SHARE = 0.12  # the share of views of a bare wall or floor that is kept, as real recordings have some


def place_in_room(rng: Generator, scene: Scene) -> Placement | None:
    """Draw a random camera. Return None if the place is inside something solid or too near to it."""
    low, high = scene.bounds
    roll = rng.normal(0, np.radians(4)) if rng.random() < 0.92 else rng.uniform(-0.26, 0.26)
    kind = rng.choice(3, p=[0.45, 0.25, 0.3])
    position = np.array([rng.uniform(low[0] + 0.15, high[0] - 0.15), rng.uniform(low[1] + 0.15, high[1] - 0.15), 0.0])
    target = scene.targets[int(rng.integers(len(scene.targets)))] if len(scene.targets) else (low + high) / 2
    if kind == 2:  # looks at an object from 0.4 to 4 m
        bearing, slope, distance = rng.uniform(0, 2 * np.pi), rng.uniform(-0.1, 0.95), np.exp(rng.uniform(-0.9, 1.39))
        position, yaw, pitch = aimed_at(rng, target, float(distance), float(bearing), float(slope), 0.08)
    else:
        robot = kind == 1
        # Robots range from vacuum cleaners to telepresence robots; low cameras are more frequent.
        position[2] = (
            np.exp(rng.uniform(np.log(0.1), np.log(2.0))) if robot else np.clip(rng.normal(1.35, 0.25), 0.8, 1.8)
        )
        span = (-15, 25) if robot else (-35, 55)
        pitch = np.radians(np.clip(rng.normal(4, 9) if robot else rng.normal(17, 17), *span))
        yaw = rng.uniform(0, 2 * np.pi)
        if rng.random() < 0.6:  # people and robots mostly look towards things
            yaw = np.arctan2(target[1] - position[1], target[0] - position[0]) + rng.normal(0, 0.3)
    if abs(pitch) > 1.3 or not is_free(scene, position):
        return None
    return Placement(position, float(yaw), float(pitch), float(roll), float(position[2]))


def aimed_at(
    rng: Generator, target: NDArray[np.float64], distance_m: float, bearing_rad: float, slope_rad: float, spread: float
) -> tuple[NDArray[np.float64], float, float]:
    """Return the position (3,), yaw and pitch of a camera that looks at a target (3,).

    Args:
        rng: The random generator.
        target: The target.
        distance_m: The distance from the target.
        bearing_rad: The direction from the target to the camera in the plane.
        slope_rad: The angle of that direction above the plane.
        spread: The standard deviation of the aim in each axis, as a share of the distance.
    """
    position = target + distance_m * np.array(
        [np.cos(bearing_rad) * np.cos(slope_rad), np.sin(bearing_rad) * np.cos(slope_rad), np.sin(slope_rad)]
    )
    aim = target + rng.normal(0, spread, 3) * distance_m
    pitch = np.arctan2(position[2] - aim[2], np.hypot(*(aim - position)[:2]))
    yaw = np.arctan2(aim[1] - position[1], aim[0] - position[0])
    return position, float(yaw), float(pitch)


def hand_held(
    rng: Generator, scene: Scene, position: NDArray[np.float64], yaw_rad: float, pitch_rad: float
) -> Placement | None:
    """Return a hand-held camera at position (3,), with a roll of 3 degrees (one sigma).

    Return None if the position is not free.
    """
    if not is_free(scene, position):
        return None
    return Placement(position, yaw_rad, pitch_rad, float(rng.normal(0, np.radians(3))), float(position[2]))


def is_free(scene: Scene, position: NDArray[np.float64]) -> bool:
    """Return True if a position (3,) is at least 8 cm inside the bounds of the scene and not in something solid."""
    low, high = scene.bounds
    outside = np.any(position < low + 0.08) or np.any(position > high - 0.08)
    return not outside and not scene.blocks(position)


def keep_in_room(range_m: NDArray[np.float32], camera: Camera) -> float:
    """Return the probability of keeping a view with these ranges (h, w).

    It depends on the median range. It is 0 if more than 30 % of what the lens sees has no surface, and reduced to an
    eighth if the view shows one plane only.
    """
    seen = range_m[~np.isnan(range_m)]
    if np.mean(np.isfinite(seen)) < 0.7:
        return 0.0
    return keep_probability(float(np.median(seen))) * (ONE_PLANE_SHARE if shows_one_plane(range_m, camera) else 1.0)


def keep_deep(range_m: NDArray[np.float32], camera: Camera, least: float, one_plane_share: float) -> float:
    """Return the probability of keeping a view of a long or large room with these ranges (h, w).

    It is 0 if more than 40 % has no surface. Otherwise it grows with the median range, from ``least`` for near views to
    1 at 3 m, and it is multiplied by ``one_plane_share`` if the view shows one plane only.
    """
    seen = range_m[~np.isnan(range_m)]
    if np.mean(np.isfinite(seen)) < 0.6:
        return 0.0
    deep = float(np.clip(np.median(seen) / 3.0, least, 1.0))
    return deep * (one_plane_share if shows_one_plane(range_m, camera) else 1.0)


def keep_probability(median_m: float) -> float:
    """Return the probability of keeping a view with this median range: in proportion to wanted / proposed density."""
    x = np.log(median_m)
    wanted = -0.5 * ((x - np.log(MEDIAN_M)) / SIGMA_LN) ** 2
    proposed = -0.5 * ((x - np.log(PROPOSED_MEDIAN_M)) / PROPOSED_SIGMA_LN) ** 2
    return float(min(1.0, np.exp(wanted - proposed) * 0.5))


def shows_one_plane(range_m: NDArray[np.float32], camera: Camera) -> bool:
    """Return True if most of the view is a single plane, such as a bare wall. It works for any lens.

    The inverse range of a plane is linear in the unit rays. That is fitted, and the residuals are examined.
    """
    v, u = (a.ravel() for a in np.mgrid[4 : camera.height : 9, 4 : camera.width : 9])
    rays, inverse = camera.unproject(np.stack([u, v], axis=-1)), 1 / range_m[v, u].astype(np.float64)
    known = np.isfinite(rays).all(axis=-1) & np.isfinite(inverse)
    rays, inverse = rays[known], inverse[known]
    fit, *_ = np.linalg.lstsq(rays, inverse, rcond=None)
    left = np.abs(rays @ fit - inverse) / np.maximum(inverse, 0.05)
    return bool(np.mean(left > 0.04) < 0.3)
