# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Flicker of the same scene point, on walls and floors whose ranges and motion are known without a renderer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.stand_in.engine import write_artifact
from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.estimator import Settings
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.rays import range_to_depth
from grin_ros.lab.datasets.drives import DriveFrame
from grin_ros.lab.evaluation.flicker import (
    NEW_NOISE,
    SAME_NOISE,
    Flicker,
    claims,
    compare,
    flicker,
    matching_pixels,
    smoothed,
    table,
)
from tests.brightness import BrightnessEngine

CAMERA = Camera(80, 60, 70.0, 68.0, 41.0, 28.0, "plumb_bob", (-0.2, 0.03, 0.0, 0.0, 0.0), Mounting(0.9, 0.0, 0.1))
WALL_M = 4.0
HEIGHT_M, DOWN_RAD = 0.9, 0.1


def frame(x_m: float = 0.0, yaw_rad: float = 0.0) -> DriveFrame:
    """Return the view of a wall at x = WALL_M and the floor z = 0 from a camera that looks down by DOWN_RAD."""
    forward = np.array(
        [math.cos(yaw_rad) * math.cos(DOWN_RAD), math.sin(yaw_rad) * math.cos(DOWN_RAD), -math.sin(DOWN_RAD)]
    )
    right = np.array([math.sin(yaw_rad), -math.cos(yaw_rad), 0.0])
    optical_from_world = np.eye(4)
    optical_from_world[:3, :3] = np.stack([right, np.cross(forward, right), forward])
    optical_from_world[:3, 3] = -optical_from_world[:3, :3] @ (x_m, 0.0, HEIGHT_M)
    rays = CAMERA.rays().astype(np.float64) @ optical_from_world[:3, :3]  # in the world
    with np.errstate(divide="ignore"):
        to_wall, to_floor = (WALL_M - x_m) / rays[..., 0], -HEIGHT_M / rays[..., 2]
    ranges = np.minimum(np.where(to_wall > 0, to_wall, np.inf), np.where(to_floor > 0, to_floor, np.inf))
    image = np.full((CAMERA.height, CAMERA.width, 3), 100, np.uint8)
    return DriveFrame(image, ranges.astype(np.float32), CAMERA, optical_from_world)


@pytest.fixture(scope="module")
def drive() -> list[DriveFrame]:
    """Return eight frames of a drive forward and back, with a heading that swings from side to side."""
    phases = 2.0 * np.pi * np.arange(8) / 8
    return [frame(0.3 * math.sin(phase), 0.1 * math.sin(2.0 * phase)) for phase in phases]


def truth(of: DriveFrame) -> NDArray[np.float32]:
    return range_to_depth(of.range_m, of.camera.rays())


def test_matching_pixels_show_the_same_point(drive: list[DriveFrame]) -> None:
    before, after = drive[0], drive[1]
    first, second = matching_pixels(before, after)
    assert len(first) > 0.6 * (80 * 60 / 4)
    places = []
    for of, pixels in ((before, first), (after, second)):
        points = of.camera.unproject(pixels.astype(np.float64)) * of.range_m[pixels[:, 1], pixels[:, 0], None]
        back = np.linalg.inv(of.optical_from_world)
        places.append(points @ back[:3, :3].T + back[:3, 3])
    assert np.median(np.linalg.norm(places[0] - places[1], axis=1)) < 0.06, "within a pixel"
    still, again = matching_pixels(before, before)
    np.testing.assert_array_equal(still, again)


def test_hidden_points_do_not_match() -> None:
    before = frame()
    ranges = before.range_m.copy()
    ranges[:, :40] *= 0.5  # an object in between
    pixels, _ = matching_pixels(before, replace(before, range_m=ranges))
    assert pixels[:, 0].min() == 40


@pytest.mark.parametrize(
    ("error_m", "flicker_m"),
    [
        (lambda _: 0.0, 0.0),
        (lambda _: 0.3, 0.0),  # wrong, but constant
        (lambda number: 0.1 * (-1) ** number, 0.2),
        (lambda number: 0.05 * number, 0.05),
    ],
)
def test_flicker_is_the_change_of_the_error(
    drive: list[DriveFrame], error_m: Callable[[int], float], flicker_m: float
) -> None:
    depths = [truth(of) + np.float32(error_m(number)) for number, of in enumerate(drive)]
    got = flicker(drive, depths)
    assert got.flicker_m == pytest.approx(flicker_m, abs=1e-5)
    shares = [np.nanmean(abs(error_m(number)) / truth(of)) for number, of in enumerate(drive)]
    assert got.abs_rel == pytest.approx(np.mean(shares), abs=1e-5)


def test_a_sequence_of_one_is_refused(drive: list[DriveFrame]) -> None:
    with pytest.raises(ValueError, match="got 1 frames and 1 depths"):
        flicker(drive[:1], [truth(drive[0])])


def test_only_new_noise_flickers_on_a_still_image_and_smoothing_halves_the_flicker_of_the_image(
    tmp_path: Path,
) -> None:
    """The answer of this engine holds a part of the noise and follows the brightness of the image.

    The scale of the floor would undo most of that.
    """
    engine = BrightnessEngine(load_artifact(write_artifact(tmp_path / "fake")))
    still = [frame()] * 40
    rng = np.random.default_rng(0)
    blinking = [replace(of, image=np.full_like(of.image, rng.integers(80, 120))) for of in still]
    found = compare({"still": [still], "blinking": [blinking, blinking]}, engine, Settings(floor_scale=False), (0.5,))
    assert found["still"][NEW_NOISE].flicker_m > 1e-4
    assert found["still"][SAME_NOISE].flicker_m == 0.0
    assert found["blinking"][smoothed(0.5)].flicker_m < 0.5 * found["blinking"][SAME_NOISE].flicker_m


def test_claims_fail_where_flicker_or_accuracy_miss_their_limit() -> None:
    new, better, worse = Flicker(0.3, 0.04, 0.02), Flicker(0.3, 0.018, 0.009), Flicker(0.31, 0.021, 0.01)
    found = {"standing": {NEW_NOISE: new, SAME_NOISE: new, smoothed(0.5): better, smoothed(0.2): worse}}
    assert [claim.holds for claim in claims(found)] == [True, True, False, False]
    assert "| standing | smoothing 0.5 | 0.300 | 0.0180 | 0.90% |" in table(found)
