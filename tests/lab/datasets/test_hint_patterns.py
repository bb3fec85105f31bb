# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Patterns draw the pixels that their sensor would measure."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.lab.datasets.hint_patterns import HintPattern
from grin_ros.lab.datasets.measured import EvalSample
from tests.lab.evaluation.measured import HEIGHT, WIDTH, random_depth, sample


@pytest.fixture
def measured() -> EvalSample:
    return sample("one", depth_m=random_depth(0))


@pytest.mark.parametrize("text", ["uniform:40", "corners:20", "line", "beams:4", "zones:4"])
def test_hints_are_the_measured_range_of_their_pixels(measured: EvalSample, text: str) -> None:
    hints = HintPattern.parse(text).draw(measured)
    assert hints is not None
    u, v = hints.pixels.astype(int).T
    range_m = measured.depth_m / measured.frame.camera.rays()[..., 2]
    if text.startswith("zones"):
        assert (hints.range_m >= np.nanmin(range_m)).all()
        assert (hints.range_m <= np.nanmax(range_m)).all()
    else:
        np.testing.assert_array_equal(hints.range_m, range_m[v, u])
    if text == "line":
        assert set(v) == {measured.depth_m.shape[0] // 2}
    if text == "uniform:40":
        assert len(hints) == 40


@pytest.mark.parametrize("below_m", [0.1, 0.3])
def test_a_lidar_below_the_camera_measures_the_nearest_points_of_its_plane(below_m: float) -> None:
    wall = sample("wall", depth_m=np.full((HEIGHT, WIDTH), 2.0, np.float32))
    hints = HintPattern.parse(f"line,below={below_m}").draw(wall)
    assert hints is not None
    points = wall.frame.camera.unproject(hints.pixels) * hints.range_m[:, None]
    np.testing.assert_allclose(points[:, 2], 2.0, rtol=1e-5)
    np.testing.assert_allclose(points[:, 1], below_m, atol=0.51 * 2.0 / wall.frame.camera.fy)
    assert (
        HintPattern.parse("line,below=0.9").draw(sample("near", depth_m=np.full((HEIGHT, WIDTH), 0.3, np.float32)))
        is None
    )


def test_a_short_sensor_measures_what_is_near_and_is_silent_about_the_rest(measured: EvalSample) -> None:
    near, all_of_them = (HintPattern.parse(f"uniform:40{option}").draw(measured) for option in (",reach=0.5", ""))
    assert near is not None and near.unreached is not None and all_of_them is not None
    reach_m = near.unreached.reach_m[0]
    assert near.range_m.max() <= reach_m < all_of_them.range_m.max()
    u, v = near.unreached.pixels.astype(int).T
    assert (measured.depth_m / measured.frame.camera.rays()[..., 2])[v, u].min() > reach_m


def test_draws_follow_from_the_seed(measured: EvalSample) -> None:
    pattern = HintPattern.parse("uniform:20,noise=0.1")
    first, again, other = (pattern.draw(measured, seed) for seed in (1, 1, 2))
    assert first is not None
    assert again is not None
    assert other is not None
    np.testing.assert_array_equal(first.range_m, again.range_m)
    assert not np.array_equal(first.pixels, other.pixels)


def test_options_add_noise_and_outliers(measured: EvalSample) -> None:
    exact = HintPattern.parse("uniform:200").draw(measured)
    wrong = HintPattern.parse("uniform:200,outliers=0.3").draw(measured)
    assert exact is not None
    assert wrong is not None
    np.testing.assert_array_equal(exact.pixels, wrong.pixels)
    assert 0.15 < (exact.range_m != wrong.range_m).mean() < 0.45


def test_none_gives_no_hints(measured: EvalSample) -> None:
    assert HintPattern.parse("none").draw(measured) is None


@pytest.mark.parametrize(
    ("text", "word"),
    [("unifrom:3", "did you mean 'uniform'"), ("uniform", "whole number"), ("uniform:0", "above 0"),
     ("line:3", "without a number"), ("line,noice=0.1", "did you mean 'noise'"), ("line,noise=x", "a number"),
     ("line,outliers=1.5", "below 1"), ("uniform:²", "whole number"), ("none,noise=0.1", "without options"),
     ("beams:4,below=0.3", "with 'line' only"),
     ("line,noise=0.1,noise=0.2", "'noise' twice")],
)  # fmt: skip
def test_a_text_that_is_no_pattern_is_refused(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        HintPattern.parse(text)
