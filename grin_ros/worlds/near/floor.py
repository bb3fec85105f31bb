# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Floors as small robots see them: from 6 to 60 cm above it, level or tilted down, in rooms, corridors and stores."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.indoor import corridor, warehouse
from grin_ros.worlds.indoor.camera_placement import is_free, shows_one_plane
from grin_ros.worlds.indoor.furnished_room import build_room
from grin_ros.worlds.scene import Placement, Scene

_BARE_SHARE = 0.3
_EVEN_M = 0.8  # farther views are kept the less often, so that ln of the median is spread evenly


def build(seed: int, assets: Assets) -> Scene:
    """Return a room, a corridor or a store. The same seed and the same assets give the same scene."""
    kind = np.random.default_rng([seed, 0xF100]).random()
    make = build_room if kind < 0.7 else (corridor.build if kind < 0.85 else warehouse.build)
    return make(seed, assets)


def place(rng: Generator, scene: Scene) -> Placement | None:
    """Return a camera low above the floor, or None where it would be inside something."""
    low, high = scene.bounds
    height = float(np.exp(rng.uniform(np.log(0.06), np.log(0.6))))
    position = np.append(rng.uniform(low[:2] + 0.15, high[:2] - 0.15), height)
    down = rng.random() < 0.55
    pitch = np.radians(rng.uniform(15, 75) if down and height > 0.2 else np.clip(rng.normal(6, 8), -12, 30))
    if not is_free(scene, position):
        return None
    return Placement(position, float(rng.uniform(0, 2 * np.pi)), float(pitch), float(rng.normal(0, 0.04)), height)


def keep(range_m: NDArray[np.float32], camera: Camera) -> float:
    """Return the chance to keep a view by its ranges (h, w): all whose median is 0.25 to 0.8 m, fewer up to 3 m."""
    seen = range_m[np.isfinite(range_m)]
    if len(seen) < 0.7 * range_m.size or not 0.25 < np.median(seen) < 3.0:
        return 0.0
    return float(min(1.0, (_EVEN_M / float(np.median(seen))) ** 1.5)) * (
        _BARE_SHARE if shows_one_plane(range_m, camera) else 1.0
    )
