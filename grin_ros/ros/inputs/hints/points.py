# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints from a 3D lidar or any sensor that publishes points: `hints/points`, PointCloud2.

The time of each point is read where the driver gives it: Velodyne `time` (seconds from the stamp), Ouster `t` and
Livox `offset_time` (nanoseconds from the stamp), Livox and others `timestamp` (nanoseconds or seconds since 1970).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2

from grin_ros.ros.inputs.hints.cloud_fields import CloudFields
from grin_ros.ros.inputs.hints.measured import Points, given_by
from grin_ros.ros.inputs.hints.sensors import SensorsSource
from grin_ros.ros.inputs.hints.source import Given, View
from grin_ros.ros.inputs.messages import stamp_ns

TOPIC = "hints/points"
RELATIVE = ("time", "t", "offset_time", "time_offset")
"""Fields with the time since the stamp: seconds if they are floats, else nanoseconds."""
ABSOLUTE = ("timestamp", "time_stamp")
"""Fields with the time since 1970: nanoseconds above this limit, else seconds."""
NANOSECONDS_ABOVE = 1e14
SWEEP_NS = 1_000_000_000
"""A point that is farther from the stamp than this has a time that is not understood; then no point's time is used."""


class PointsSource(SensorsSource):
    """The clouds that are nearest in time to the image, one of each sensor."""

    name, topic = "points", TOPIC

    def given(self, view: View, message: PointCloud2) -> Given:
        """Return the hints of the points that were measured. Raises InputError if it is no cloud or tf is missing."""
        fields = CloudFields(message, TOPIC)
        points, times_ns = fields.points(), point_times_ns(fields, message)
        return given_by(view, Points("points", message.header, points, times_ns, min_range_m=view.config.min_range_m))


def point_times_ns(fields: CloudFields, cloud: PointCloud2) -> NDArray[np.int64]:
    """Return when each point that was read was measured, nanoseconds; the stamp if the cloud does not say it."""
    stamp = stamp_ns(cloud.header)
    since_ns = np.zeros(len(fields))
    for name in (*RELATIVE, *ABSOLUTE):
        if name in fields and len(fields):
            values = fields.columns([name])[:, 0]
            if name in RELATIVE:
                since_ns = values * (1e9 if fields.is_float(name) else 1.0)
            else:  # in a double, the nanoseconds since 1970 are exact to 256 ns
                since_ns = values * (1.0 if np.nanmax(values, initial=0.0) > NANOSECONDS_ABOVE else 1e9) - stamp
            break
    since_ns = np.nan_to_num(since_ns, nan=0.0)
    if np.abs(since_ns).max(initial=0.0) > SWEEP_NS:
        since_ns = np.zeros(len(fields))
    return stamp + np.rint(since_ns).astype(np.int64)
