# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from grin_ros.core.motion.checks.turning import Turning, offset_between


def turning(late_s: float = 0.0, sign: float = 1.0, hz: float = 15.0, amplitude: float = 0.8) -> Turning:
    rng = np.random.default_rng(round(hz))
    made = Turning()
    for time_s in np.arange(0.0, 20.0, 1.0 / hz):
        rate = amplitude * (np.sin(1.3 * time_s) * np.cos(0.7 * time_s) + 0.5 * np.sin(3.1 * time_s))
        made.times_s.append(float(time_s + late_s))
        made.rates_rad_s.append(float(sign * rate + rng.normal(0.0, 0.05)))
    return made


@pytest.mark.parametrize("late_s", [-0.3, -0.1, 0.0, 0.12, 0.3])
def test_the_offset_of_the_stamps_follows_from_the_turns(late_s: float) -> None:
    found = offset_between(turning(), turning(late_s, hz=10.0))
    assert found.seconds == pytest.approx(late_s, abs=0.03)
    assert not found.mirrored


def test_a_robot_that_turns_slowly_shows_the_offset_too() -> None:
    def slow(late_s: float) -> Turning:
        times_s = np.arange(0.0, 30.0, 0.33)
        return Turning((times_s + late_s).tolist(), (0.3 * np.sin(0.5 * times_s)).tolist())

    assert offset_between(slow(0.0), slow(0.3)).seconds == pytest.approx(0.3, abs=0.03)
    assert offset_between(slow(0.0), slow(0.0)).seconds == pytest.approx(0.0, abs=0.03)


def test_a_sensor_that_turns_the_other_way_round_is_mirrored() -> None:
    assert offset_between(turning(), turning(sign=-1.0, hz=10.0)).mirrored


def test_where_nothing_turns_nothing_is_said() -> None:
    still = offset_between(turning(amplitude=0.0), turning(hz=10.0))
    assert still.seconds is None
    assert "hardly turns" in still.reason
    assert offset_between(Turning(), turning()).seconds is None
