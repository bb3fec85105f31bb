# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of camera images: the same exposure in all light, defocus and motion blur."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.cameras.develop import banding, defocused, develop, motion_blurred

CAMERA = Camera(80, 60, 60.0, 60.0, 39.5, 29.5)
FISHEYE = Camera(80, 60, 26.0, 26.0, 39.5, 29.5, "equidistant", (0.01, 0.0, 0.0, 0.0))
FLAT = np.full((60, 80), 2.0, np.float32)


def dots(*places: tuple[int, int]) -> NDArray[np.float32]:
    light = np.zeros((60, 80, 3), np.float32)
    for v, u in places:
        light[v, u] = 1.0
    return light


def spread_px(light: NDArray[np.float32], v: int, u: int, reach: int = 9) -> tuple[float, float]:
    """Return the standard deviations of the light around a place, in x and in y."""
    part = light[max(v - reach, 0) : v + reach + 1, max(u - reach, 0) : u + reach + 1].mean(axis=-1)
    rows, columns = np.mgrid[: part.shape[0], : part.shape[1]]
    weight = part / part.sum()
    deviation = [np.sqrt(np.sum(weight * (a - np.sum(weight * a)) ** 2)) for a in (columns, rows)]
    return float(deviation[0]), float(deviation[1])


def test_dark_and_bright_scenes_are_exposed_alike() -> None:
    light = np.random.default_rng(0).uniform(0.2, 1.0, (60, 80, 3)).astype(np.float32)
    for gain in (1e-2, 1.0, 1e2):
        for seed in range(20):
            image = develop(light * np.float32(gain), FLAT, CAMERA, np.random.default_rng(seed))
            assert image.shape == light.shape and image.dtype == np.uint8
            assert 0.2 < image.mean() / 255 < 0.65


def test_pixels_outside_the_lens_are_black_and_do_not_affect_the_exposure() -> None:
    light = np.full((60, 80, 3), 0.5, np.float32)
    range_m = FLAT.copy()
    range_m[:, :50] = np.nan
    light[:, :50] = 0
    for seed in range(20):
        image = develop(light, range_m, CAMERA, np.random.default_rng(seed))
        assert not image[:, :50].any() and 0.2 < image[:, 60:].mean() / 255 < 0.7


def test_the_same_random_numbers_give_the_same_image() -> None:
    light = np.random.default_rng(0).uniform(0.2, 1.0, (60, 80, 3)).astype(np.float32)
    pictures = [develop(light, FLAT, CAMERA, np.random.default_rng(seed)) for seed in (*range(30), *range(30))]
    assert all(np.array_equal(a, b) for a, b in zip(pictures[:30], pictures[30:], strict=True))
    assert len({picture.tobytes() for picture in pictures}) == 30


def test_defocus_follows_the_distance_to_the_plane_in_focus() -> None:
    range_m = np.full((60, 80), 2.0, np.float32)
    range_m[:, 27:53], range_m[:, 53:] = 1.0, np.inf
    sharp, near, far = (30, 13), (30, 40), (30, 66)
    blurred = defocused(dots(sharp, near, far), range_m, focus_m=2.0, aperture_px_m=8.0)
    across = [spread_px(blurred, *place)[0] for place in (sharp, near, far)]
    assert across[0] < 0.1
    # The circle of confusion is 8 px m |1/m - 1/(2 m)| = 4 px wide; its standard deviation in x is a quarter of that.
    assert across[1] == pytest.approx(1.0, rel=0.15) and across[2] == pytest.approx(across[1], rel=0.05)
    assert blurred.sum() == pytest.approx(9.0, rel=0.01)


@pytest.mark.parametrize("camera", [CAMERA, FISHEYE], ids=["pinhole", "fisheye"])
def test_a_turning_camera_blurs_along_the_motion_of_the_pixels(camera: Camera) -> None:
    turn = np.array([0.0, 5.0 / camera.fx, 0.0])  # 5 px in the middle of the image
    smeared = motion_blurred(dots((30, 40)), camera, turn)
    across, down = spread_px(smeared, 30, 40)
    assert across == pytest.approx(5 / np.sqrt(12), rel=0.3) and down < 0.5
    assert smeared.sum() == pytest.approx(3.0, rel=0.1)
    roll = motion_blurred(dots((30, 40), (30, 70)), camera, np.array([0.0, 0.0, 0.15]))
    assert spread_px(roll, 30, 40)[1] < 0.6 < 1.0 < spread_px(roll, 30, 70)[1]


def test_banding_is_a_small_wave_over_rows() -> None:
    for seed in range(20):
        rows = banding(240, np.random.default_rng(seed))
        assert rows.shape == (240,) and 0.84 < rows.min() < rows.max() < 1.16
