# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Three worlds of rooms as people photograph them: overviews, vistas through long rooms, and single subjects.

In views from random places, the lower third of the image is on average 15 % nearer than its middle. In hand-held
recordings it is 30 to 45 % nearer, and the upper third is that much farther, because people step back, look down a
little, and have a floor or a table before them. When people photograph a single thing, its background is mostly near.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.indoor import tabletop
from grin_ros.worlds.indoor.camera_placement import ONE_PLANE_SHARE, aimed_at, hand_held, shows_one_plane
from grin_ros.worlds.indoor.furnished_room import build_room, furnish_room
from grin_ros.worlds.scene import Placement, Scene

OTHERS_SHARE = 0.04  # the share of other views that is kept, so that the kinds of views have no sharp border
_BORDER_M = (0.15, 1.0)  # the distance of an overview camera from the wall


def place_overview(rng: Generator, scene: Scene) -> Placement | None:
    """Draw a camera near a wall that looks across the room. Return None if the place is inside something solid."""
    low, high = scene.bounds
    position = rng.uniform(low + 0.15, high - 0.15)
    axis, away = int(rng.integers(2)), float(rng.uniform(*_BORDER_M))
    position[axis] = low[axis] + away if rng.random() < 0.5 else high[axis] - away
    position[2] = np.clip(rng.normal(1.45, 0.2), 0.8, 1.9)
    # It looks towards the farthest of four random points: rather along a diagonal than at the nearest wall.
    points = rng.uniform(low, high, (4, 3))
    across = points[np.argmax(np.hypot(*(points - position)[:, :2].T))]
    yaw = np.arctan2(across[1] - position[1], across[0] - position[0]) + rng.normal(0, 0.2)
    pitch = np.radians(np.clip(rng.normal(16, 9), -8, 45))
    return hand_held(rng, scene, position, float(yaw), float(pitch))


def place_subject(rng: Generator, scene: Scene) -> Placement | None:
    """Draw a camera 1.2 to 3.8 m from a thing and a little above it.

    Return None if the place is outside the room or inside something solid.
    """
    target = scene.targets[int(rng.integers(len(scene.targets)))] if len(scene.targets) else scene.bounds[1] / 2
    distance = float(np.exp(rng.uniform(np.log(1.2), np.log(3.8))))
    bearing, slope = rng.uniform(0, 2 * np.pi), float(np.clip(rng.normal(0.2, 0.2), -0.1, 0.9))
    return hand_held(rng, scene, *aimed_at(rng, target, distance, bearing, slope, 0.1))


def keep_overview(range_m: NDArray[np.float32], camera: Camera) -> float:
    """Return the probability of keeping an overview with these ranges (h, w).

    All views are kept whose median range is 1 to 5 m, whose lower third is 15 to 65 % nearer than that, and whose upper
    third is not nearer. Few other views are kept.
    """
    seen = _surfaces(range_m)
    if seen is None:
        return 0.0
    third, median = len(range_m) // 3, float(np.nanmedian(seen))
    lower, upper = (float(np.log(np.nanmedian(part) / median)) for part in (seen[-third:], seen[:third]))
    chosen = 1.0 < median < 5.0 and -1.05 < lower < -0.16 and upper > 0.0
    return _chance(chosen, range_m, camera)


def keep_vista(range_m: NDArray[np.float32], camera: Camera) -> float:
    """Return the probability of keeping a vista with these ranges (h, w).

    All views are kept that have things before a far background: the median range is 1.5 to 5 m, a tenth of the view is
    nearer than 0.65 times the median, and a tenth is farther than 1.7 times the median. Few other views are kept.
    """
    seen = _surfaces(range_m)
    if seen is None:
        return 0.0
    near, median, far = (float(p) for p in np.nanpercentile(seen, (10, 50, 90)))
    chosen = 1.5 < median < 5.0 and near < 0.65 * median and far > 1.7 * median
    return _chance(chosen, range_m, camera)


def keep_subject(range_m: NDArray[np.float32], camera: Camera) -> float:
    """Return the probability of keeping a view of a subject with these ranges (h, w).

    All views are kept whose median range is 1.1 to 4 m and of which four fifths are between 0.7 and 1.5 times the
    median. Few other views are kept.
    """
    seen = _surfaces(range_m)
    if seen is None:
        return 0.0
    near, median, far = (float(p) for p in np.nanpercentile(seen, (10, 50, 90)))
    chosen = 1.1 < median < 4.0 and near > 0.7 * median and far < 1.5 * median
    return _chance(chosen, range_m, camera)


def _chance(chosen: bool, range_m: NDArray[np.float32], camera: Camera) -> float:
    return (1.0 if chosen else OTHERS_SHARE) * (ONE_PLANE_SHARE if shows_one_plane(range_m, camera) else 1.0)


def _surfaces(range_m: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return the ranges with nan where there is no surface.

    Return None if a third of the view has no surface, or if the upper or the lower third has none at all.
    """
    seen = np.where(np.isfinite(range_m), range_m, np.float32(np.nan))
    third = len(range_m) // 3
    known = np.isfinite(seen)
    if known.mean() < 0.66 or not known[:third].any() or not known[-third:].any():
        return None
    return seen


def build_vista(seed: int, assets: Assets) -> Scene:
    """Return the furnished room of a seed, 4 to 7 m by 6 to 12 m. The same seed and assets give the same scene."""
    rng = np.random.default_rng([seed, 0x715A])
    height = float(np.clip(rng.normal(2.7, 0.25), 2.3, 3.6))
    return furnish_room(rng, assets, (float(rng.uniform(4.0, 7.0)), float(rng.uniform(6.0, 12.0)), height), 1.3)


def build_subject(seed: int, assets: Assets) -> Scene:
    """Return the scene of a seed: a furnished room or a still life. The same seed and assets give the same scene."""
    staged = np.random.default_rng([seed, 0x50B]).random() < 0.5
    return tabletop.build(seed, assets) if staged else build_room(seed, assets)
