# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.lab.training import augment
from grin_ros.lab.training.augment import other_textures, photometric


def picture(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("size", [(64, 64), (33, 47), (9, 120)])
def test_shape_and_type_do_not_change(size: tuple[int, int]) -> None:
    image = picture(*size)
    before = image.copy()
    for seed in range(40):  # enough for every kind of optics, noise and compression
        out = photometric(image, np.random.default_rng(seed))
        assert out.shape == (*size, 3)
        assert out.dtype == np.uint8
    assert np.array_equal(image, before)


def test_the_same_generator_gives_the_same_image() -> None:
    image = picture(32, 48)
    outs = [photometric(image, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(outs[0], outs[1])
    assert not np.array_equal(outs[0], outs[2])


@pytest.fixture
def no_border(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augment, "draw_border", lambda _image, _rng: None)


@pytest.fixture
def even_light(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augment, "light_and_shade", lambda size, _rng: np.ones((*size, 3), np.float32))


@pytest.mark.usefixtures("no_border", "even_light")
@pytest.mark.parametrize("value", [0, 255])
def test_black_and_white_images_do_not_overflow(value: int) -> None:
    for seed in range(40):
        out = photometric(np.full((24, 32, 3), value, np.uint8), np.random.default_rng(seed))
        # A flat scene stays roughly flat, so white did not overflow to black.
        assert int(out.max()) - int(out.min()) < 160


def test_images_differ_in_brightness_and_colour() -> None:
    grey = np.full((24, 32, 3), 110, np.uint8)
    means = np.array([photometric(grey, np.random.default_rng(seed)).mean((0, 1)) for seed in range(60)])
    assert means.mean(1).std() > 15.0
    assert (means.max(1) - means.min(1)).mean() > 4.0


def test_a_border_is_black_or_white_and_narrow() -> None:
    sides = np.zeros(4)
    values = []
    for seed in range(60):
        image = np.full((120, 200, 3), 110, np.uint8)
        augment.draw_border(image, np.random.default_rng(seed))
        assert (image[4:-4, 6:-6] == 110).all()
        changed = image[..., 0] != 110
        sides += [changed[0].all(), changed[-1].all(), changed[:, 0].all(), changed[:, -1].all()]
        colours = {*image[changed].ravel().tolist()}
        assert colours in ({0}, {255})
        values += [*colours]
        # Whole rows and columns are changed.
        rows, cols = changed.all(1), changed.all(0)
        np.testing.assert_array_equal(changed, rows[:, None] | cols)
    assert (sides > 20).all()
    assert 15 < values.count(0) < 45


def test_one_image_in_ten_has_a_border(monkeypatch: pytest.MonkeyPatch) -> None:
    framed = []
    monkeypatch.setattr(augment, "draw_border", lambda image, _rng: framed.append(image.shape))
    for seed in range(300):
        photometric(np.full((9, 12, 3), 110, np.uint8), np.random.default_rng(seed))
    assert 12 < len(framed) < 52
    assert {*framed} == {(9, 12, 3)}


@pytest.mark.usefixtures("no_border", "even_light")
def test_the_content_of_the_image_does_not_move() -> None:
    # A bright disc in the middle keeps its centre after blur, sharpening and compression.
    v, u = np.mgrid[0:61, 0:61]
    disc = np.where(((u - 30) ** 2 + (v - 30) ** 2 < 100)[..., None], 200, 30).astype(np.uint8).repeat(3, -1)
    shifts = []
    for seed in range(60):
        out = photometric(disc, np.random.default_rng(seed)).astype(np.float64).mean(-1)
        weight = np.clip(out - 0.5 * (out.min() + out.max()), 0.0, None)
        shifts.append([(weight * u).sum() / weight.sum() - 30.0, (weight * v).sum() / weight.sum() - 30.0])
    assert np.abs(shifts).max() < 1.0
    assert np.abs(np.mean(shifts, 0)).max() < 0.1


def test_light_and_shade_have_no_edges() -> None:
    gains = [augment.light_and_shade((240, 320), np.random.default_rng(seed)) for seed in range(20)]
    stops = np.log(np.stack(gains))
    assert stops.shape == (20, 240, 320, 3) and -2.5 <= stops.min() < -1.0 and 1.0 < stops.max() <= 2.0
    assert abs(stops.mean()) < 0.15
    # The change from pixel to pixel is a small part of the change over the image.
    assert np.abs(np.diff(stops, axis=2)).max() < 0.2
    assert np.ptp(stops.mean(-1), axis=(1, 2)).mean() > 0.8


def test_other_textures_keep_the_brightness_of_each_colour() -> None:
    rng = np.random.default_rng(3)
    image = np.clip(127.0 + 25.0 * rng.standard_normal((60, 80, 3)), 0, 255).astype(np.uint8)
    outs = [other_textures(image, np.random.default_rng(seed)) for seed in range(20)]
    means = np.array([out.mean((0, 1)) for out in outs])
    assert np.abs(means - image.mean((0, 1))).max() < 5.0
    # The image is another one: colours and fine structure change.
    assert np.mean([np.corrcoef(out.ravel(), image.ravel())[0, 1] for out in outs]) < 0.9


def test_other_textures_change_a_flat_object_only_at_its_outline() -> None:
    image = np.full((60, 80, 3), 77, np.uint8)
    image[20:40, 30:60] = (180, 128, 50)
    inside, outside = np.zeros((60, 80), bool), np.ones((60, 80), bool)
    inside[22:38, 32:58] = True
    outside[18:42, 28:62] = False
    for seed in range(20):
        out = other_textures(image, np.random.default_rng(seed))
        for where in (inside, outside):
            assert np.ptp(out[where], axis=0).max() <= 1
