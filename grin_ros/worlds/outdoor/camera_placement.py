# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The placement of outdoor cameras, on cars, on robots and in hands, and the choice of the views that are kept."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.outdoor.site import OutdoorScene
from grin_ros.worlds.scene import Placement, Scene

CLEARANCE_M = 0.25  # the least distance between a camera and solid things


def _land(scene: Scene) -> OutdoorScene:
    if not isinstance(scene, OutdoorScene):
        raise TypeError(f"outdoor placement: got a {type(scene).__name__}, expected an OutdoorScene")
    return scene


def _placed(
    scene: OutdoorScene, x: float, y: float, height_m: float, yaw: float, pitch: float, roll: float
) -> Placement | None:
    """Return a placement at a height above the terrain, or None if it is too near to something solid."""
    position = np.array([x, y, scene.terrain.at(x, y) + height_m])
    if scene.blocks(position, CLEARANCE_M):
        return None
    return Placement(position, float(yaw), float(pitch), float(roll), float(height_m))


def place_in_street(rng: Generator, scene: Scene) -> Placement | None:
    """Draw a camera in a street: half on cars that look along their lane, 12 % on cars that turn, the rest others.

    The others are on robots and in hands. Return None if the drawn place is too near to something solid.
    """
    land = _land(scene)
    kind = rng.choice(4, p=[0.52, 0.12, 0.16, 0.2])
    if kind < 2:
        x, y, heading = land.lanes[int(rng.integers(len(land.lanes)))]
        height = rng.uniform(2.2, 3.0) if rng.random() < 0.06 else np.clip(rng.normal(1.6, 0.2), 1.1, 2.1)
        yaw = heading + rng.normal(0, np.radians(4))
        if kind == 1:
            yaw = heading + rng.choice([-1, 1]) * rng.uniform(np.radians(15), np.radians(100))
        slope = _slope(land, x, y, yaw)
        pitch = np.clip(rng.normal(0.5, 1.8), -5, 6)
        x, y = x + rng.normal(0, 0.4), y + rng.normal(0, 0.4)
        return _placed(land, x, y, float(height), yaw, np.radians(pitch) - slope, np.radians(rng.normal(0, 0.8)))
    x, y, heading = land.walks[int(rng.integers(len(land.walks)))]
    return _walker(rng, land, x, y, heading, kind == 2)


def place_in_yard(rng: Generator, scene: Scene) -> Placement | None:
    """Draw a camera on a robot or in a hand, on the paths and lawns of a yard.

    Return None if the drawn place is too near to something solid.
    """
    land = _land(scene)
    x, y, heading = land.walks[int(rng.integers(len(land.walks)))]
    return _walker(rng, land, x, y, heading, bool(rng.random() < 0.45))


def _walker(rng: Generator, land: OutdoorScene, x: float, y: float, heading: float, robot: bool) -> Placement | None:
    """Draw a camera on a robot or in a hand near (x, y), which looks along the heading or at something near."""
    x, y = x + rng.normal(0, 0.6), y + rng.normal(0, 0.6)
    height = rng.uniform(0.1, 1.0) if robot else np.clip(rng.normal(1.5, 0.15), 1.2, 1.9)
    yaw = heading + rng.choice([0.0, np.pi]) + rng.normal(0, 0.25)
    choice = rng.random()
    if choice < 0.4 and len(land.targets):
        away = np.hypot(land.targets[:, 0] - x, land.targets[:, 1] - y)
        near = np.flatnonzero((away > 1.0) & (away < 25.0))
        if len(near):
            target = land.targets[near[int(rng.integers(len(near)))]]
            yaw = np.arctan2(target[1] - y, target[0] - x) + rng.normal(0, 0.2)
    elif choice < 0.6:
        yaw = rng.uniform(0, 2 * np.pi)
    pitch = np.clip(rng.normal(2, 6), -15, 20) if robot else np.clip(rng.normal(6, 10), -20, 40)
    slope = _slope(land, x, y, yaw) if robot else 0.0
    roll = rng.normal(0, np.radians(1.5 if robot else 3))
    return _placed(land, x, y, float(height), float(yaw), float(np.radians(pitch) - slope), float(roll))


def _slope(land: OutdoorScene, x: float, y: float, yaw: float) -> float:
    """Return the slope of the terrain ahead in radians."""
    reach = 1.5 * np.array([np.cos(yaw), np.sin(yaw)])
    rise = land.terrain.at(x + reach[0], y + reach[1]) - land.terrain.at(x - reach[0], y - reach[1])
    return float(np.arctan2(rise, 3.0))


def keep_outdoors(range_m: NDArray[np.float32], camera: Camera) -> float:
    """Return the probability of keeping a view with these ranges (h, w) in metres.

    It is 0 if more than 60 % is sky, more than a third is nearer than 0.5 m, almost nothing is farther than 3 m, or
    half of the surfaces are nearer than 1 m. It is 0.25 for views of little depth, such as bare walls, otherwise 1.
    """
    del camera
    seen = range_m[~np.isnan(range_m)]
    finite = seen[np.isfinite(seen)]
    if finite.size < 0.4 * seen.size or np.mean(seen < 0.5) > 1 / 3:
        return 0.0
    if np.percentile(finite, 95) < 3.0 or np.median(finite) < 1.0:
        return 0.0
    return 1.0 if np.log(finite).std() > 0.3 else 0.25
