# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of stairs."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.indoor.corridor import HallScene, build, ground_under
from grin_ros.worlds.indoor.stairs import flight
from grin_ros.worlds.surfaces.palette import Palette


@pytest.mark.parametrize("seed", range(5))
def test_steps_are_even_and_lead_to_the_landing(seed: int) -> None:
    count = 4 + seed
    made = flight(Palette(np.random.default_rng(seed), {}), count, 1.2, 1.5)
    low, high = made.steps[:, 0], made.steps[:, 1]
    rise, going = np.diff(high[:, 2], prepend=0.0), np.diff(low[:, 1])
    np.testing.assert_allclose(rise, rise[0])
    np.testing.assert_allclose(going, going[0])
    assert 0.15 <= rise[0] <= 0.19 and 0.25 <= going[0] <= 0.31
    np.testing.assert_allclose(high[:-1, 1], low[1:, 1])  # each step begins where the one before ends
    assert made.landing[1, 1] - made.landing[0, 1] == pytest.approx(going[0] + 1.5)
    top = made.mesh.vertices[:, 2].max()
    assert count * rise[0] - 1e-6 <= top <= count * rise[0] + 1.1  # the top may have a railing


def test_too_few_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="got 1 steps, expected 2 or more"):
        flight(Palette(np.random.default_rng(0), {}), 1, 1.2, 1.5)


def test_the_ground_is_the_step_below_a_place() -> None:
    halls = (build(seed, Assets()) for seed in range(12))
    hall: HallScene = next(hall for hall in halls if len(hall.floors))
    for low, high in hall.floors:
        middle = (low + high) / 2
        assert ground_under(hall, middle[0], middle[1]) == pytest.approx(high[2])
    assert ground_under(hall, hall.floors[0, 0, 0], 0.5) == 0.0
