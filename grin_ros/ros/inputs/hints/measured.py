# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The way of measured points to hints that all sensors of points share: codes, place, gates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.hints.gates import NO_RETURN, TOO_NEAR, Measured, gated
from grin_ros.core.hints.returns import measured_returns
from grin_ros.ros.inputs.hints.placing import placed
from grin_ros.ros.inputs.hints.source import Given, View
from grin_ros.ros.inputs.messages import stamp_ns


def given_by_points(
    view: View, source: str, message: object, points: NDArray[np.float64], times_ns: NDArray[np.int64]
) -> Given:
    """Return the hints of points (N, 3) in the frame of a message, with the time (N,) of each.

    Raises InputError if tf does not know where the sensor is.
    """
    header = message.header  # type: ignore[attr-defined]
    config = view.config
    returns = measured_returns(points, config.min_range_m)
    rejected = {NO_RETURN: returns.no_return, TOO_NEAR: returns.too_near}
    where = placed(view, source, returns.points, header.frame_id, times_ns[returns.kept])
    distance_m = np.maximum(np.linalg.norm(where.points, axis=1), 1e-3)
    sigma_ln = np.hypot(config.sigma_ln(source), where.drift_m / distance_m)
    age_s = (view.frame.stamp_ns - times_ns[returns.kept]) / 1e9
    found = gated(
        view.frame.camera, Measured(where.points, sigma_ln, age_s, source), config.max_range_m, config.max_age_s
    )
    rejected = {reason: count for reason, count in rejected.items() if count}
    for reason, count in found.rejected.items():
        rejected[reason] = rejected.get(reason, 0) + count
    message_age_s = (view.frame.stamp_ns - stamp_ns(header)) / 1e9
    reason = "" if found.hints is not None else nothing_left(rejected)
    return Given(found.hints, rejected, message_age_s, reason, where.note)


def nothing_left(rejected: dict[str, int]) -> str:
    """Return a sentence that says why no measurement is left."""
    if not rejected:
        return "the message holds no measurements; check the sensor"
    counts = ", ".join(f"{reason} {count}" for reason, count in sorted(rejected.items(), key=lambda it: -it[1]))
    return (
        f"no measurement is left ({counts}); check that the camera sees what the sensor sees, and the pose of the "
        "sensor on the robot"
    )
