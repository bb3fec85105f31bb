# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Depth is not drawn to the range of a sensor where that sensor met nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.hints.evidence.unreached import MOST, NEARER_LN, PAST_LN, UNREACHED, beside_unreached, widened
from grin_ros.core.types import Hints, Unreached
from tests.core.hints.seen_room import CAMERA, PIXELS, answer, hints

REACH_M = 2.0


def silent(pixels: NDArray[np.floating] = PIXELS) -> Unreached:
    return Unreached(pixels.astype(np.float32), np.full(len(pixels), REACH_M, np.float32))


def beside(range_m: NDArray[np.floating]) -> Hints:
    """Return the hints that silent pixels give where the network says `range_m`."""
    told = beside_unreached(CAMERA, replace(hints(range_m), unreached=silent()), answer(range_m))
    return told.chosen(told.of(UNREACHED))


def test_the_network_counts_where_it_sees_something_beyond_the_reach() -> None:
    range_m = np.full(len(PIXELS), 3.0)
    found = beside(range_m)
    assert len(found) == len(hints(range_m)) // 2, "not more than measured ones"
    np.testing.assert_allclose(found.range_m, 3.0, rtol=1e-5)


def test_what_it_sees_just_before_the_reach_counts_as_past_it_and_what_is_nearer_says_nothing() -> None:
    range_m = np.full(len(PIXELS), REACH_M * np.exp(-0.5 * NEARER_LN))
    np.testing.assert_allclose(beside(range_m).range_m, REACH_M * np.exp(PAST_LN), rtol=1e-5)
    assert len(beside(range_m * np.exp(-NEARER_LN))) == 0


def test_without_silent_pixels_in_the_image_nothing_changes() -> None:
    given, range_m = hints(np.full(len(PIXELS), 3.0)), np.full(len(PIXELS), 3.0)
    assert beside_unreached(CAMERA, given, answer(range_m)) is given
    outside = replace(given, unreached=silent(PIXELS + 1e4))
    assert len(beside_unreached(CAMERA, outside, answer(range_m))) == len(given)


def test_any_number_of_silent_pixels_may_be_given() -> None:
    range_m = np.full(len(PIXELS), 3.0)
    measured = Hints.measured(PIXELS, range_m)
    many = replace(measured, unreached=silent(np.tile(PIXELS, (100, 1))))
    assert len(beside_unreached(CAMERA, many, answer(range_m))) == len(measured) + MOST


def test_sigma_is_larger_beyond_the_reach_only() -> None:
    ln_range = np.log(np.array([1.0, 3.0], np.float32))
    one = np.array([0.05, 0.05], np.float32)
    near, far = widened(one, ln_range, silent())
    assert near == one[0] and far > 0.3
    assert widened(one, ln_range, None) is one


def test_silent_pixels_of_several_sensors_are_joined() -> None:
    parts = [replace(hints(np.full(len(PIXELS), 3.0)), unreached=each) for each in (silent(), None, silent())]
    joined = Hints.joined(parts)
    assert joined is not None and joined.unreached is not None
    assert len(joined.unreached.reach_m) == 2 * len(PIXELS)
    assert joined.chosen(np.arange(3)).unreached is joined.unreached


@pytest.mark.parametrize(("pixels", "reach_m"), [((3, 2), 2), ((2, 3), 2), ((2, 2), 0)])
def test_impossible_silent_pixels_are_refused(pixels: tuple[int, int], reach_m: int) -> None:
    reaches_m = np.zeros(2, np.float32) if not reach_m else np.ones(reach_m, np.float32)
    with pytest.raises(ValueError, match="unreached: "):
        Unreached(np.zeros(pixels, np.float32), reaches_m)
