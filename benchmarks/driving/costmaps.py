# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Costmaps like those of Nav2's voxel layer and obstacle layer: clearing sources clear along rays, then others mark.

Points outside the height limits of a source are ignored, and marks end at the obstacle range. A column is occupied if
any of its voxels is. The two layers differ in how they clear: the voxel layer clears the voxels that a ray passes
through, up to two cells before its end. The obstacle layer has one voxel per column, so a ray clears every column that
it passes over, however high above it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray


@dataclass
class VoxelCostmap:
    """A costmap with voxels. low_m: its lowest corner. size: the number of voxels in x, y, z.

    resolution_m: the edge length of a column. z_resolution_m: the height of a voxel; that of a column if None.
    """

    low_m: tuple[float, float, float]
    size: tuple[int, int, int]
    resolution_m: float
    z_resolution_m: float | None = None
    occupied: NDArray[np.bool_] = field(init=False)
    kept_at_end: ClassVar[int] = 2
    """A ray stops this many cells before its end."""

    def __post_init__(self) -> None:
        self.occupied = np.zeros(self.size, np.bool_)

    def update(
        self,
        centre: NDArray[np.float64],
        clearing: NDArray[np.float64],
        marking: NDArray[np.float64],
        raytrace_m: float,
        obstacle_m: float,
        heights_m: tuple[float, float],
    ) -> None:
        """Clear and mark. centre: (3,) of the camera; clearing (N, 3), marking (M, 3): metres in the map's frame."""
        self._clear(centre, clearing, raytrace_m)
        standing = (marking[:, 2] >= heights_m[0]) & (marking[:, 2] <= heights_m[1])
        near = np.linalg.norm(marking - centre, axis=1) <= obstacle_m
        cells, inside = self._cells(marking[standing & near])
        self.occupied[tuple(cells[inside].T)] = True

    def columns(self) -> NDArray[np.float64]:
        """Return the centres x, y (K, 2) of the occupied columns, in metres."""
        cells = np.argwhere(self.occupied.any(axis=2))
        return np.asarray((cells + 0.5) * self.resolution_m + np.array(self.low_m[:2]))

    def _clear(self, centre: NDArray[np.float64], ends: NDArray[np.float64], raytrace_m: float) -> None:
        """Clear every voxel along each ray."""
        along = ends - centre
        length_m = np.linalg.norm(along, axis=1)
        along = along / length_m[:, None]
        for distance_m in np.arange(0.0, raytrace_m, self.resolution_m / 2):
            going = length_m - self.kept_at_end * self.resolution_m > distance_m
            cells, inside = self._cells(centre + distance_m * along[going])
            self.occupied[tuple(cells[inside].T)] = False

    def _cells(self, points: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        z_resolution_m = self.z_resolution_m or self.resolution_m
        edges_m = np.array([self.resolution_m, self.resolution_m, z_resolution_m])
        cells = np.floor((points - np.array(self.low_m)) / edges_m).astype(np.int64)
        return cells, ((cells >= 0) & (cells < np.array(self.size))).all(axis=1)


class FlatCostmap(VoxelCostmap):
    """A costmap without voxels, in which rays clear in 2D. Every column is as high as needed; size[2] must be 1."""

    kept_at_end = 0

    def _cells(self, points: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        return super()._cells(np.column_stack([points[:, :2], np.full(len(points), self.low_m[2])]))


def scan_points(
    ranges_m: NDArray[np.floating], bearings_rad: NDArray[np.floating], range_max_m: float, *, inf_is_valid: bool
) -> NDArray[np.float64]:
    """Return the points (N, 3) that Nav2 makes of a scan, in its frame.

    NaN gives no point. With inf_is_valid, +inf becomes range_max - 0.0001 m, as in ObstacleLayer; else no point.
    """
    ranges_m = np.asarray(ranges_m, np.float64)
    known_m = np.where(np.isposinf(ranges_m), range_max_m - 1e-4 if inf_is_valid else np.nan, ranges_m)
    points = np.stack([known_m * np.cos(bearings_rad), known_m * np.sin(bearings_rad), np.zeros(len(known_m))], axis=1)
    return np.asarray(points[np.isfinite(known_m)])
