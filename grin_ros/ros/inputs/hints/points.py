# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints from a 3D lidar or any sensor that publishes points: `hints/points`, PointCloud2.

The time of each point is read where the driver gives it: Velodyne `time` (seconds from the stamp), Ouster `t`, Livox
`offset_time` and Autoware `time_stamp` (nanoseconds from the stamp), Livox and others `timestamp` (nanoseconds or
seconds since 1970).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2

from grin_ros.core.hints.sensors.returns import ORIGIN_M
from grin_ros.ros.inputs.hints.cloud_fields import CloudFields
from grin_ros.ros.inputs.hints.measured import Points, given_by
from grin_ros.ros.inputs.hints.sensors import SensorsSource
from grin_ros.ros.inputs.hints.source import Given, View
from grin_ros.ros.inputs.messages import stamp_ns

TOPIC = "hints/points"
RELATIVE = ("time", "t", "offset_time", "time_offset", "point_time_offset")
"""Fields with the time since the stamp: seconds if they are floats, else nanoseconds."""
ABSOLUTE = ("timestamp", "time_stamp")
"""Fields with the time on the clock of the stamp, if they are floats: seconds or nanoseconds, whichever is nearer to
the stamp. Whole numbers of a cloud have 32 bits at most, so they are nanoseconds since the stamp."""
SWEEP_NS = 1_000_000_000
"""A point that is farther from the stamp than this has a time that is not understood, and counts as measured at the
stamp. If that is so for half of the points, no point's time is used."""


class PointsSource(SensorsSource):
    """The clouds that are nearest in time to the image, one of each sensor."""

    name, topic = "points", TOPIC

    def given(self, view: View, message: PointCloud2) -> Given:
        """Return the hints of the points that were measured. Raises InputError if it is no cloud or tf is missing."""
        fields = CloudFields(message, TOPIC)
        points = fields.points()
        if not len(points):  # drivers leave out what has no return, so that an open place has no points
            return Given(reason="the cloud has no points; check that something is within range", idle=True)
        times_ns, note = point_times_ns(fields, message, points)
        given = given_by(view, Points("points", message.header, points, times_ns, min_range_m=view.config.min_range_m))
        return given.noted(note)


def point_times_ns(
    fields: CloudFields, cloud: PointCloud2, points: NDArray[np.float64]
) -> tuple[NDArray[np.int64], str]:
    """Return when each of the points (N, 3) that were read was measured, nanoseconds, and why that is the stamp for all
    of them although the cloud has a field for it; empty if it is not. Points without a return need no time."""
    stamp = stamp_ns(cloud.header)
    name = next((name for name in (*RELATIVE, *ABSOLUTE) if name in fields), None)
    if name is None:
        return np.full(len(fields), stamp, np.int64), ""
    values = fields.columns([name])[:, 0]
    if not fields.is_float(name):
        since_ns = values
    elif name in RELATIVE:
        since_ns = values * 1e9
    else:  # in a double, the nanoseconds since 1970 are exact to 256 ns
        since_ns = min(values * 1e9 - stamp, values - stamp, key=_middle)
    understood = np.abs(since_ns) <= SWEEP_NS  # NaN is not
    measured = np.abs(points).max(axis=1, initial=0.0) > ORIGIN_M  # a point that is not has no time in some drivers
    note = ""
    if 2 * np.count_nonzero(understood & measured) <= np.count_nonzero(measured):
        understood[:] = False
        if measured.any():
            note = (
                f"the times of the points in the field {name} are more than {SWEEP_NS / 1e9:.0f} s from the stamp, so "
                "all of them count as measured at the stamp"
            )
    return stamp + np.rint(np.where(understood, since_ns, 0.0)).astype(np.int64), note


def _middle(since_ns: NDArray[np.float64]) -> float:
    """Return the median distance of times from the stamp; infinity if there is none."""
    known = np.abs(since_ns[np.isfinite(since_ns)])
    return float(np.median(known)) if len(known) else np.inf
