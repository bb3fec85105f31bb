# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Conversion of LaserScan and PointCloud2 to measured points (N, 3) in metres, in the frame of the message."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import LaserScan, PointCloud2, PointField

from grin_ros.core.input_error import InputError

Ranges: TypeAlias = LaserScan | PointCloud2
"""The messages that hold measured ranges."""

_FORMATS = {PointField.FLOAT32: "f4", PointField.FLOAT64: "f8"}


def measured_points(message: Ranges) -> NDArray[np.float64]:
    """Return the points that were hit, without invalid ranges and those beyond the range of the sensor.

    Raises InputError if the message cannot be read.
    """
    return scan_points(message) if isinstance(message, LaserScan) else cloud_points(message)


def scan_points(scan: LaserScan) -> NDArray[np.float64]:
    """Return the points of a scan, in the plane z = 0. Ranges outside the scan's limits do not count (REP 117)."""
    ranges_m = np.asarray(scan.ranges, np.float64)
    angles = scan.angle_min + scan.angle_increment * np.arange(len(ranges_m))
    hit = np.isfinite(ranges_m) & (ranges_m >= scan.range_min) & (ranges_m <= scan.range_max) & (ranges_m > 0.0)
    x, y = ranges_m[hit] * np.cos(angles[hit]), ranges_m[hit] * np.sin(angles[hit])
    return np.stack([x, y, np.zeros_like(x)], axis=1)


def cloud_points(cloud: PointCloud2) -> NDArray[np.float64]:
    """Return the finite points of a cloud. x, y and z may be FLOAT32 or FLOAT64, in any layout.

    Raises InputError if fields are missing or of another type, or if sizes and data do not fit together.
    """
    fields = {field.name: field for field in cloud.fields}
    missing = {"x", "y", "z"} - fields.keys()
    if missing:
        raise InputError(
            f"cloud: got fields {', '.join(fields) or 'none'}, expected x, y and z among them",
            "remap range/points to a cloud with these fields",
        )
    formats = [fields[name].datatype for name in "xyz"]
    if not set(formats) <= _FORMATS.keys():
        raise InputError(
            f"cloud: got x, y, z of the datatypes {formats}, expected FLOAT32 (7) or FLOAT64 (8)",
            "remap range/points to a cloud of floats",
        )
    order = ">" if cloud.is_bigendian else "<"
    layout = [(fields[name].offset, np.dtype(order + _FORMATS[fields[name].datatype])) for name in "xyz"]
    row_bytes = cloud.width * cloud.point_step
    fits = all(offset + kind.itemsize <= cloud.point_step for offset, kind in layout)
    if not fits or cloud.row_step < row_bytes or len(cloud.data) < cloud.height * cloud.row_step:
        raise InputError(
            f"cloud: got {len(cloud.data)} bytes, point_step {cloud.point_step} and row_step {cloud.row_step} for "
            f"{cloud.width}x{cloud.height} points",
            "correct the node that publishes the cloud",
        )
    data, strides = memoryview(cloud.data), (cloud.row_step, cloud.point_step)
    axes = [
        np.ndarray((cloud.height, cloud.width), kind, data, offset=offset, strides=strides).astype(np.float64).ravel()
        for offset, kind in layout
    ]
    points = np.stack(axes, axis=1)
    return np.asarray(points[np.isfinite(points).all(axis=1)])
