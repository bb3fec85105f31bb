# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A voxel costmap like Nav2's voxel layer: clearing sources clear along their rays, then marking sources mark.

Points outside the height limits of a source are ignored. Rays end two cells before their end or at the raytrace range,
marks at the obstacle range. A column is occupied if any of its voxels is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class VoxelCostmap:
    """A costmap. low_m: its lowest corner. size: the number of voxels in x, y, z."""

    low_m: tuple[float, float, float]
    size: tuple[int, int, int]
    resolution_m: float
    occupied: NDArray[np.bool_] = field(init=False)

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
            going = length_m - 2 * self.resolution_m > distance_m
            cells, inside = self._cells(centre + distance_m * along[going])
            self.occupied[tuple(cells[inside].T)] = False

    def _cells(self, points: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        cells = np.floor((points - np.array(self.low_m)) / self.resolution_m).astype(np.int64)
        return cells, ((cells >= 0) & (cells < np.array(self.size))).all(axis=1)
