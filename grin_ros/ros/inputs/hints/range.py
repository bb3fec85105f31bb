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
from typing import Any

import numpy as np
from sensor_msgs.msg import Range

from grin_ros.core.hints.gates import NO_RETURN
from grin_ros.core.hints.returns import SAME_DISTANCE
from grin_ros.core.input_error import InputError
from grin_ros.core.types import Hints
from grin_ros.ros.inputs.hints.kept import KeptMessages
from grin_ros.ros.inputs.hints.measured import Points, given_by, nothing_left
from grin_ros.ros.inputs.hints.source import Given, HintSource, View
from grin_ros.ros.inputs.messages import stamp_ns

TOPIC = "hints/range"
MOST_SENSORS = 32
"""The messages of at most this many frames are kept."""
WIDEST_RAD = math.radians(120.0)
"""A cone that is wider says nothing about its axis."""


class RangeSource(HintSource):
    """The newest ranges of all sensors that publish on the topic, told apart by their frames."""

    def __init__(self) -> None:
        self._kept: dict[str, KeptMessages] = {}

    def take(self, topic: str, message: Any) -> None:
        """Keep a range."""
        frame_id = message.header.frame_id
        if frame_id in self._kept or len(self._kept) < MOST_SENSORS:
            self._kept.setdefault(frame_id, KeptMessages(topic)).add(message)

    def __call__(self, view: View) -> Given:
        """Return one hint of each sensor that sees something. Raises InputError if no sensor fits or tf is missing."""
        answers = [_answer(view, kept) for kept in list(self._kept.values()) or [KeptMessages(TOPIC)]]
        given = [one for one in answers if isinstance(one, Given)]
        errors = [one for one in answers if isinstance(one, InputError)]
        if not given:
            raise errors[0]
        hints = Hints.joined([one.hints for one in given if one.hints is not None])
        rejected = sum((Counter(one.rejected) for one in given), Counter[str]())
        ages_s = [one.age_s for one in given if one.age_s is not None]
        notes = [str(error) for error in errors] + [one.note for one in given if one.note]
        reason = nothing_left(rejected) if hints is None else ""
        return Given(hints, rejected, max(ages_s, key=abs), reason, notes[0] if notes else "")


def _answer(view: View, kept: KeptMessages) -> Given | InputError:
    """Return the hint of one sensor, or why it cannot be used."""
    try:
        return _given(view, kept.nearest(view.frame.stamp_ns, view.config.max_age_s))
    except InputError as error:
        return error


def _given(view: View, message: Range) -> Given:
    if not (message.min_range <= message.max_range and message.max_range > 0.0):  # NaN is refused too
        raise InputError(
            f"range: got min_range {message.min_range:g} and max_range {message.max_range:g}, expected a smallest and "
            "a largest range, in metres",
            "correct the node that publishes it",
        )
    measured = math.isfinite(message.range) and message.range > 0.0
    hit = measured and message.min_range < message.range < message.max_range * (1.0 - SAME_DISTANCE)
    angle_rad = message.field_of_view if message.field_of_view >= 0.0 else 0.0
    if not hit or angle_rad > WIDEST_RAD:
        reason = "a wide cone" if hit else NO_RETURN
        return Given(rejected={reason: 1}, age_s=(view.frame.stamp_ns - stamp_ns(message.header)) / 1e9)
    variance = max(0.0, float(getattr(message, "variance", 0.0)))  # Humble's message does not have it; 0 is unknown
    spread = math.tan(0.5 * angle_rad)
    points = np.array([[message.range, 0.0, 0.0]])
    sigma_ln = math.hypot(spread, math.sqrt(variance) / message.range)
    times_ns = np.array([stamp_ns(message.header)])
    return given_by(view, Points("range", message.header, points, times_ns, sigma_ln))
