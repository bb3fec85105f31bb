# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Flicker of one and the same point, on walls and floors whose ranges and motion are known without a renderer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.artifact import load_artifact
from grin_ros.core.estimator import Settings
from grin_ros.core.geometry.camera import Camera, Mounting
from grin_ros.core.geometry.rays import range_to_depth
from grin_ros.lab.evaluation.flicker import (
    ANEW,
    LENS,
    SAME,
    Stillness,
    claims,
    measure,
    seen_again,
    stillness,
    table,
    warm,
)
from grin_ros.worlds.cameras.capture import pose
from grin_ros.worlds.scene import Placement
from grin_ros.worlds.sequence import as_sensed, drive, mounted, render_sequence
from grin_ros.worlds.views import RenderedView
from tests.brightness import BrightnessEngine
from tests.ros.fakes import write_artifact

CAMERA = Camera(80, 60, 70.0, 68.0, 41.0, 28.0, "plumb_bob", (-0.2, 0.03, 0.0, 0.0, 0.0), Mounting(0.9, 0.0, 0.1))
WALL_M = 4.0
START = Placement(np.array([0.0, 0.0, 0.9]), 0.0, 0.1, 0.0, 0.9)


def view(placement: Placement, number: int = 0, camera: Camera = CAMERA) -> RenderedView:
    """Of a wall across x = WALL_M and the floor z = 0."""
    rays = camera.rays().astype(np.float64) @ pose(placement)[:3, :3]  # in the world
    with np.errstate(divide="ignore"):
        to_wall = (WALL_M - placement.position[0]) / rays[..., 0]
        to_floor = -placement.position[2] / rays[..., 2]
    ranges = np.minimum(np.where(to_wall > 0, to_wall, np.inf), np.where(to_floor > 0, to_floor, np.inf))
    image = np.full((camera.height, camera.width, 3), 100, np.uint8)
    return RenderedView(image, ranges.astype(np.float32), camera, placement, "wall", 0, number)


@pytest.fixture(scope="module")
def views() -> list[RenderedView]:
    return [view(placement, number) for number, placement in enumerate(drive(START, 8, 0.3, 0.1))]


def truth(of: RenderedView) -> NDArray[np.float32]:
    return range_to_depth(of.range_m, of.camera.rays())


def test_a_point_is_found_again(views: list[RenderedView]) -> None:
    before, after = views[0], views[1]
    first, second = seen_again(before, after)
    assert len(first) > 0.6 * (80 * 60 / 4)
    places = []
    for of, pixels in ((before, first), (after, second)):
        points = of.camera.unproject(pixels.astype(np.float64)) * of.range_m[pixels[:, 1], pixels[:, 0], None]
        back = np.linalg.inv(pose(of.placement))
        places.append(points @ back[:3, :3].T + back[:3, 3])
    assert np.median(np.linalg.norm(places[0] - places[1], axis=1)) < 0.06, "within a pixel"
    still, again = seen_again(before, before)
    np.testing.assert_array_equal(still, again)


def test_hidden_points_do_not_count() -> None:
    before = view(START)
    ranges = before.range_m.copy()
    ranges[:, :40] *= 0.5  # something stepped in between
    pixels, _ = seen_again(before, replace(before, range_m=ranges))
    assert pixels[:, 0].min() == 40


@pytest.mark.parametrize(
    ("error_m", "flicker_m"),
    [
        (lambda _: 0.0, 0.0),
        (lambda _: 0.3, 0.0),  # wrong, but still
        (lambda number: 0.1 * (-1) ** number, 0.2),
        (lambda number: 0.05 * number, 0.05),
    ],
)
def test_flicker_is_the_change_of_the_error(
    views: list[RenderedView], error_m: Callable[[int], float], flicker_m: float
) -> None:
    depths = [truth(of) + np.float32(error_m(number)) for number, of in enumerate(views)]
    got = stillness(views, depths)
    assert got.flicker_m == pytest.approx(flicker_m, abs=1e-5)
    shares = [np.nanmean(abs(error_m(number)) / truth(of)) for number, of in enumerate(views)]
    assert got.abs_rel == pytest.approx(np.mean(shares), abs=1e-5)


def test_a_sequence_of_one_is_refused(views: list[RenderedView]) -> None:
    with pytest.raises(ValueError, match="got 1 views and 1 depths"):
        stillness(views[:1], [truth(views[0])])


def test_the_modes(tmp_path: Path) -> None:
    """An engine whose answer holds a part of the noise: anew it flickers, the same does not; a warm start halves what
    the picture itself brings."""
    engine = BrightnessEngine(load_artifact(write_artifact(tmp_path / "fake")))
    still = [view(START, number) for number in range(40)]
    rng = np.random.default_rng(0)
    blinking = [replace(of, image=np.full_like(of.image, rng.integers(80, 120))) for of in still]
    found = measure({"still": [still], "blinking": [blinking, blinking]}, engine, Settings(), (0.5,))
    assert found["still"][ANEW].flicker_m > 1e-4
    assert found["still"][SAME].flicker_m == 0.0
    assert found["blinking"][warm(0.5)].flicker_m < 0.5 * found["blinking"][SAME].flicker_m


def test_claims_and_table() -> None:
    anew, better, worse = Stillness(0.3, 0.04, 0.02), Stillness(0.3, 0.018, 0.009), Stillness(0.31, 0.021, 0.01)
    found = {"standing": {ANEW: anew, SAME: anew, warm(0.5): better, warm(0.2): worse}}
    assert [claim.holds for claim in claims(found)] == [True, True, False, False]
    assert "| standing | warm start 0.5 | 0.300 | 0.0180 | 0.90% |" in table(found)


def test_a_drive_is_smooth_closed_and_keeps_its_mounting() -> None:
    path = drive(START, 40, 0.3, 0.1)
    steps_m = [np.linalg.norm(b.position - a.position) for a, b in zip(path, path[1:] + path[:1], strict=True)]
    assert max(steps_m) < 1.5 * 0.3 * 2.0 * math.pi / 40
    assert {(p.pitch_rad, p.roll_rad, p.height_m) for p in path} == {(0.1, 0.0, 0.9)}
    low = mounted(replace(START, pitch_rad=1.0, roll_rad=0.3), CAMERA.with_mounting(Mounting(0.2, 0.05, -0.1)))
    assert (low.position[2], low.pitch_rad, low.roll_rad, low.height_m) == pytest.approx((0.2, -0.1, 0.05, 0.2))


def test_a_sensor_adds_noise_and_exposure() -> None:
    grey = np.full((60, 80, 3), 100, np.uint8)
    rng = np.random.default_rng(0)
    pictures = [as_sensed(grey, rng, noise=0.02, exposure_ln=0.05) for _ in range(40)]
    assert np.mean([p.std() for p in pictures]) == pytest.approx(0.02 * 255, rel=0.1)
    assert np.log([p.mean() / 100 for p in pictures]).std() == pytest.approx(0.05, rel=0.4)
    np.testing.assert_array_equal(as_sensed(grey, rng, 0.0, 0.0), grey)


@pytest.mark.egl
def test_a_rendered_sequence() -> None:
    pytest.importorskip("moderngl")
    from grin_ros.worlds.assets.assets import Assets
    from grin_ros.worlds.rendering.renderer import Renderer

    try:
        renderer = Renderer(80, 60)
    except RuntimeError as error:
        pytest.skip(str(error))
    lens = LENS.resized(80, 60)
    try:
        rendered = render_sequence(renderer, 23, Assets(), lens, 4, reach_m=0.05, turn_rad=0.01)
        with pytest.raises(ValueError, match="got no mounting"):
            render_sequence(renderer, 23, Assets(), lens.with_mounting(None), 4)
    finally:
        renderer.close()
    assert [of.number for of in rendered] == [0, 1, 2, 3]
    assert stillness(rendered, [truth(of) for of in rendered]).flicker_m == 0.0
    assert len(seen_again(rendered[0], rendered[1])[0]) > 0.5 * 80 * 60 / 4
