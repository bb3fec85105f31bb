# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Viewpoints: where hand-held and robot cameras really are, what they look at, and which views are kept.

Half of the proposals are hand-held, a quarter at robot height, a quarter close to an object. Rendered rooms seen from
random places have too many far views, so a view with median range m is kept with probability proportional to the ratio
of the wanted density of m (log-normal, median 2.0 m, sigma 0.54: 10 % below 1.0 m, 10 % above 4.0 m, what indoor RGB-D
recordings show) to that of the proposals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.data.scenes.renderer import Intrinsics
from grin_ros.data.scenes.scene import Scene

MEDIAN_M, SIGMA_LN = 2.0, 0.54
PROPOSED_MEDIAN_M, PROPOSED_SIGMA_LN = 1.8, 0.48  # measured over 880 proposals that pass the other rules


@dataclass(frozen=True)
class View:
    """Intrinsics, pose (4, 4), and the mounting: height above the floor, roll and pitch as in geometry's Mounting."""

    intrinsics: Intrinsics
    optical_from_world: NDArray[np.float64]
    height_m: float
    roll_rad: float
    pitch_rad: float


def sample_intrinsics(rng: Generator, width: int, height: int) -> Intrinsics:
    """Horizontal field of view 45-75 deg (60 %), 25-45 (25 %), 75-110 (15 %).

    Nearly square pixels mostly; the principal point off the centre by 3 % of the size (one sigma).
    """
    low, high = ((45, 75), (25, 45), (75, 110))[int(rng.choice(3, p=[0.6, 0.25, 0.15]))]
    fx = width / 2 / np.tan(np.radians(rng.uniform(low, high)) / 2)
    ratio = rng.uniform(0.9, 1.1) if rng.random() < 0.85 else np.exp(rng.uniform(np.log(0.75), np.log(1.33)))
    offset = np.clip(rng.normal(0, 0.03, 2), -0.1, 0.1)
    cx, cy = (width - 1) / 2 + offset[0] * width, (height - 1) / 2 + offset[1] * height
    return Intrinsics(width, height, float(fx), float(fx * ratio), float(cx), float(cy))


def pose(position: NDArray[np.float64], yaw_rad: float, pitch_rad: float, roll_rad: float) -> NDArray[np.float64]:
    """(4, 4) optical from world of a camera at position looking along yaw.

    pitch > 0 looks down, roll > 0 lowers the right side.
    """
    cy, sy, cp, sp = np.cos(yaw_rad), np.sin(yaw_rad), np.cos(pitch_rad), np.sin(pitch_rad)
    forward = np.array([cy * cp, sy * cp, -sp])
    right = np.array([sy, -cy, 0.0])
    down = np.cross(forward, right)
    c, s = np.cos(roll_rad), np.sin(roll_rad)
    rotation = np.stack([c * right + s * down, c * down - s * right, forward])
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = -rotation @ position
    return matrix


def propose(rng: Generator, scene: Scene, width: int, height: int) -> View | None:
    """A random view; None when the place is inside or too near to something solid."""
    low, high = scene.bounds
    intrinsics = sample_intrinsics(rng, width, height)
    roll = rng.normal(0, np.radians(4)) if rng.random() < 0.92 else rng.uniform(-0.26, 0.26)
    kind = rng.choice(3, p=[0.5, 0.25, 0.25])
    position = np.array([rng.uniform(0.15, high[0] - 0.15), rng.uniform(0.15, high[1] - 0.15), 0.0])
    target = scene.targets[int(rng.integers(len(scene.targets)))] if len(scene.targets) else (low + high) / 2
    if kind == 2:  # aimed at an object from 0.5 to 2.5 m
        bearing, slope, distance = rng.uniform(0, 2 * np.pi), rng.uniform(-0.1, 0.95), rng.uniform(0.6, 2.6)
        position = target + distance * np.array(
            [np.cos(bearing) * np.cos(slope), np.sin(bearing) * np.cos(slope), np.sin(slope)]
        )
        aim = target + rng.normal(0, 0.08, 3) * distance
        pitch = np.arctan2(position[2] - aim[2], np.hypot(*(aim - position)[:2]))
        yaw = np.arctan2(aim[1] - position[1], aim[0] - position[0])
    else:
        robot = kind == 1
        position[2] = rng.uniform(0.1, 0.8) if robot else np.clip(rng.normal(1.35, 0.25), 0.8, 1.8)
        span = (-15, 20) if robot else (-35, 55)
        pitch = np.radians(np.clip(rng.normal(3, 8) if robot else rng.normal(17, 17), *span))
        yaw = rng.uniform(0, 2 * np.pi)
        if rng.random() < 0.6:  # people and robots mostly face things
            yaw = np.arctan2(target[1] - position[1], target[0] - position[0]) + rng.normal(0, 0.3)
    if np.any(position < low + 0.08) or np.any(position > high - 0.08) or abs(pitch) > 1.3:
        return None
    if len(scene.solids):
        inside = np.all((position > scene.solids[:, 0] - 0.05) & (position < scene.solids[:, 1] + 0.05), axis=1)
        if inside.any():
            return None
    return View(
        intrinsics, pose(position, float(yaw), float(pitch), float(roll)), float(position[2]), float(roll), float(pitch)
    )


def passes(range_m: NDArray[np.float32]) -> bool:
    """Nothing too near, not a bare wall, not mostly open, by the ranges (h, w) of a view in metres.

    Central 90 % at 0.25 m or more, at most 35 % nearer than 0.45 m, the standard deviation of ln range above 0.08, at
    most 30 % without a surface.
    """
    h, w = range_m.shape
    centre = range_m[round(h * 0.025) : round(h * 0.975), round(w * 0.025) : round(w * 0.975)]
    if centre.min() < 0.25 or np.mean(range_m < 0.45) > 0.35:
        return False
    finite = range_m[np.isfinite(range_m)]
    if finite.size < 0.7 * range_m.size:
        return False
    return float(np.log(finite).std()) > 0.08


def bare(range_m: NDArray[np.float32], intrinsics: Intrinsics) -> bool:
    """Whether one plane explains the view.

    Inverse depth of a plane is affine in pixel coordinates: fit that, and look at what is left.
    """
    v, u = (a.ravel()[None].T for a in np.mgrid[4 : intrinsics.height : 9, 4 : intrinsics.width : 9])
    x, y = (u - intrinsics.cx) / intrinsics.fx, (v - intrinsics.cy) / intrinsics.fy
    inverse = np.sqrt(1 + x * x + y * y) / range_m[v, u]
    columns = np.concatenate([x, y, np.ones_like(x)], axis=1)
    fit, *_ = np.linalg.lstsq(columns, inverse, rcond=None)
    left = np.abs(columns @ fit - inverse) / np.maximum(inverse, 0.05)
    return bool(np.mean(left > 0.04) < 0.3)


def keep_probability(median_m: float) -> float:
    """Chance to keep a view of this median range, at most 1: wanted over proposed density."""
    x = np.log(median_m)
    wanted = -0.5 * ((x - np.log(MEDIAN_M)) / SIGMA_LN) ** 2
    proposed = -0.5 * ((x - np.log(PROPOSED_MEDIAN_M)) / PROPOSED_SIGMA_LN) ** 2
    return float(min(1.0, np.exp(wanted - proposed) * 0.5))
