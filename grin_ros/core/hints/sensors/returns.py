# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The points of a range sensor that were measured, without those that stand for "nothing there".

Drivers have many conventions for a ray without a return: NaN, infinity, the sensor's origin, one distance at the end of
the range, or one fixed point. All of them are finite numbers to whoever does not know them, and a lidar under the open
sky has more of them than returns. They can only be told apart in the frame of the sensor, before any transform.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_RANGE_M = 0.25
"""Nearer points are the robot's own body, or a code for "no return"."""
ORIGIN_M = 1e-3
"""A point within this distance of the sensor's origin is a code; nothing can be measured there."""
SAME_DISTANCE = 1e-3
"""Distances that differ by less than this share are the same, because rounding and calibration move a code so far."""
FEWEST, LEAST_SHARE = 10, 0.05
"""A distance or a point is a code if at least this many points, and this share of all, have it. Fewer are harmless
outliers."""
BEYOND = 0.98
"""The end of the range is looked for at this quantile of the distances, so that a few wrong points farther away do not
hide it."""
NEAR = 0.05
"""Ranges that differ from a range by less than this share of it are near it."""
ALONE = 0.8
"""A range is a code only if more than this share of all ranges near it are exactly this range."""
_SAMPLE = 2000  # points that are searched for a repeated one


@dataclass(frozen=True)
class Returns:
    """The measured points (N, 3) in metres, in the frame of the sensor.

    kept: (M,) True for those of all M rays that hold them. no_return, too_near: the number of rays that were left out
    because they hold a code for "no return", or because they are nearer to the sensor than the smallest range.
    """

    points: NDArray[np.float64]
    kept: NDArray[np.bool_]
    no_return: int = 0
    too_near: int = 0


def measured_returns(
    points: NDArray[np.float64], min_range_m: float = MIN_RANGE_M, *, by_sensor: bool = True
) -> Returns:
    """Return the points that were measured of all (N, 3) points in metres, in the frame of the sensor.

    Left out are points that are not finite, at the sensor's origin or nearer than min_range_m; one point that many
    rays share; and the farthest points, if many lie at the same distance. A real surface hardly ever is a sphere around
    the sensor, but the end of its range is one. by_sensor: False for points in another frame, such as map: no distance
    is a code there, and seen from afar all points lie at about the same one.
    """
    distances_m = np.sqrt(np.einsum("ij,ij->i", points, points))
    codes = ~np.isfinite(distances_m) | (distances_m < ORIGIN_M)
    for code in _shared_points(points, np.flatnonzero(~codes)):
        codes |= (points == code).all(axis=1)
    if by_sensor:
        low_m, high_m = _at_end(distances_m[~codes])
        codes |= (distances_m >= low_m) & (distances_m <= high_m)
    near = ~codes & (distances_m < min_range_m)
    kept = ~(codes | near)
    return Returns(points[kept], kept, int(codes.sum()), int(near.sum()))


def _shared_points(points: NDArray[np.float64], candidates: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the points (K, 3) that many of the candidates (indices) have in common, exactly."""
    sample = points[candidates[:: max(1, -(-len(candidates) // _SAMPLE))]]
    sample = sample[np.lexsort(sample.T)]
    begins = np.flatnonzero(np.append(True, (sample[1:] != sample[:-1]).any(axis=1)))[: len(sample)]
    counts = np.diff(np.append(begins, len(sample)))
    return sample[begins[counts >= _many(len(sample))]]


def end_of_range(depths_m: NDArray[np.float32]) -> float:
    """Return the depth that many pixels of a depth image (N,), all finite, share at the end of the range, else inf.

    Many sensors write the end of their range where they see nothing.
    """
    if not len(depths_m):
        return np.inf
    end_m = _at_quantile(depths_m)
    return end_m if _stands_alone(depths_m, end_m) else np.inf


def repeated_range(ranges_m: NDArray[np.float64]) -> float:
    """Return the range that many rays of a scan (N,), all finite, share exactly, as a code for no return; else inf."""
    if not len(ranges_m):
        return np.inf
    values, counts = np.unique(ranges_m, return_counts=True)
    most_m = float(values[counts.argmax()])
    return most_m if _stands_alone(ranges_m, most_m) else np.inf


def _stands_alone(values_m: NDArray[np.floating], value_m: float) -> bool:
    """Return True if many values are exactly this one, and few are near it. A surface differs from place to place."""
    count = np.count_nonzero(values_m == value_m)
    near = np.count_nonzero(np.abs(values_m - value_m) < NEAR * value_m)
    return bool(count >= _many(len(values_m)) and count > ALONE * near)


def _at_end(distances_m: NDArray[np.float64]) -> tuple[float, float]:
    """Return the nearest and the farthest distance of the code at the end of the range; (inf, inf) if there is none."""
    if len(distances_m):
        end_m = _at_quantile(distances_m)
        low_m, high_m = end_m * (1.0 - SAME_DISTANCE), end_m * (1.0 + SAME_DISTANCE)
        if ((distances_m >= low_m) & (distances_m <= high_m)).sum() >= _many(len(distances_m)):
            return low_m, high_m
    return np.inf, np.inf


def _many(total: int) -> float:
    """Return how many of all points must have a distance or a point in common, so that it is a code."""
    return max(FEWEST, LEAST_SHARE * total)


def _at_quantile(values_m: NDArray[np.floating]) -> float:
    """Return the value at the quantile BEYOND of (N,), at least one."""
    at = int(BEYOND * (len(values_m) - 1))
    return float(np.partition(values_m, at)[at])
