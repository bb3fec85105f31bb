# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""hints/range: one hint for each sensor, the less certain the wider its cone is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sensor_msgs.msg import Range

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.input_error import InputError
from grin_ros.ros.inputs.hints.range import RangeSource
from tests.ros.inputs.hints.wall import CAMERA, NOW_NS, WALL_M, asked, beam, tree, view

TOPIC = "hints/range"


def test_a_beam_is_one_hint_at_its_axis() -> None:
    given = asked(RangeSource(), TOPIC, beam())
    assert given.hints is not None and given.reason == ""
    np.testing.assert_allclose(given.hints.pixels, [[CAMERA.cx, CAMERA.cy]], atol=1e-3)
    np.testing.assert_allclose(given.hints.range_m, [WALL_M], rtol=1e-6)


def test_a_wide_cone_is_less_certain_and_one_that_is_too_wide_gives_nothing() -> None:
    sigmas = []
    for angle_deg in (2.0, 15.0, 45.0):
        given = asked(RangeSource(), TOPIC, beam(angle_rad=math.radians(angle_deg)))
        assert given.hints is not None
        sigmas.append(float(given.hints.sigma_ln[0]))
    assert 0.03 < sigmas[0] < 0.04 and 0.12 < sigmas[1] < 0.15 and sigmas[2] > 0.4
    assert asked(RangeSource(), TOPIC, beam(angle_rad=3.0)).rejected == {"a wide cone": 1}


def test_a_cone_of_unknown_width_gives_no_hint() -> None:
    assert asked(RangeSource(), TOPIC, beam(angle_rad=math.nan)).rejected == {"a wide cone": 1}


@pytest.mark.skipif(not hasattr(Range(), "variance"), reason="the message of this ROS 2 has no variance")
def test_a_range_of_infinite_variance_gives_no_hint() -> None:
    unsure = beam()
    unsure.variance = math.inf
    assert asked(RangeSource(), TOPIC, unsure).rejected == {"no return": 1}
    unsure.variance = 0.01
    assert asked(RangeSource(), TOPIC, unsure).hints is not None


@pytest.mark.parametrize("range_m", [math.inf, -math.inf, math.nan, 0.0, 0.05, 3.999, 4.0, 5.0, -1.0])
def test_what_is_no_range_gives_no_hint(range_m: float) -> None:
    given = asked(RangeSource(), TOPIC, beam(range_m))
    assert given.hints is None and given.rejected == {"no return": 1} and given.sees_nothing


@pytest.mark.parametrize(("low_m", "high_m"), [(0.0, 0.0), (0.05, math.nan), (4.0, 0.1)])
def test_limits_that_cannot_be_are_refused(low_m: float, high_m: float) -> None:
    message = beam()
    message.min_range, message.max_range = low_m, high_m
    with pytest.raises(InputError, match="expected a smallest and a largest range, in metres"):
        asked(RangeSource(), TOPIC, message)


@pytest.mark.parametrize("range_m", [-math.inf, math.inf, 3.0])
def test_a_sensor_of_one_fixed_distance_is_refused_for_what_it_is(range_m: float) -> None:
    message = beam(range_m)
    message.min_range = message.max_range = 3.0
    with pytest.raises(InputError, match=r"min_range = max_range = 3, .*measures no distance.*; leave this sensor out"):
        asked(RangeSource(), TOPIC, message)


def test_several_sensors_are_told_apart_by_their_frames() -> None:
    around = tree()
    around.set("base", "left", 0, Transform.from_rpy((0, 0.2, 0), (0, 0, 0.2)), static=True)
    source = RangeSource()
    source.take(TOPIC, beam(frame_id="left"))
    source.take(TOPIC, beam(2.0, frame_id="right"))
    source.take(TOPIC, beam(1.0, frame_id="left", stamp_ns=NOW_NS - 5 * 10**8))
    given = asked(source, TOPIC, beam(), view(around))
    assert given.hints is not None and len(given.hints) == 2
    assert "tf does not hold 'right'" in given.note
    with pytest.raises(InputError, match="right"):
        asked(RangeSource(), TOPIC, beam(frame_id="right"), view(around))
