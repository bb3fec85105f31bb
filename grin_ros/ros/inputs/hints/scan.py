# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints from a 2D lidar: `hints/scan`, LaserScan. The lidar may be level or tilted; its frame says how."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import LaserScan

from grin_ros.core.input_error import InputError
from grin_ros.ros.inputs.hints.measured import Points, given_by
from grin_ros.ros.inputs.hints.placing import placed
from grin_ros.ros.inputs.hints.sensors import SensorsSource
from grin_ros.ros.inputs.hints.source import Given, View
from grin_ros.ros.inputs.messages import stamp_ns
from grin_ros.ros.inputs.ranges import ray_directions, scan_points

MOST_SWEEP_S = 1.0
"""A scan that says that it took longer is not believed; its rays then count as measured at its stamp."""

BEYOND, FEWEST_BEYOND = 2.0, 5
"""Ranges are not in metres if most are larger than range_max times the first, and have so many different values."""


class ScanSource(SensorsSource):
    """The scans that are nearest in time to the image, one of each lidar."""

    name, topic = "scan", "hints/scan"

    def lasts_ns(self, message: LaserScan) -> int:
        """Return the time between the first ray and the last one."""
        return int(_sweep_s(message) * 1e9)

    def given(self, view: View, message: LaserScan) -> Given:
        """Return the hints of the rays that hit something. Raises InputError if it is no scan or tf is missing."""
        points, times_ns = scan_points(message), ray_times_ns(message)
        _check_units(message)
        reach_m = min(float(message.range_max), view.config.max_range_m)
        without = np.isposinf(message.ranges)  # REP 117: nothing within range_max
        measured = Points(
            "scan", message.header, points, times_ns, min_range_m=view.config.min_range_m,
            silent=reach_m * ray_directions(message)[without],
        )  # fmt: skip
        given = given_by(view, measured)
        given = given.noted(_times_note(message))
        if given.hints is None and _looks_into_nothing(view, message, points, times_ns):
            return replace(given, reason="the rays that the camera sees have no return", idle=True)
        return given


def _check_units(scan: LaserScan) -> None:
    """Raise InputError if most ranges are far beyond range_max, as millimetres are. A code for no return is too, but it
    is one number."""
    ranges_m = np.asarray(scan.ranges, np.float64)
    finite_m = ranges_m[np.isfinite(ranges_m) & (ranges_m > 0.0)]
    beyond_m = finite_m[finite_m > BEYOND * scan.range_max]
    if 2 * len(beyond_m) > len(finite_m) and len(np.unique(beyond_m)) >= FEWEST_BEYOND:
        raise InputError(
            f"scan: got ranges of {beyond_m.min():g} to {beyond_m.max():g}, but its range_max is {scan.range_max:g}",
            "let the node that publishes it give both in metres",
        )


def _looks_into_nothing(view: View, scan: LaserScan, points: NDArray[np.float64], times_ns: NDArray[np.int64]) -> bool:
    """Return True if the camera sees rays without a return: then the place is empty, and the pose may be right."""
    (without,) = np.nonzero(np.isnan(points[:, 0]))
    ends = view.config.max_range_m * ray_directions(scan)[without]
    optical = placed(view, "scan", ends, scan.header.frame_id, times_ns[without]).points
    camera = view.frame.camera
    return bool(camera.contains(camera.project(optical)).any())


def _times_note(scan: LaserScan) -> str:
    """Return why the times of the rays are not used; empty if they are, or if the scan has none."""
    took_s = abs(_told_sweep_s(scan))
    if took_s <= MOST_SWEEP_S:  # NaN is not
        return ""
    return (
        f"its time_increment says that the scan took {took_s:.3g} s, more than {MOST_SWEEP_S:g} s, so all rays count "
        "as measured at its stamp"
    )


def ray_times_ns(scan: LaserScan) -> NDArray[np.int64]:
    """Return the time of every ray, nanoseconds: the stamp is that of the first ray."""
    since_ns = np.rint(np.linspace(0.0, _sweep_s(scan) * 1e9, len(scan.ranges))).astype(np.int64)
    return np.asarray(stamp_ns(scan.header) + since_ns, np.int64)


def _told_sweep_s(scan: LaserScan) -> float:
    """Return the time from the first ray to the last one, as the scan says it."""
    return float(scan.time_increment) * max(0, len(scan.ranges) - 1)


def _sweep_s(scan: LaserScan) -> float:
    """Return the time from the first ray to the last one; 0 if the scan does not say it, or says what cannot be."""
    took_s = _told_sweep_s(scan)
    return took_s if abs(took_s) <= MOST_SWEEP_S else 0.0  # NaN is not
