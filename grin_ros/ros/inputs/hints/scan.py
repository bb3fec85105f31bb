# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints from a 2D lidar: `hints/scan`, LaserScan. The lidar may be level or tilted; its frame says how."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import LaserScan

from grin_ros.ros.inputs.hints.kept import KeepingSource
from grin_ros.ros.inputs.hints.measured import Points, given_by
from grin_ros.ros.inputs.hints.source import Given, View
from grin_ros.ros.inputs.messages import stamp_ns
from grin_ros.ros.inputs.ranges import scan_points

MOST_SWEEP_S = 1.0
"""A scan that says that it took longer is not believed; its rays then count as measured at its stamp."""


class ScanSource(KeepingSource):
    """The scan that is nearest in time to the image."""

    def __call__(self, view: View) -> Given:
        """Return the hints of the rays that hit something. Raises InputError if none fits or tf is missing."""
        scan: LaserScan = self.nearest("hints/scan", view)
        return given_by(
            view,
            Points("scan", scan.header, scan_points(scan), ray_times_ns(scan), min_range_m=view.config.min_range_m),
        )


def ray_times_ns(scan: LaserScan) -> NDArray[np.int64]:
    """Return the time of every ray, nanoseconds: the stamp is that of the first ray."""
    count, each_s = len(scan.ranges), float(scan.time_increment)
    if not math.isfinite(each_s) or abs(each_s) * count > MOST_SWEEP_S:
        each_s = 0.0
    since_ns = np.rint(np.arange(count) * (each_s * 1e9)).astype(np.int64)
    return np.asarray(stamp_ns(scan.header) + since_ns, np.int64)
