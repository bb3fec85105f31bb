# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Conversion of LaserScan and PointCloud2 to points (N, 3) in metres, in the frame of the message."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import LaserScan, PointCloud2

from grin_ros.core.hints.sensors.returns import MIN_RANGE_M, SAME_DISTANCE, Returns, measured_returns, repeated_range
from grin_ros.core.input_error import InputError
from grin_ros.ros.inputs.hints.cloud_fields import CloudFields

Ranges: TypeAlias = LaserScan | PointCloud2
"""The messages that hold measured ranges."""
MOST_SWEEP_RAD = 2.1 * math.pi
"""The largest sweep of a scan; some drivers let the last rays overlap the first ones."""
MOST_MISS, MOST_MISSED_RAYS = 0.05, 2.0
"""The last ray may miss angle_max by this share of the sweep, or by so many rays if that is more. The number of rays of
some lidars changes from turn to turn."""
MOST_RAYS = 100_000
"""The largest number of rays of a scan. No 2D lidar has so many, and reading them would delay depth."""


def measured_points(message: Ranges, min_range_m: float = MIN_RANGE_M) -> Returns:
    """Return the points that were measured, without the codes of rays without a return (`measured_returns`).

    min_range_m: nearer points are left out too. Raises InputError if the message cannot be read.
    """
    if isinstance(message, LaserScan):
        return measured_returns(scan_points(message), min_range_m)
    return measured_returns(CloudFields(message, "the topic", most=None).points(), min_range_m)


def scan_points(scan: LaserScan) -> NDArray[np.float64]:
    """Return the points of a scan, in the plane z = 0; NaN where its limits say that there is no return.

    REP 117 lets ranges at the limits count, but many drivers write range_max, or a little less, or another fixed
    number for no return. Raises InputError if angles or limits cannot be those of a scan.
    """
    ranges_m = np.asarray(scan.ranges, np.float64)
    if len(ranges_m) > MOST_RAYS:
        raise InputError(
            f"scan: got {len(ranges_m)} ranges, expected at most {MOST_RAYS}", "publish so many points as a PointCloud2"
        )
    sweep_rad = abs(scan.angle_increment) * (len(ranges_m) - 1)
    a_turn = 0.0 < sweep_rad < MOST_SWEEP_RAD and abs(scan.angle_min) < MOST_SWEEP_RAD
    if len(ranges_m) > 1 and not (a_turn and scan.range_min < scan.range_max):  # NaN is refused too
        raise InputError(
            f"scan: got angle_min {scan.angle_min:g}, angle_increment {scan.angle_increment:g}, range_min "
            f"{scan.range_min:g} and range_max {scan.range_max:g} for {len(ranges_m)} ranges, expected a sweep of at "
            "most a turn, in radians, and a smallest and a largest range, in metres",
            "correct the node that publishes the scan",
        )
    if len(ranges_m) > 1:
        _check_angle_max(scan, sweep_rad)
    low_m, high_m = (float(np.float32(limit)) for limit in (scan.range_min, scan.range_max))  # as ranges are stored
    hit = (ranges_m > max(low_m, 0.0)) & (ranges_m < high_m * (1.0 - SAME_DISTANCE))
    hit &= ranges_m != repeated_range(ranges_m[hit])
    return np.where(hit, ranges_m, np.nan)[:, None] * ray_directions(scan)


def ray_directions(scan: LaserScan) -> NDArray[np.float64]:
    """Return the unit vectors (N, 3) of the rays of a scan, in its frame."""
    angles = scan.angle_min + scan.angle_increment * np.arange(len(scan.ranges))
    return np.stack([np.cos(angles), np.sin(angles), np.zeros(len(angles))], axis=1)


def _check_angle_max(scan: LaserScan, sweep_rad: float) -> None:
    """Raise InputError if the last ray is not at angle_max, so that angle_increment and the ranges do not fit together.
    An angle_max of 0 is not set."""
    last = scan.angle_min + math.copysign(sweep_rad, scan.angle_increment)
    miss_rad = abs(math.remainder(last - scan.angle_max, math.tau)) if math.isfinite(scan.angle_max) else math.inf
    if scan.angle_max and not miss_rad <= max(MOST_MISS * sweep_rad, MOST_MISSED_RAYS * abs(scan.angle_increment)):
        fitting = (scan.angle_max - scan.angle_min) / (len(scan.ranges) - 1)
        raise InputError(
            f"scan: got {len(scan.ranges)} ranges from angle_min {scan.angle_min:g} on with angle_increment "
            f"{scan.angle_increment:g}, so the last one is at {last:g}, expected it at angle_max {scan.angle_max:g}",
            f"correct the node that publishes the scan: with these limits angle_increment is {fitting:g}",
        )
