# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which hints are believed: wrong units and contradictions are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grin_ros.core.hints.checks.belief import FEWEST_TELLING, judged, vetted
from grin_ros.core.hints.sources import FLOOR
from grin_ros.core.types import HintReport, Hints
from tests.core.hints.seen_room import CAMERA, COLS, ROWS, answer, frame, hints, room


def test_hints_that_fit_are_believed() -> None:
    found = vetted(frame(), hints(1.3 * room()), answer(room()))
    assert found.refused == {} and found.hints is not None
    assert found.hints.sources == ("scan",)


def test_a_sensor_in_millimetres_is_refused_and_another_one_is_not() -> None:
    both = Hints.joined([hints(1000.0 * room()), hints(1.1 * room(), "tof")])
    assert both is not None
    found = vetted(frame(), both, answer(room()))
    assert "factor of 1e+03" in found.refused["scan"] and "metres" in found.refused["scan"]
    assert found.hints is not None and set(np.unique(found.hints.source)) == {1}


def test_without_a_floor_that_confirms_the_network_a_larger_factor_is_believed() -> None:
    unknown = replace(CAMERA, mounting=None)
    assert vetted(frame(unknown), hints(3.28 * room()), answer(room())).refused == {}
    refused = vetted(frame(), hints(3.28 * room()), answer(room()))
    assert refused.hints is None and "0.40 to 2.5 is believed" in refused.refused["scan"]


def test_ranges_that_are_all_the_same_are_refused() -> None:
    found = vetted(frame(), hints(np.full(ROWS * COLS, 3.0)), answer(room()))
    assert found.hints is None and found.refused["scan"].startswith("all its ranges are the same")


def test_hints_that_contradict_each_other_are_not_used() -> None:
    vet = vetted(frame(), hints(room()), answer(room()))
    fused = HintReport(96, 20, 0.1, {"scan": 32, FLOOR: 64})
    bad = judged(hints(room()), vet, fused)
    assert bad is not None and bad.used == 0
    assert "20 of 32 hints contradict the others" in bad.refused["scan"]
    good = judged(hints(room()), vet, replace(fused, outliers=10))
    assert good is not None and (good.used, good.refused) == (32, {})
    assert judged(hints(room()), replace(vet, hints=None), None) is None


@pytest.mark.parametrize(
    ("count", "left_out_ln", "apart_ln", "refused"),
    [
        (32, 0.4, 0.5, True),
        (32, 0.1, 0.1, False),  # the network is right, and so are the hints
        (32, 0.25, 0.8, False),  # they tell much of one another, and the network was worse
        (FEWEST_TELLING - 1, 0.4, 0.5, False),
    ],
)
def test_hints_that_tell_nothing_of_one_another_are_not_used(
    count: int, left_out_ln: float, apart_ln: float, refused: bool
) -> None:
    vet = vetted(frame(), hints(room()), answer(room()))
    fused = HintReport(count, 0, 0.1, {"scan": count}, left_out_ln=left_out_ln, apart_ln=apart_ln)
    found = judged(hints(room()), vet, fused)
    assert found is not None
    assert ("scan" in found.refused, found.used == 0) == (refused, refused)
    if refused:
        assert "32 hints tell nothing of one another, and miss each other by 49%" in found.refused["scan"]
