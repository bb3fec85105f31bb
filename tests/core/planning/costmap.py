# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A voxel costmap as Nav2's voxel layer keeps one: clearing sources clear along their rays, then marking sources mark.

Like there, points outside a source's height limits are dropped first, rays end two cells before what they met or at the
raytrace range, marks at the obstacle range, and a column is occupied where any of its voxels is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class VoxelCostmap:
    """low_m: the lowest corner. size: voxels in x, y, z."""

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
        """centre (3,) of the camera, clearing (N, 3), marking (M, 3): metres in the map's frame."""
        self._clear(centre, clearing, raytrace_m)
        standing = (marking[:, 2] >= heights_m[0]) & (marking[:, 2] <= heights_m[1])
        near = np.linalg.norm(marking - centre, axis=1) <= obstacle_m
        cells, inside = self._cells(marking[standing & near])
        self.occupied[tuple(cells[inside].T)] = True

    def columns(self) -> NDArray[np.float64]:
        """(K, 2) centres x, y of the occupied columns, metres."""
        cells = np.argwhere(self.occupied.any(axis=2))
        return np.asarray((cells + 0.5) * self.resolution_m + np.array(self.low_m[:2]))

    def _clear(self, centre: NDArray[np.float64], ends: NDArray[np.float64], raytrace_m: float) -> None:
        """Every voxel along each ray."""
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
