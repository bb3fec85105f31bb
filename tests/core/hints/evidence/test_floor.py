# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The floor as a hint: where it is found, and beside which hints it counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.hints.answer import Answer
from grin_ros.core.hints.evidence.floor import ALONE, MOST, beside_floor, floor_of
from grin_ros.core.hints.sources import FLOOR, TRACKED
from grin_ros.core.types import Hints
from tests.core.hints.seen_room import CAMERA, COLS, FLOOR_M, PIXELS, ROWS, answer, hints, room


def test_the_floor_is_found_in_spite_of_a_smooth_error_and_not_where_something_stands() -> None:
    tilted = room() * np.exp(0.12 * np.linspace(-1.0, 1.0, ROWS * COLS))
    thing = np.zeros((ROWS, COLS), np.bool_)
    thing[16:20, 10:14] = True
    low = np.where(thing.reshape(-1), 0.85 * tilted, tilted)  # 15 % nearer is 7 cm above the floor
    found, share = floor_of(CAMERA, answer(low))
    assert found is not None and len(found) == MOST
    assert ALONE < share < 1.0
    u, v = (found.pixels / 5.0).astype(int).T
    assert not thing[v, u].any()
    np.testing.assert_allclose(found.range_m, FLOOR_M.reshape(ROWS, COLS)[v, u], rtol=1e-5)
    assert found.range_m.max() < 4.0


def test_a_stricter_look_finds_less() -> None:
    uneven = room() * np.exp(0.05 * np.sin(np.arange(ROWS * COLS)))
    assert floor_of(CAMERA, answer(uneven), 0.5).share < floor_of(CAMERA, answer(uneven)).share


def test_without_mounting_or_floor_in_view_there_are_no_hints_of_it() -> None:
    assert floor_of(replace(CAMERA, mounting=None), answer(room())) == (None, 0.0)
    assert floor_of(CAMERA, answer(np.full(ROWS * COLS, 0.4))) == (None, 0.0)


def floors(alone_m: NDArray[np.floating], given: Hints, with_hints_m: NDArray[np.floating]) -> list[int]:
    """Return how many hints of the floor the rough answer and the last one get; without a second look the last only.

    with_hints_m: the range of the rough answer.
    """
    asked: list[Hints] = []

    def roughly(hints: Hints, _: str) -> Answer:
        asked.append(hints)
        return answer(with_hints_m)

    asked.append(beside_floor(CAMERA, given, floor_of(CAMERA, answer(alone_m)), roughly))
    return [int(each.of(FLOOR).sum()) for each in asked]


@pytest.mark.parametrize("source", ["scan", TRACKED])
def test_a_floor_that_the_camera_alone_sees_counts_from_the_start(source: str) -> None:
    assert floors(room(), hints(room(), source), room()) == [MOST, MOST]
    assert floors(room(), hints(room(), source), 2.0 * room()) == [MOST, MOST], "also if hints do not confirm it"


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_an_answer_of_the_wrong_scale_shows_the_floor_once_hints_correct_it(factor: float) -> None:
    assert floors(factor * room(), hints(room()), room()) == [0, MOST]


def test_a_floor_that_nothing_shows_does_not_count() -> None:
    assert floors(2.0 * room(), hints(room()), 2.0 * room()) == [0, 0]


def test_sensors_whose_hints_are_spread_measure_the_floor_themselves() -> None:
    every = slice(None, None, 19)
    assert floors(room(), Hints.measured(PIXELS[every], room()[every], 0.01, "points"), room()) == [0]
