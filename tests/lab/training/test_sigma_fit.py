# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.datasets.renders import render_samples
from grin_ros.lab.datasets.shards import ShardDataset, ShardWriter
from grin_ros.lab.training.sigma_fit import (
    ONE_SIGMA,
    TWO_SIGMA,
    SigmaFit,
    errors_and_sigmas,
    fit_settings,
)
from tests.lab.evaluation.measured import random_depth, sample

SAMPLES = [sample(str(i), depth_m=random_depth(i)) for i in range(12)]


def fit_sigma(
    samples: Sequence[EvalSample],
    estimate: Callable[[Frame], DepthEstimate],
    pixels_per_frame: int = 4096,
    with_floor: bool = False,
) -> SigmaFit:
    """Call `fit_settings` for one estimate."""
    fits = fit_settings(samples, {(1, 1): estimate}, pixels_per_frame, with_floor=with_floor)
    return fits[1, 1]


def noisy(claimed_of_true: float, tails: bool = False) -> dict[int, DepthEstimate]:
    """Return estimates with errors of ln(depth) of 0.1 sigma, whose sigma is the true one times `claimed_of_true`."""
    random = np.random.default_rng(2)
    got = {}
    for item in SAMPLES:
        sigma_ln = random.uniform(0.02, 0.2, item.depth_m.shape)
        noise = random.standard_t(2, sigma_ln.shape) if tails else random.standard_normal(sigma_ln.shape)
        depth_m = item.depth_m * np.exp(noise * sigma_ln)
        got[id(item.frame)] = DepthEstimate(
            depth_m.astype(np.float32), (depth_m * sigma_ln * claimed_of_true).astype(np.float32)
        )
    return got


@pytest.mark.parametrize("claimed_of_true", [0.25, 1.0, 3.0])
def test_the_factor_undoes_a_wrong_sigma(claimed_of_true: float) -> None:
    estimates = noisy(claimed_of_true)
    fit = fit_sigma(SAMPLES, lambda f: estimates[id(f)])
    assert fit.sigma_scale == pytest.approx(1.0 / claimed_of_true, rel=0.03)
    for row in fit.after:  # for Gaussian errors, what is right at 1 sigma is right everywhere
        assert row.observed == pytest.approx(row.expected, abs=0.015)
    one = next(row for row in fit.before if row.sigmas == 1.0)
    assert one.observed == pytest.approx(math.erf(claimed_of_true / math.sqrt(2.0)), abs=0.015)


def test_one_sigma_is_right_whatever_the_tails() -> None:
    estimates = noisy(1.0, tails=True)
    fit = fit_sigma(SAMPLES, lambda f: estimates[id(f)])
    after = {row.sigmas: row for row in fit.after}
    assert after[1.0].observed == pytest.approx(ONE_SIGMA, abs=1e-3)
    assert after[2.0].observed < after[2.0].expected - 0.02  # the table shows the heavy tail


def with_scene_error(floor: float) -> dict[int, DepthEstimate]:
    """Return estimates with a sigma of 0.005 for half of the pixels, 0.3 for the rest, and an error `floor` for all."""
    random = np.random.default_rng(4)
    got = {}
    for item in SAMPLES:
        claimed = np.where(random.random(item.depth_m.shape) < 0.5, 0.005, 0.3)
        depth_m = item.depth_m * np.exp(np.sqrt(claimed**2 + floor**2) * random.standard_normal(claimed.shape))
        got[id(item.frame)] = DepthEstimate(depth_m.astype(np.float32), (depth_m * claimed).astype(np.float32))
    return got


def test_a_floor_that_all_pixels_share_is_found() -> None:
    estimates = with_scene_error(0.15)
    fit = fit_sigma(SAMPLES, lambda f: estimates[id(f)], with_floor=True)
    assert fit.floor_ln == pytest.approx(0.15, rel=0.15)
    assert fit.sigma_scale == pytest.approx(1.0, rel=0.3)
    after = {row.sigmas: row.observed for row in fit.after}
    assert after[1.0] == pytest.approx(ONE_SIGMA, abs=2e-3)
    assert after[2.0] == pytest.approx(TWO_SIGMA, abs=1e-2)
    plain = {row.sigmas: row.observed for row in fit_sigma(SAMPLES, lambda f: estimates[id(f)]).after}
    assert abs(plain[2.0] - TWO_SIGMA) > 0.02


def test_a_floor_without_gain_is_zero() -> None:
    estimates = noisy(0.5)
    fit = fit_sigma(SAMPLES, lambda f: estimates[id(f)], with_floor=True)
    assert fit.floor_ln == 0.0
    assert fit.sigma_scale == pytest.approx(2.0, rel=0.03)


def test_settings_are_fitted_in_one_pass_on_the_same_pixels() -> None:
    narrow, wide = noisy(0.5), noisy(2.0)
    asked: list[int] = []

    def estimate(frame: Frame) -> DepthEstimate:
        asked.append(id(frame))
        return narrow[id(frame)]

    fits = fit_settings(iter(SAMPLES), {(1, 1): estimate, (4, 10): lambda f: wide[id(f)]})
    assert fits[1, 1].sigma_scale == pytest.approx(4.0 * fits[4, 10].sigma_scale, rel=1e-4)
    assert (fits[1, 1].frames, fits[1, 1].pixels) == (12, fits[4, 10].pixels)
    assert asked == [id(item.frame) for item in SAMPLES]


def test_every_frame_has_the_same_weight() -> None:
    """A frame with ten times as many pixels does not decide the factor."""
    sparse = random_depth(1)
    sparse[2:] = np.nan
    samples = [sample("dense", depth_m=random_depth(0)), sample("sparse", depth_m=sparse)]
    off = {id(samples[0].frame): 0.1, id(samples[1].frame): 0.4}

    def estimate(frame: Frame) -> DepthEstimate:
        truth_m = next(s for s in samples if s.frame is frame).depth_m
        random = np.random.default_rng(0)
        depth_m = truth_m * np.exp(off[id(frame)] * random.standard_normal(truth_m.shape)).astype(np.float32)
        return DepthEstimate(depth_m, depth_m * np.float32(0.1))

    scale = fit_sigma(samples, estimate, pixels_per_frame=96).sigma_scale
    assert 1.4 < scale < 2.6  # between 1 and 4, for equal shares of both errors; weighted by pixels it would be 1.1


def test_a_fit_needs_sigma_and_measured_depth() -> None:
    nothing = np.full((36, 48), np.nan, np.float32)
    with pytest.raises(ValueError, match="no pixel is both measured and estimated with a sigma above 0; give held-out"):
        fit_sigma(SAMPLES, lambda f: DepthEstimate(SAMPLES[0].depth_m, nothing, f.stamp_ns))
    with pytest.raises(ValueError, match="the estimates equal the measured depth"):
        fit_sigma(SAMPLES[:1], lambda f: DepthEstimate(SAMPLES[0].depth_m, SAMPLES[0].depth_m, f.stamp_ns))


def test_pixels_without_depth_or_sigma_are_left_out() -> None:
    nan, inf = np.nan, np.inf
    depth_m = np.array([math.e, nan, inf, 2.0, 2.0, 2.0])
    sigma_m = np.array([math.e / 2, 1.0, nan, nan, 0.0, 1.0])
    truth_m = np.array([1.0, 1.0, 1.0, 1.0, 1.0, nan])
    np.testing.assert_allclose(errors_and_sigmas(depth_m, sigma_m, truth_m), [[1.0], [0.5]])


def test_the_table_can_be_printed() -> None:
    estimates = noisy(1.0)
    lines = str(fit_sigma(SAMPLES, lambda f: estimates[id(f)])).splitlines()
    assert lines[0].startswith("sigma_scale ")
    assert "of 12 frames" in lines[0]
    assert len(lines) == 14


def test_render_samples_are_spread_and_in_depth_along_z(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path, 8, 6, "CC0")
    cameras = [Camera(8, 6, 4.0, 4.0, 3.5, 2.5, mounting=Mounting(1.2, 0.0, 0.1))] * 5
    ranges = np.stack([np.full((6, 8), float(i + 1)) for i in range(5)])
    ranges[:, 0, 0] = np.inf
    writer.write("s0", np.zeros((5, 6, 8, 3), np.uint8), ranges, cameras, np.zeros((5, 3), np.int64))
    got: list[EvalSample] = list(render_samples(ShardDataset(tmp_path), count=3))
    assert [s.name for s in got] == ["render_000000", "render_000002", "render_000004"]
    assert np.isnan(got[0].depth_m[0, 0])
    np.testing.assert_allclose(got[1].depth_m[1:], 3.0 * got[1].frame.camera.rays()[1:, :, 2], rtol=1e-3)
    assert got[0].frame.camera.mounting is None
    assert next(render_samples(ShardDataset(tmp_path), 1, known_mounting=True)).frame.camera.mounting is not None
    assert len(list(render_samples(ShardDataset(tmp_path)))) == 5
