# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The way from measured points to hints that all sensors share: codes for no return, place, gates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header

from grin_ros.core.geometry.transform import BODY_TO_OPTICAL
from grin_ros.core.hints.sensors.gates import (
    ALL_EQUAL,
    AT_EDGE,
    NO_RETURN,
    OUTSIDE,
    TOO_FAR,
    TOO_NEAR,
    TOO_OLD,
    Measured,
    gated,
)
from grin_ros.core.hints.sensors.returns import measured_returns
from grin_ros.core.types import Unreached
from grin_ros.ros.inputs.hints.config import HintConfig
from grin_ros.ros.inputs.hints.placing import PlacedPoints, placed
from grin_ros.ros.inputs.hints.source import Given, View
from grin_ros.ros.inputs.messages import stamp_ns

WIDE_CONE = "a wide cone"
POSE = "check the pose of the sensor: {where}"
REMEDIES: Mapping[str, str] = {
    NO_RETURN: "check that something is within the range of the sensor",
    TOO_NEAR: "if that is not the body of the robot, lower hints.min_range_m",
    TOO_FAR: "check that the ranges are in metres, or raise hints.max_range_m",
    TOO_OLD: "check that the clocks of sensor and camera agree, or raise hints.max_age_s",
    OUTSIDE: f"check that the camera sees what the sensor sees, and {POSE.removeprefix('check ')}",
    ALL_EQUAL: "the sensor stands still: check it, or start its driver again",
    AT_EDGE: "neighbouring depths differ everywhere: check is_bigendian of the images, and the sensor for noise",
    WIDE_CONE: "check that field_of_view is in radians; a beam of more than 120 degrees cannot be used",
}
"""Reason of a rejection -> what to do if it leaves no measurement. The others are a matter of the pose."""


@dataclass(frozen=True)
class Points:
    """The measurements of a message.

    source: the name of the source. header: that of the message. points: (N, 3) metres in its frame. times_ns: (N,)
    when each was measured. sigma_ln: one sigma of ln(range), without that of the parameter. min_range_m: nearer points
    are not used. rejected: what was left out before, by reason. optical: the points are in the optical frame of the
    sensor (z ahead), while a pose as six numbers is that of its body frame (x ahead). by_sensor: False if they
    are in another frame than that of a sensor, where no distance is a code for no return. silent: (K, 3) points up to
    which the sensor met nothing, at the time of the stamp; None if that is not known.
    """

    source: str
    header: Header
    points: NDArray[np.float64]
    times_ns: NDArray[np.int64]
    sigma_ln: float = 0.0
    min_range_m: float = 0.0
    rejected: Counter[str] = field(default_factory=Counter)
    optical: bool = False
    by_sensor: bool = True
    silent: NDArray[np.float64] | None = None


def given_by(view: View, measured: Points) -> Given:
    """Return the hints of measured points. Raises InputError if tf does not know where the sensor is."""
    config, camera = view.config, view.frame.camera
    returns = measured_returns(measured.points, measured.min_range_m, by_sensor=measured.by_sensor)
    rejected = measured.rejected + Counter({NO_RETURN: returns.no_return, TOO_NEAR: returns.too_near})
    times_ns = measured.times_ns[returns.kept]
    # Before the points are moved: tf may not reach to a time that is wrong, and then none would be moved.
    young = np.abs(view.frame.stamp_ns - times_ns) <= config.max_age_s * 1e9
    rejected += Counter({TOO_OLD: int((~young).sum())})
    times_ns = times_ns[young]
    where = _where(view, measured, returns.points[young], times_ns)
    distance_m = np.maximum(np.linalg.norm(where.points, axis=1), 1e-3)
    own_ln = np.hypot(config.sigma_ln(measured.source), measured.sigma_ln)
    points = Measured(
        where.points,
        np.hypot(own_ln, where.drift_m / distance_m),
        (view.frame.stamp_ns - times_ns) / 1e9,
        measured.source,
    )
    found = gated(camera, points, config.max_range_m)
    rejected += Counter(found.rejected)
    age_s = (view.frame.stamp_ns - stamp_ns(measured.header)) / 1e9
    reason = nothing_left(config, measured.source, rejected) if found.hints is None else ""
    hints = found.hints and replace(found.hints, unreached=_unreached(view, measured))
    return Given(hints, rejected, age_s, reason, where.note)


def _where(view: View, measured: Points, points: NDArray[np.float64], times_ns: NDArray[np.int64]) -> PlacedPoints:
    """Return where points (N, 3) of the message are at the time of the image."""
    if measured.optical and view.config.pose(measured.source) is not None:
        points = BODY_TO_OPTICAL.inverse()(points)
    return placed(view, measured.source, points, measured.header.frame_id, times_ns)


def _unreached(view: View, measured: Points) -> Unreached | None:
    """Return the pixels of the camera beyond the reach of the sensor; None if there are none."""
    if measured.silent is None or not len(measured.silent):
        return None
    times_ns = np.full(len(measured.silent), stamp_ns(measured.header), np.int64)
    points, camera = _where(view, measured, measured.silent, times_ns).points, view.frame.camera
    pixels = camera.project(points)
    inside = camera.contains(pixels)
    reach_m = np.linalg.norm(points[inside], axis=1)
    return Unreached(pixels[inside].astype(np.float32), reach_m.astype(np.float32)) if inside.any() else None


def nothing_left(config: HintConfig, source: str, rejected: Mapping[str, int]) -> str:
    """Return a sentence that says why no measurement of a source is left, and what to do about the most frequent reason
    other than rays without a return, which nearly every sensor has."""
    if not rejected:
        return "the message holds no measurements; check the sensor"
    reasons = sorted(rejected, key=lambda reason: (reason == NO_RETURN, -rejected[reason]))
    counts = ", ".join(f"{reason} {rejected[reason]}" for reason in reasons)
    remedy = REMEDIES.get(reasons[0], POSE).format(where=config.where(source))
    return f"no measurement is left ({counts}); {remedy}"
