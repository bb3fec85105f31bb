# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints through the whole estimator: measured pixels correct depth and lower sigma; without them nothing changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.hints.thinning import thinned
from grin_ros.core.types import DepthEstimate, Frame, Hints, Unreached

WIDE = Settings(min_depth_m=1e-3, max_depth_m=1e4)


@pytest.fixture(scope="module")
def estimator(tiny_artifact: Path) -> Estimator:
    return Estimator(open_engine("ort", load_artifact(str(tiny_artifact))), WIDE)


def hints_of(frame: Frame, estimate: DepthEstimate, factor: float, count: int = 40, seed: int = 0) -> Hints:
    """Exact measurements of a scene that is `factor` times as far away as the estimate says."""
    v, u = np.nonzero(np.isfinite(estimate.depth_m))
    at = np.random.default_rng(seed).choice(len(v), count, replace=False)
    u, v = u[at], v[at]
    range_m = estimate.depth_m[v, u] / frame.camera.rays()[v, u, 2]
    return Hints.measured(np.stack([u, v], 1), factor * range_m)


def test_no_hints_change_nothing(estimator: Estimator, tiny_frame: Frame) -> None:
    alone = estimator(tiny_frame)
    for hints in (None, Hints.measured(np.empty((0, 2)), [])):
        again = estimator(tiny_frame, hints=hints)
        np.testing.assert_array_equal(again.depth_m, alone.depth_m)
        np.testing.assert_array_equal(again.sigma_m, alone.sigma_m)
        assert again.hints is None


@pytest.mark.parametrize("factor", [0.6, 1.5])
def test_a_wrong_scale_is_corrected_and_sigma_falls(estimator: Estimator, tiny_frame: Frame, factor: float) -> None:
    alone = estimator(tiny_frame)
    got = estimator(tiny_frame, hints=hints_of(tiny_frame, alone, factor))
    both = np.isfinite(alone.depth_m) & np.isfinite(got.depth_m)
    assert np.median(np.abs(np.log(got.depth_m[both] / (factor * alone.depth_m[both])))) < 0.05
    assert np.median((got.sigma_m / got.depth_m)[both]) < 0.7 * np.median((alone.sigma_m / alone.depth_m)[both])
    assert got.hints is not None
    assert got.hints.used == 40
    assert got.hints.outliers <= 2


@pytest.mark.parametrize("count", [20, 60, 300])
@pytest.mark.parametrize("farthest_m", [10.0, 30.0])
def test_random_ranges_change_nothing(estimator: Estimator, tiny_frame: Frame, count: int, farthest_m: float) -> None:
    alone = estimator(tiny_frame)
    right = hints_of(tiny_frame, alone, 1.2, count)
    rng = np.random.default_rng(count)
    got = estimator(tiny_frame, hints=replace(right, range_m=rng.uniform(0.3, farthest_m, count).astype(np.float32)))
    np.testing.assert_array_equal(got.depth_m, alone.depth_m)
    assert got.hints is not None and got.hints.used == 0 and "sensor" in got.hints.refused


def test_members_agree_on_the_correction(estimator: Estimator, tiny_frame: Frame) -> None:
    members = replace(WIDE, members=4, steps=2)
    alone = estimator(tiny_frame, members)
    got = estimator(tiny_frame, members, hints_of(tiny_frame, alone, 1.4))
    both = np.isfinite(alone.depth_m) & np.isfinite(got.depth_m)
    assert np.median(got.depth_m[both] / alone.depth_m[both]) == pytest.approx(1.4, rel=0.05)


def test_hints_outside_the_image_do_not_count(estimator: Estimator, tiny_frame: Frame) -> None:
    alone = estimator(tiny_frame)
    got = estimator(tiny_frame, hints=Hints.measured([[-30.0, 5.0], [5.0, 4000.0]], [1.0, 1.0]))
    np.testing.assert_array_equal(got.depth_m, alone.depth_m)
    assert got.hints is None


@pytest.mark.parametrize("name", ["floor", "unreached"])
def test_a_sensor_cannot_have_a_name_of_the_estimators_own(estimator: Estimator, tiny_frame: Frame, name: str) -> None:
    hints = hints_of(tiny_frame, estimator(tiny_frame), 1.2)
    assert estimator(tiny_frame, hints=hints).hints is not None
    with pytest.raises(ValueError, match=f"got the source '{name}', which is the estimator's own"):
        estimator(tiny_frame, hints=replace(hints, sources=(name,)))


@pytest.mark.parametrize("left_px", [0.0, 500.0])
def test_a_dense_cloud_corrects_depth_or_lies_outside(estimator: Estimator, tiny_frame: Frame, left_px: float) -> None:
    alone = estimator(tiny_frame)
    few = hints_of(tiny_frame, alone, 1.4, 256)
    every = np.random.default_rng(0).integers(0, len(few), 40_000)
    many = Hints.measured(few.pixels[every] - (left_px, 0.0), few.range_m[every])
    got = estimator(tiny_frame, hints=many)
    if left_px:
        assert got.hints is None
        np.testing.assert_array_equal(got.depth_m, alone.depth_m)
    else:
        assert got.hints is not None and got.hints.used
        assert "pixels" in got.timings_ms and "pixels" not in estimator(tiny_frame, hints=few).timings_ms
        both = np.isfinite(alone.depth_m) & np.isfinite(got.depth_m)
        assert np.median(got.depth_m[both] / alone.depth_m[both]) == pytest.approx(1.4, rel=0.05)


def test_of_a_dense_2d_lidar_some_rays_are_used_and_all_of_what_lies_elsewhere(
    estimator: Estimator, tiny_frame: Frame
) -> None:
    camera, alone = tiny_frame.camera, estimator(tiny_frame)
    row = np.stack([np.linspace(1.0, camera.width - 2.0, 400), np.full(400, camera.height // 2)], axis=1)
    range_m = np.full(400, float(np.nanmedian(alone.depth_m)))
    noisy_m = range_m * (1.0 + 0.01 * np.random.default_rng(0).standard_normal(400))
    lidar = Hints.measured(row, noisy_m, 0.01, "scan")
    some = estimator(tiny_frame, hints=lidar).hints
    assert some is not None and some.used == 100
    tracked = Hints.measured(row[:30] * (1.0, 0.5), noisy_m[:30], 0.02, "motion")
    beside = estimator(tiny_frame, hints=Hints.joined([lidar, tracked])).hints
    assert beside is not None and beside.by_source == {"scan": 100, "motion": 30}


def test_outliers_are_counted(estimator: Estimator, tiny_frame: Frame) -> None:
    alone = estimator(tiny_frame)
    hints = hints_of(tiny_frame, alone, 1.0)
    wrong = hints.range_m.copy()
    wrong[:3] *= 6.0
    got = estimator(tiny_frame, hints=replace(hints, range_m=wrong))
    assert got.hints is not None
    assert got.hints.outliers >= 3


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"range_m": np.array([np.nan], np.float32)}, "got nan at index"),
        ({"range_m": np.array([0.0], np.float32)}, "above 0"),
        ({"sigma_ln": np.array([0.0], np.float32)}, "above 0"),
        ({"age_s": np.array([-1.0], np.float32)}, "0 or more"),
        ({"pixels": np.zeros((2, 2), np.float32)}, "shape"),
        ({"source": np.array([3])}, "source"),
    ],
)
def test_impossible_hints_are_refused(change: dict[str, np.ndarray], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        replace(Hints.measured([[1.0, 1.0]], [1.0]), **change)


def test_hints_of_several_sensors_are_joined() -> None:
    lidar = Hints.measured([[1, 1]], [1.0], source="scan")
    zones = Hints.measured([[2, 2], [3, 3]], [2.0, 3.0], source="zones")
    both = Hints.joined([lidar, zones])
    assert both is not None
    assert both.sources == ("scan", "zones")
    assert both.source.tolist() == [0, 1, 1]
    assert both.range_m.tolist() == [1.0, 2.0, 3.0]
    assert Hints.joined([]) is None


def test_a_short_sensor_does_not_draw_the_rest_of_the_image_nearer(estimator: Estimator, tiny_frame: Frame) -> None:
    """The sensor reaches half of the pixels, and finds these nearer than the network does."""
    alone = estimator(tiny_frame)
    rays = tiny_frame.camera.rays()
    range_m = alone.depth_m / rays[..., 2]
    reach_m = float(np.median(range_m))
    v, u = np.nonzero(range_m < reach_m)
    some = np.random.default_rng(0).choice(len(u), 100, replace=False)
    given = Hints.measured(np.stack([u, v], 1)[some], 0.7 * range_m[v, u][some], 0.01, "depth")
    beyond = range_m >= np.quantile(range_m, 0.8)
    v, u = np.nonzero(range_m > reach_m)
    nothing = Unreached(np.stack([u, v], 1).astype(np.float32), np.full(len(u), 0.7 * reach_m, np.float32))
    drawn, held = (estimator(tiny_frame, hints=each) for each in (given, replace(given, unreached=nothing)))
    nearer, kept = (np.median(one.depth_m[beyond] / alone.depth_m[beyond]) for one in (drawn, held))
    assert nearer < 0.9
    assert abs(kept - 1.0) < 0.5 * (1.0 - nearer)
    assert np.median(held.sigma_m[beyond]) > np.median(drawn.sigma_m[beyond])
    assert held.hints is not None and held.hints.used == 100


def test_many_noisy_hints_say_more_than_some(estimator: Estimator, tiny_frame: Frame) -> None:
    """With the same noise, 5,000 hints leave a smaller error than 256."""
    alone = estimator(tiny_frame)
    rng = np.random.default_rng(0)
    errors = []
    for count in (256, 5000):
        hints = hints_of(tiny_frame, alone, 1.3, count)
        noisy = hints.range_m * np.exp(rng.normal(0.0, 0.1, count))
        got = estimator(tiny_frame, hints=Hints.measured(hints.pixels, noisy, 0.1))
        both = np.isfinite(alone.depth_m) & np.isfinite(got.depth_m)
        errors.append(float(np.mean(np.abs(np.log(got.depth_m[both] / (1.3 * alone.depth_m[both]))))))
    assert errors[1] < 0.75 * errors[0]


def test_dense_hints_that_share_their_error_change_no_cell(estimator: Estimator, tiny_frame: Frame) -> None:
    """The process weighs such an error against the network, which a mean over cells would undo."""
    alone = estimator(tiny_frame)
    hints = hints_of(tiny_frame, alone, 1.3, 3000)
    shared = replace(hints, shared_ln=np.full(len(hints), 0.5 * hints.sigma_ln[0], np.float32))
    got = estimator(tiny_frame, hints=shared)
    assert got.hints is not None and got.hints.used == 512
    few = estimator(tiny_frame, hints=thinned(shared, tiny_frame.camera.width))
    np.testing.assert_allclose(got.depth_m, few.depth_m, rtol=1e-5)
