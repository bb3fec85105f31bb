# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures that show nothing are doubted by name; ordinary ones are not, however dark and noisy."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.plausibility.picture import MIN_HEIGHT, MIN_WIDTH, FrozenWatch, picture_doubt
from tests.core.plausibility.pictures import flat, nothing_to_see, ordinary, scene, under_light


@pytest.mark.parametrize("name", nothing_to_see())
def test_a_picture_that_shows_nothing_is_doubted(name: str) -> None:
    picture, expected = nothing_to_see()[name]
    found = picture_doubt(picture)
    assert found is not None
    assert (found.name, found.blind) == (expected, True)
    assert "obstacles, free_space and scan are not published" in found.text
    assert "{" not in found.text


@pytest.mark.parametrize("name", ordinary())
def test_an_ordinary_picture_is_not_doubted(name: str) -> None:
    assert picture_doubt(ordinary()[name]) is None


@pytest.mark.parametrize(("factor", "noise"), [(1.0, 0.0), (0.1, 0.0), (0.1, 3.0), (0.3, 30.0), (1.0, 60.0)])
def test_a_photograph_is_not_doubted_in_any_light(factor: float, noise: float) -> None:
    data = pytest.importorskip("skimage.data", reason="the photograph is in scikit-image (pip install grin_ros[demo])")
    assert picture_doubt(under_light(data.stereo_motorcycle()[0], factor, noise)) is None


def test_a_picture_with_too_few_pixels_is_not_judged() -> None:
    assert picture_doubt(flat(0, 0, 0)[:MIN_HEIGHT, :MIN_WIDTH]) is not None
    assert picture_doubt(flat(0, 0, 0)[: MIN_HEIGHT - 1, :MIN_WIDTH]) is None
    assert picture_doubt(flat(0, 0, 0)[:1, :1]) is None


def test_a_large_picture_takes_hardly_longer_than_a_small_one() -> None:
    def least_s(picture: NDArray[np.uint8]) -> float:
        took_s = []
        for _ in range(20):
            began_s = time.perf_counter()
            picture_doubt(picture)
            took_s.append(time.perf_counter() - began_s)
        return min(took_s)

    small = scene()
    assert least_s(small.repeat(8, axis=0).repeat(8, axis=1)) < 16.0 * least_s(small)  # it has 64 times the pixels


def test_pictures_that_never_change_are_frozen_after_half_a_second() -> None:
    watch = FrozenWatch()
    told = [watch(scene(), number * 100_000_000) for number in range(8)]
    assert [doubt is not None for doubt in told] == [False] * 5 + [True] * 3
    assert told[-1] is not None
    assert told[-1].text.startswith("the last 8 pictures are the same to the bit although their stamps differ")
    assert not told[-1].blind


def test_a_picture_with_new_noise_or_an_old_stamp_is_not_frozen() -> None:
    watch = FrozenWatch()
    random = np.random.default_rng(0)
    for number in range(20):
        noisy = scene() + random.integers(0, 2, scene().shape).astype(np.uint8)
        assert watch(noisy, number * 100_000_000) is None
    assert all(watch(scene(), 0) is None for _ in range(20))


def test_after_a_change_the_count_begins_again() -> None:
    watch = FrozenWatch()
    for number in range(10):
        watch(scene(), number * 1_000_000_000)
    assert watch(flat(1, 2, 3), 10_000_000_000) is None
    assert watch(scene(), 11_000_000_000) is None
    for number in range(12, 20):
        last = watch(scene(), number * 1_000_000_000)
    assert last is not None
    watch.forget()
    assert watch(scene(), 20_000_000_000) is None
