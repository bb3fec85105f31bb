# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Conversion of LaserScan and PointCloud2 to points (N, 3) in metres, in the frame of the message."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import LaserScan, PointCloud2, PointField

from grin_ros.core.hints.returns import MIN_RANGE_M, SAME_DISTANCE, Returns, measured_returns
from grin_ros.core.input_error import InputError
from grin_ros.ros.inputs.hints.cloud_fields import CloudFields

Ranges: TypeAlias = LaserScan | PointCloud2
"""The messages that hold measured ranges."""


def measured_points(message: Ranges, min_range_m: float = MIN_RANGE_M) -> Returns:
    """Return the points that were measured, without the codes of rays without a return (`measured_returns`).

    min_range_m: nearer points are left out too. Raises InputError if the message cannot be read.
    """
    points = scan_points(message) if isinstance(message, LaserScan) else cloud_points(message)
    return measured_returns(points, min_range_m)


def scan_points(scan: LaserScan) -> NDArray[np.float64]:
    """Return the points of a scan, in the plane z = 0; NaN where its limits say that there is no return.

    REP 117 lets ranges at the limits count, but many drivers write range_max, or a little less, for no return.
    """
    ranges_m = np.asarray(scan.ranges, np.float64)
    angles = scan.angle_min + scan.angle_increment * np.arange(len(ranges_m))
    low_m, high_m = (float(np.float32(limit)) for limit in (scan.range_min, scan.range_max))  # as ranges are stored
    hit = (ranges_m > max(low_m, 0.0)) & (ranges_m < high_m * (1.0 - SAME_DISTANCE))
    ranges_m = np.where(hit, ranges_m, np.nan)
    return np.stack([ranges_m * np.cos(angles), ranges_m * np.sin(angles), np.where(hit, 0.0, np.nan)], axis=1)


def cloud_points(cloud: PointCloud2) -> NDArray[np.float64]:
    """Return the points of a cloud as they are. x, y and z may be FLOAT32 or FLOAT64, in any layout.

    Raises InputError if fields are missing or of another type, or if sizes and data do not fit together.
    """
    fields = {field.name: field for field in cloud.fields}
    missing = {"x", "y", "z"} - fields.keys()
    if missing:
        raise InputError(
            f"cloud: got fields {', '.join(fields) or 'none'}, expected x, y and z among them",
            "give a cloud with these fields",
        )
    formats = [fields[name].datatype for name in "xyz"]
    if not set(formats) <= {PointField.FLOAT32, PointField.FLOAT64}:
        raise InputError(
            f"cloud: got x, y, z of the datatypes {formats}, expected FLOAT32 (7) or FLOAT64 (8)",
            "give a cloud of floats",
        )
    return CloudFields(cloud, "the topic", most=None).columns("xyz")
