# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The points of a depth estimate that a costmap marks as obstacles, and those up to which it clears.

Points are in the optical frame. A pixel is trusted if its relative sigma is small and if it lies on a surface, not on
the ramp that an estimate draws between a near edge and the background. Only trusted pixels mark. Trusted pixels clear
up to their surface; pixels that are certainly far away clear up to `cleared_range_m`. All others do nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.rays import points_from_range
from grin_ros.core.planning.view import level_view, range_per_depth
from grin_ros.core.types import DepthEstimate

CLEARED_BEYOND = 1.2
"""Rays are cleared to this multiple of max_range_m. Otherwise, marks at max_range_m would never be cleared."""
SURELY_SIGMAS = 2.0
"""A surface is certainly beyond a range if it still is when its depth is reduced by this many sigmas."""

LEAST_KNOWN, LOOKED_AT = 0.01, 8
"""With less than this share of certain pixels an estimate tells planners nothing. So many rows and columns apart are
those that are looked at."""
FEWEST_HINTS = 8
"""With so many hints their limit of sigma counts. One ultrasonic beam makes depth better everywhere, but sigma small
around it only, and with that limit hardly an obstacle would be left."""
_CUBES_A_SIDE = 2.0**15
"""The number of voxels along each axis."""

Mask = NDArray[np.bool_]
Points = NDArray[np.float32]


@dataclass(frozen=True)
class ObstacleSettings:
    """The settings that choose pixels and thin out points.

    max_relative_sigma: the largest sigma / depth. hinted_relative_sigma: the same for a frame with FEWEST_HINTS hints
    or more, whose sigma tells right pixels from wrong ones; the smaller of the two counts. min_grazing_deg: a surface
    seen at a flatter angle does not count as a surface. max_range_m: along the ray; farther points mark nothing.
    voxel_m: one point is kept in each cube of this edge. height_band: keep only what stands between min_height_m and
    max_height_m above the ground, where the mounting is known. Without a mounting nothing has a height, so the floor
    is kept too.
    """

    max_relative_sigma: float = 0.5
    hinted_relative_sigma: float = 0.13
    min_grazing_deg: float = 2.0
    max_range_m: float = 5.0
    voxel_m: float = 0.05
    height_band: bool = True
    min_height_m: float = 0.1
    max_height_m: float = 2.0

    def __post_init__(self) -> None:
        if not self.min_height_m < self.max_height_m:
            raise ValueError(
                f"obstacles.min_height_m, obstacles.max_height_m: got {self.min_height_m}, {self.max_height_m}, "
                "expected min < max (metres above the ground); set both in one request, or the other one first"
            )

    def keeps_floor(self, camera: Camera) -> bool:
        """Return True if the height band is wanted and the mounting is not known: the floor is then kept."""
        return self.height_band and camera.mounting is None

    def limit(self, estimate: DepthEstimate) -> float:
        """Return the largest sigma / depth of a pixel of this estimate that is trusted."""
        hinted = estimate.hints is not None and estimate.hints.used >= FEWEST_HINTS
        return min(self.max_relative_sigma, self.hinted_relative_sigma) if hinted else self.max_relative_sigma

    @property
    def cleared_range_m(self) -> float:
        """The range up to which rays are cleared."""
        return CLEARED_BEYOND * self.max_range_m

    def within(self, max_depth_m: float) -> ObstacleSettings:
        """Return the settings for depth that is +inf beyond max_depth_m, behind which a surface may lie: nothing
        farther is cleared."""
        return replace(self, max_range_m=min(self.max_range_m, max_depth_m / CLEARED_BEYOND))


def trusted_pixels(camera: Camera, estimate: DepthEstimate, settings: ObstacleSettings) -> Mask:
    """Return True (H, W) where depth is finite, relative sigma is small enough, and the pixel lies on a surface.

    Raises ValueError if the estimate has another size than the camera.
    """
    depth_m = estimate.depth_m
    if depth_m.shape != (camera.height, camera.width):
        raise ValueError(
            f"estimate: got {depth_m.shape}, expected the camera's {(camera.height, camera.width)}; "
            "estimate at the size of the frame"
        )
    with np.errstate(invalid="ignore"):
        certain = np.isfinite(depth_m) & (estimate.sigma_m <= np.float32(settings.limit(estimate)) * depth_m)
    return certain & ~flying_pixels(depth_m, camera, settings.min_grazing_deg)


def tells_something(estimate: DepthEstimate, settings: ObstacleSettings) -> bool:
    """Return whether at least LEAST_KNOWN of the pixels are certain enough to mark or to clear. It looks at every
    LOOKED_AT-th row and column, and takes far less than a millisecond."""
    found, some = estimate.unlimited or estimate, np.s_[::LOOKED_AT, ::LOOKED_AT]
    depth_m, sigma_m = found.depth_m[some], found.sigma_m[some]
    with np.errstate(invalid="ignore"):
        known = sigma_m <= np.float32(settings.limit(estimate)) * depth_m
        known |= depth_m - np.float32(SURELY_SIGMAS) * sigma_m >= np.float32(settings.cleared_range_m)
    known |= np.isposinf(depth_m)
    return bool(known.mean() >= LEAST_KNOWN)


def flying_pixels(depth_m: NDArray[np.float32], camera: Camera, min_grazing_deg: float) -> Mask:
    """Return True (H, W) for pixels between two surfaces ("flying pixels").

    Such a pixel has nearer depth on one side and farther depth on the other, both by more than along a surface that is
    seen at min_grazing_deg. The last pixel of a near object and the first one behind it have a surface on one side.
    """
    steepest = 1.0 / math.tan(math.radians(min_grazing_deg))  # growth of ln(depth) per radian
    flying = np.zeros(depth_m.shape, np.bool_)
    for axis, f_px in ((0, camera.fy), (1, camera.fx)):
        lines, found = np.moveaxis(depth_m, axis, 0), np.moveaxis(flying, axis, 0)
        step = np.float32(math.exp(steepest / f_px))
        with np.errstate(invalid="ignore", over="ignore"):
            farther, nearer = lines[1:] > step * lines[:-1], lines[:-1] > step * lines[1:]
        found[1:-1] |= (farther[:-1] & farther[1:]) | (nearer[:-1] & nearer[1:])
    return flying


def standing_pixels(camera: Camera, estimate: DepthEstimate, settings: ObstacleSettings) -> Mask:
    """Return True (H, W) within the height band.

    An error of depth raises or lowers the floor, so a pixel has to stand above min_height_m by one sigma of its height.
    Raises MountingUnknownError.
    """
    climb = level_view(camera).climb
    assert camera.mounting is not None  # level_view has checked it
    with np.errstate(invalid="ignore"):
        height_m = np.float32(camera.mounting.height_m) + climb * estimate.depth_m
        low = height_m - np.abs(climb) * estimate.sigma_m
        return np.asarray((low > settings.min_height_m) & (height_m < settings.max_height_m))


def obstacle_points(camera: Camera, estimate: DepthEstimate, settings: ObstacleSettings, trusted: Mask) -> Points:
    """Return one point of each occupied voxel: (N, 4) float32 x, y, z, sigma in metres, in the optical frame.

    sigma is that of depth along z. The height band is applied if the settings want it and the mounting is known.
    """
    with np.errstate(invalid="ignore"):
        range_m = range_per_depth(camera) * estimate.depth_m
        wanted = trusted & (range_m <= np.float32(settings.max_range_m))
    if settings.height_band and camera.mounting is not None:
        wanted &= standing_pixels(camera, estimate, settings)
    points = points_from_range(np.where(wanted, range_m, np.float32(np.nan)), camera.rays())
    first = first_in_each_voxel(points, settings.voxel_m)
    return np.concatenate([points.reshape(-1, 3)[first], estimate.sigma_m.reshape(-1)[first, None]], axis=1)


def free_points(camera: Camera, estimate: DepthEstimate, settings: ObstacleSettings, trusted: Mask) -> Points:
    """Return the ends of rays up to which the space is free: (N, 3) float32 x, y, z in metres. Most lie in the air.

    A ray ends at its trusted surface, or at `cleared_range_m` if the surface is certainly farther or beyond range
    (+inf). One end is kept in each voxel.
    """
    per_depth = range_per_depth(camera)
    known = trusted | beyond_pixels(camera, estimate, settings.cleared_range_m)
    with np.errstate(invalid="ignore"):
        ends_m = np.minimum(per_depth * estimate.depth_m, np.float32(settings.cleared_range_m))
    points = points_from_range(np.where(known, ends_m, np.float32(np.nan)), camera.rays())
    return np.asarray(points.reshape(-1, 3)[first_in_each_voxel(points, settings.voxel_m)])


def beyond_pixels(camera: Camera, estimate: DepthEstimate, range_m: float) -> Mask:
    """Return True (H, W) where the surface is certainly farther than range_m along the ray, or beyond range (+inf).

    Depth that is +inf because of max_depth_m is judged as it was estimated.
    """
    found = estimate.unlimited or estimate
    with np.errstate(invalid="ignore"):
        nearest_m = found.depth_m - np.float32(SURELY_SIGMAS) * found.sigma_m
        beyond = np.isposinf(found.depth_m) | (range_per_depth(camera) * nearest_m >= np.float32(range_m))
    return beyond & ~np.isnan(estimate.depth_m)


def first_in_each_voxel(points: Points, voxel_m: float) -> NDArray[np.intp]:
    """Return the flat indices, ascending, of the first of the points (H, W, 3) in each cube of edge voxel_m.

    NaN is no point. Cubes are aligned with the axes and have one corner at the origin; there are 16384 to each side.
    """
    keys = np.zeros(points.shape[:-1])  # float64 is exact: all stay below 2^53
    for axis in range(3):
        keys = keys * _CUBES_A_SIDE + np.floor(points[..., axis] * np.float32(1.0 / voxel_m))
    # The first point of a cube has no other of that cube to its left or above. Few candidates are left to sort.
    first = ~np.isnan(keys)
    first[:, 1:] &= keys[:, 1:] != keys[:, :-1]
    first[1:] &= keys[1:] != keys[:-1]
    candidates = np.flatnonzero(first)
    if not len(candidates):
        return candidates
    order = np.argsort(keys.reshape(-1)[candidates])
    sorted_keys = keys.reshape(-1)[candidates[order]]
    begins = np.flatnonzero(np.concatenate([[True], sorted_keys[1:] != sorted_keys[:-1]]))
    return np.sort(np.minimum.reduceat(candidates[order], begins))
