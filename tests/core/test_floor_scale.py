# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scale of depth from the floor: found in a room, not taken from other planes, and applied by the estimator."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.floor_scale import floor_scale_ln
from grin_ros.core.geometry.ground import ground_ln
from grin_ros.core.geometry.log_depth import LogDepth
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.hints.answer import Answer
from tests.core.hints.seen_room import CAMERA, COLS, FLOOR_M, PIXELS, RAYS, ROWS, answer, frame, room
from tests.core.test_estimator import Recorder

assert CAMERA.mounting is not None
MOUNTING: Mounting = CAMERA.mounting
HEIGHT_M = MOUNTING.height_m


def table(range_m: NDArray[np.float64], top_m: float) -> NDArray[np.float64]:
    """Return the range with a table over half of the floor, whose top is so far above the ground."""
    under = (PIXELS[:, 0] < 80.0) & (FLOOR_M < 3.0)
    return np.where(under, np.minimum(range_m, FLOOR_M * (1.0 - top_m / HEIGHT_M)), range_m)


@given(st.floats(-0.6, 0.6))
def test_a_floor_that_is_too_far_or_too_near_tells_the_scale(off_ln: float) -> None:
    found_ln = floor_scale_ln(MOUNTING, answer(room() * math.exp(off_ln)))
    assert found_ln == pytest.approx(off_ln, abs=0.04)


@given(st.floats(-0.3, 0.3), st.floats(0.1, 0.3))
def test_a_table_has_the_floor_below_it_and_is_not_taken_for_it(off_ln: float, top_m: float) -> None:
    found_ln = floor_scale_ln(MOUNTING, answer(table(room(), top_m) * math.exp(off_ln)))
    assert found_ln == pytest.approx(off_ln, abs=0.06)


def level_plane(height_m: float, pitch_deg: float) -> Answer:
    """Return the answer to a level plane so far below the camera, before a wall."""
    plane_ln = ground_ln(Mounting(height_m, 0.0, math.radians(pitch_deg)), RAYS)
    return answer(np.minimum(np.exp(plane_ln), 4.0))


@pytest.mark.parametrize("pitch_deg", [30.0, 50.0])
def test_a_table_top_that_hides_the_floor_is_hardly_taken_for_it(pitch_deg: float) -> None:
    """If it was the floor, the answer would be less than half as far as it should be."""
    camera = Mounting(1.4, 0.0, math.radians(pitch_deg))
    assert abs(floor_scale_ln(camera, level_plane(0.65, pitch_deg))) < 0.15


@pytest.mark.parametrize(("height_m", "seen_m"), [(0.3, 0.18), (0.5, 0.3), (0.5, 0.8), (1.4, 1.15), (1.4, 2.2)])
def test_a_plane_at_no_height_of_a_table_is_the_floor(height_m: float, seen_m: float) -> None:
    found_ln = floor_scale_ln(Mounting(height_m, 0.0, math.radians(20.0)), level_plane(seen_m, 20.0))
    assert found_ln == pytest.approx(math.log(seen_m / height_m), abs=0.07)


def test_an_error_of_the_mounting_becomes_an_error_of_the_scale_and_no_larger_one() -> None:
    for pitch_deg, height in ((1.0, 1.0), (-1.0, 1.0), (0.0, 1.05), (0.0, 0.95)):
        wrong = replace(MOUNTING, height_m=HEIGHT_M * height, pitch_rad=MOUNTING.pitch_rad + math.radians(pitch_deg))
        assert abs(floor_scale_ln(wrong, answer(room()))) < 0.1


def test_without_a_floor_in_view_the_scale_stays() -> None:
    rng = np.random.default_rng(0)
    clutter = 0.4 * np.exp(0.4 * rng.standard_normal(ROWS * COLS))
    assert abs(floor_scale_ln(MOUNTING, answer(clutter))) < 0.05
    dropping_off = np.full(ROWS * COLS, 4.0)  # below the ground nearly everywhere, as before stairs that go down
    assert abs(floor_scale_ln(MOUNTING, answer(dropping_off))) < 0.05
    upward = replace(MOUNTING, pitch_rad=-math.radians(60.0))
    assert floor_scale_ln(upward, answer(room())) == 0.0


class Room(Recorder):
    """An engine whose answer is the room with a scale that is too long, and nothing in its upper two rows."""

    off_ln = 0.4

    def __init__(self) -> None:
        super().__init__()
        network = replace(self.artifact.manifest.network, grid_rows=ROWS, grid_cols=COLS)
        self.artifact = replace(self.artifact, manifest=replace(self.artifact.manifest, network=network))

    def run(self, graph: str, inputs: Any) -> dict[str, Any]:
        made = super().run(graph, inputs)
        if graph != "denoise":
            return made
        depth = self.artifact.manifest.depth
        encoding = LogDepth(depth.min_m, depth.max_m)
        x = encoding.encode(room() * math.exp(self.off_ln)) / depth.data_std
        x[: 2 * COLS] = 1.0 / depth.data_std
        return made | {"x_next": np.tile(x.astype(np.float32), (len(inputs["x"]), 1))}


def decoded_ln(engine: Room) -> NDArray[np.float32]:
    """Return ln(range) of the first member that was decoded last."""
    depth = engine.artifact.manifest.depth
    x = engine.calls[-1][1]["x"][0]
    return np.log(LogDepth(depth.min_m, depth.max_m).decode(x * np.float32(depth.data_std)))


@pytest.mark.parametrize("members", [1, 3])
def test_the_estimator_puts_the_floor_where_the_mounting_says(members: int) -> None:
    engine = Room()
    found = Estimator(engine, Settings(members=members))(frame())
    assert found.floor_ln == pytest.approx(engine.off_ln, abs=0.05)
    assert "floor" in found.timings_ms
    np.testing.assert_allclose(decoded_ln(engine)[2 * COLS :], np.log(room())[2 * COLS :], atol=0.05)
    np.testing.assert_allclose(decoded_ln(engine)[: 2 * COLS], math.log(100.0), atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "camera"),
    [(Settings(floor_scale=False), CAMERA), (Settings(), CAMERA.with_mounting(None))],
    ids=["switched off", "mounting unknown"],
)
def test_otherwise_the_answer_is_that_of_the_network(settings: Settings, camera: Any) -> None:
    engine = Room()
    found = Estimator(engine, settings)(frame(camera))
    assert found.floor_ln is None
    np.testing.assert_allclose(decoded_ln(engine)[2 * COLS :], np.log(room())[2 * COLS :] + engine.off_ln, atol=1e-3)
