# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A level scan from a depth estimate, as a 2D lidar at the camera would give: the nearest obstacle of each bearing.

The scan lies in the camera's level frame (`view.LevelView`): origin at the camera's centre, x ahead, z up. The mounting
levels a tilted camera. An obstacle is what stands in the height band. A range is +inf if at least half of the rays that
are in the band at the end of the range are free up to there, and NaN if neither is known (REP 117). Where bearings are
finer than pixels, a bearing between two pixels has the range of the nearer one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.kept_maps import KeptMaps
from grin_ros.core.planning.obstacles import Mask, ObstacleSettings, beyond_pixels, standing_pixels
from grin_ros.core.planning.view import level_view
from grin_ros.core.types import DepthEstimate

STEEPEST_DEG = 60.0
"""Rays that rise or fall more steeply belong to no bearing, because they meet what is above or below the robot."""


@dataclass(frozen=True)
class Scan:
    """A scan.

    ranges_m: (N,) float32, level metres from the camera's centre, at the bearings angle_min_rad + i * increment_rad.
    """

    ranges_m: NDArray[np.float32]
    angle_min_rad: float
    increment_rad: float
    range_min_m: float
    range_max_m: float

    @property
    def angle_max_rad(self) -> float:
        """The bearing of the last range."""
        return self.angle_min_rad + (len(self.ranges_m) - 1) * self.increment_rad


def level_scan(
    camera: Camera,
    estimate: DepthEstimate,
    settings: ObstacleSettings,
    trusted: Mask,
    increment_deg: float,
    min_depth_m: float,
) -> Scan:
    """Return the scan of one estimate, which reaches as far as obstacles do.

    trusted: from `trusted_pixels`. min_depth_m: nearer depth is not estimated. Raises MountingUnknownError, and
    ValueError for a camera that only looks up or down.
    """
    beams = _beams(camera, settings, increment_deg)
    depth_m, view = estimate.depth_m, level_view(camera)
    with np.errstate(invalid="ignore"):
        level_m = view.reach * depth_m
        standing = trusted & standing_pixels(camera, estimate, settings) & (level_m <= settings.max_range_m)
    standing &= beams.index >= 0
    nearest_m = np.full(beams.count, np.inf, np.float32)
    np.minimum.at(nearest_m, beams.index[standing], level_m[standing])

    seen_through = beyond_pixels(camera, estimate, settings.max_range_m)
    with np.errstate(invalid="ignore"):
        seen_through |= trusted & (level_m > settings.max_range_m)
    free = np.bincount(beams.index[beams.level & seen_through], minlength=beams.count)
    open_ahead = (beams.levels > 0) & (2 * free >= beams.levels)
    ranges_m = np.where(np.isfinite(nearest_m) | open_ahead, nearest_m, np.float32(np.nan))
    return Scan(
        ranges_m[beams.seen_by],
        beams.angle_min_rad,
        math.radians(increment_deg),
        min(beams.least_reach * min_depth_m, 0.5 * settings.max_range_m),
        settings.max_range_m,
    )


@dataclass(frozen=True)
class _Beams:
    """The bearings of a camera's pixels.

    index: (H, W) number of each pixel's bearing, -1 for none. level: (H, W), True in the height band at the end of the
    range. levels: how many such pixels each bearing has. seen_by: (N,) the number of the nearest bearing with pixels,
    its own where it has any. least_reach: the smallest reach of all pixels with a bearing.
    """

    index: NDArray[np.intp]
    count: int
    level: Mask
    levels: NDArray[np.intp]
    seen_by: NDArray[np.intp]
    angle_min_rad: float
    least_reach: float


@KeptMaps
def _beams(camera: Camera, settings: ObstacleSettings, increment_deg: float) -> _Beams:
    view = level_view(camera)
    assert camera.mounting is not None  # level_view has checked it
    with np.errstate(invalid="ignore"):
        usable = np.abs(view.climb) <= math.tan(math.radians(STEEPEST_DEG)) * view.reach
        end_m = camera.mounting.height_m + view.climb / view.reach * settings.max_range_m
        level = usable & (end_m > settings.min_height_m) & (end_m < settings.max_height_m)
    if not usable.any():
        raise ValueError(
            f"the camera looks no less than {STEEPEST_DEG:.0f} degrees up or down, so it has no level scan; "
            "correct mounting.pitch_deg, or do not ask for the scan"
        )
    increment_rad = math.radians(increment_deg)
    bearings = view.bearing_rad[usable]
    angle_min_rad = max(-math.pi, float(bearings.min()))  # -pi in float32 is a little less
    count = math.floor((float(bearings.max()) - angle_min_rad) / increment_rad + 0.5) + 1
    index = np.full(usable.shape, -1, np.intp)
    index[usable] = np.minimum(np.floor((bearings - angle_min_rad) / increment_rad + 0.5), count - 1)
    levels = np.bincount(index[level], minlength=count)
    return _Beams(index, count, level, levels, _seen_by(index, count), angle_min_rad, float(view.reach[usable].min()))


def _seen_by(index: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Return for each of `count` bearings the number of the nearest one with pixels. index: as `_Beams` has it."""
    bearings, seen = np.arange(count), np.unique(index[index >= 0])
    after = np.minimum(np.searchsorted(seen, bearings), len(seen) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(bearings - seen[before] < seen[after] - bearings, seen[before], seen[after])
