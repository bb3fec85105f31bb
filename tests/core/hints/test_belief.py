# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which hints are believed: wrong units and contradictions are refused, and the floor is evidence."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera, Mounting
from grin_ros.core.geometry.rays import pixel_grid
from grin_ros.core.hints.belief import FLOOR, MOST_FLOOR, Answer, floor_hints, judged, vetted
from grin_ros.core.types import Frame, HintReport, Hints

CAMERA = Camera(160, 120, 110.0, 110.0, 79.5, 59.5, mounting=Mounting(0.5, pitch_rad=math.radians(10.0)))
ROWS, COLS = 24, 32
PIXELS = pixel_grid(160, 120, cols=COLS, rows=ROWS)
RAYS = CAMERA.unproject(PIXELS)
assert CAMERA.mounting is not None
DOWN = -(RAYS @ CAMERA.mounting.up_optical())
FLOOR_M = np.where(DOWN > 1e-3, 0.5 / np.maximum(DOWN, 1e-3), 1e3)


def frame(camera: Camera = CAMERA) -> Frame:
    return Frame(np.zeros((120, 160, 3), np.uint8), camera)


def answer(range_m: NDArray[np.floating]) -> Answer:
    return Answer(PIXELS, RAYS, np.log(range_m).astype(np.float32), ROWS, COLS)


def room(wall_m: float = 4.0) -> NDArray[np.float64]:
    """Return the range of the floor up to a wall that comes nearer to the right."""
    return np.minimum(FLOOR_M, wall_m * (1.0 - 0.2 * PIXELS[:, 0] / CAMERA.width))


def hints(range_m: NDArray[np.floating], source: str = "scan") -> Hints:
    """Return the hints of this range map on one row of the grid."""
    row = slice(8 * COLS, 9 * COLS)
    return Hints.measured(PIXELS[row], range_m[row], 0.01, source)


def test_hints_that_fit_are_believed() -> None:
    found = vetted(frame(), hints(1.3 * room()), answer(room()))
    assert found.refused == {} and found.hints is not None
    assert found.hints.sources == ("scan", FLOOR)


def test_a_sensor_in_millimetres_is_refused_and_another_one_is_not() -> None:
    both = Hints.joined([hints(1000.0 * room()), hints(1.1 * room(), "tof")])
    assert both is not None
    found = vetted(frame(), both, answer(room()))
    assert "factor of 1e+03" in found.refused["scan"] and "metres" in found.refused["scan"]
    assert found.hints is not None and set(np.unique(found.hints.source)) == {1, 2}


def test_without_a_floor_that_confirms_the_network_a_larger_factor_is_believed() -> None:
    unknown = replace(CAMERA, mounting=None)
    assert vetted(frame(unknown), hints(3.28 * room()), answer(room())).refused == {}
    refused = vetted(frame(), hints(3.28 * room()), answer(room()))
    assert refused.hints is None and "0.40 to 2.5 is believed" in refused.refused["scan"]


def test_ranges_that_are_all_the_same_are_refused() -> None:
    found = vetted(frame(), hints(np.full(ROWS * COLS, 3.0)), answer(room()))
    assert found.hints is None and found.refused["scan"].startswith("all its ranges are the same")


def test_the_floor_is_found_in_spite_of_a_smooth_error_and_not_where_something_stands() -> None:
    tilted = room() * np.exp(0.12 * np.linspace(-1.0, 1.0, ROWS * COLS))
    thing = np.zeros((ROWS, COLS), np.bool_)
    thing[16:20, 10:14] = True
    low = np.where(thing.reshape(-1), 0.85 * tilted, tilted)  # 15 % nearer is 7 cm above the floor
    found = floor_hints(frame(), answer(low))
    assert found is not None and len(found) == MOST_FLOOR
    u, v = (found.pixels / 5.0).astype(int).T
    assert not thing[v, u].any()
    np.testing.assert_allclose(found.range_m, np.interp(found.range_m, np.sort(FLOOR_M), np.sort(FLOOR_M)), rtol=1e-5)
    assert found.range_m.max() < 4.0


def test_without_mounting_or_floor_in_view_there_are_no_hints_of_it() -> None:
    assert floor_hints(frame(replace(CAMERA, mounting=None)), answer(room())) is None
    assert floor_hints(frame(), answer(np.full(ROWS * COLS, 0.4))) is None


def test_hints_that_contradict_each_other_are_not_used() -> None:
    vet = vetted(frame(), hints(room()), answer(room()))
    fused = HintReport(96, 96, 20, 0.1, {"scan": 32, FLOOR: 64})
    bad = judged(hints(room()), vet, fused)
    assert bad is not None and bad.used == 0
    assert "20 of 32 hints contradict the others" in bad.refused["scan"]
    good = judged(hints(room()), vet, replace(fused, outliers=10))
    assert good is not None and (good.offered, good.used, good.refused) == (32, 32, {})
    assert judged(hints(room()), replace(vet, hints=None), None) is None
