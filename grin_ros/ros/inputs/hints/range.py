# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints from single-beam sensors, ultrasonic or infrared: `hints/range`, Range. Several may publish on the topic.

Such a sensor reports the nearest thing anywhere in a cone. That is one measurement, so it becomes one hint, at the axis
of the cone, and not one for every pixel: most of the cone may be farther away. How far the thing may lie from the axis
is in its sigma: a surface that is inclined by 45 degrees and touches the edge of the cone is farther away on the axis
by about the tangent of half the opening angle. A narrow beam is thus believed nearly as a ray, a wide cone hardly.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from sensor_msgs.msg import Range

from grin_ros.core.hints.sensors.gates import NO_RETURN
from grin_ros.core.hints.sensors.returns import SAME_DISTANCE
from grin_ros.core.input_error import InputError
from grin_ros.ros.inputs.hints.measured import WIDE_CONE, Points, given_by, nothing_left
from grin_ros.ros.inputs.hints.sensors import SensorsSource
from grin_ros.ros.inputs.hints.source import Given, View
from grin_ros.ros.inputs.messages import stamp_ns

WIDEST_RAD = math.radians(120.0)
"""A cone that is wider says nothing about its axis."""


class RangeSource(SensorsSource):
    """The ranges that are nearest in time to the image, one of each sensor."""

    name, topic = "range", "hints/range"

    def given(self, view: View, message: Range) -> Given:
        """Return the hint of one sensor. Raises InputError if its limits leave no distance or tf is missing."""
        if not (message.min_range <= message.max_range and message.max_range > 0.0):  # NaN is refused too
            raise InputError(
                f"range: got min_range {message.min_range:g} and max_range {message.max_range:g}, expected a smallest "
                "and a largest range, in metres",
                "correct the node that publishes it",
            )
        if message.min_range == message.max_range:
            raise InputError(
                f"range: got min_range = max_range = {message.max_range:g}, a sensor that measures no distance but "
                "tells only whether something is nearer (REP 117), expected one with a range between them",
                "leave this sensor out: it cannot be used for hints",
            )
        variance = max(0.0, float(getattr(message, "variance", 0.0)))  # Humble's message does not have it; 0 is unknown
        measured = math.isfinite(message.range) and message.range > 0.0 and math.isfinite(variance)
        hit = measured and message.min_range < message.range < message.max_range * (1.0 - SAME_DISTANCE)
        angle_rad = 0.0 if message.field_of_view < 0.0 else message.field_of_view
        if not (hit and angle_rad <= WIDEST_RAD):  # NaN is refused too
            rejected = Counter({WIDE_CONE if hit else NO_RETURN: 1})
            age_s = (view.frame.stamp_ns - stamp_ns(message.header)) / 1e9
            return Given(rejected=rejected, age_s=age_s, reason=nothing_left(view.config, "range", rejected))
        spread = math.tan(0.5 * angle_rad)
        points = np.array([[message.range, 0.0, 0.0]])
        sigma_ln = math.hypot(spread, math.sqrt(variance) / message.range)
        times_ns = np.array([stamp_ns(message.header)])
        return given_by(view, Points("range", message.header, points, times_ns, sigma_ln))
