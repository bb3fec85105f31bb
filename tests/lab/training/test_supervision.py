# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The supervised pixels of a sample: sky, density and patterns of sensors."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.training import batches
from grin_ros.lab.training.batches import Sampling, batch
from tests.lab.network.tiny import TINY
from tests.lab.training.draws import AUGMENTED, ENLARGED, PLAIN, TILTED, draw, ranges, turned
from tests.lab.training.recordings import HEIGHT, WIDTH, InMemory, address, addressed, write_shards


def test_unmeasured_pixels_are_never_supervised(tmp_path: Path) -> None:
    dataset = ShardDataset(write_shards(tmp_path))
    sampling = dataclasses.replace(PLAIN, queries=400, sky=False)
    drawn = batch(dataset, np.arange(len(dataset)), TINY, sampling, np.random.default_rng(0))
    u = (drawn.queries[..., 0] + 1.0) / 2.0 * WIDTH - 0.5
    v = (drawn.queries[..., 1] + 1.0) / 2.0 * HEIGHT - 0.5
    assert u.min() >= 5.0 - 1e-3  # the first 5 columns are NaN, the first 10 rows +inf
    assert v.min() >= 10.0 - 1e-3
    for k in (0, 7, 17):
        assert ranges(drawn)[k] == pytest.approx(float(dataset.sample(k).range_m[-1, -1]), rel=1e-5)


def test_few_measured_pixels_are_repeated_and_none_is_an_error() -> None:
    sample = addressed()
    sample.range_m[:] = np.nan
    sample.range_m[20, 30] = 2.0
    assert ranges(draw([sample], PLAIN)) == pytest.approx(2.0, rel=1e-5)
    sample.range_m[20, 30] = np.inf
    with pytest.raises(ValueError, match="sample 0: no measured range"):
        draw([sample], dataclasses.replace(PLAIN, sky=False))


def test_no_crop_is_without_a_measured_pixel() -> None:
    sample = addressed()
    sample.range_m[1:] = np.nan
    sample.range_m[0, 1:] = np.nan
    drawn = draw([sample] * 16, dataclasses.replace(AUGMENTED, resize=(3.0, 3.0)))
    assert ranges(drawn) == pytest.approx(1.0, rel=1e-5)
    turned(drawn, sample.camera)  # the rays are those of the one pixel too


@pytest.mark.parametrize("depth", ["log", "linear"])
@pytest.mark.parametrize("far_m", [np.inf, 150.0])
def test_sky_is_supervised_with_the_longest_range(far_m: float, depth: str) -> None:
    sample = addressed()
    sample.range_m[:30] = far_m
    sample.range_m[30:40] = np.nan
    model = dataclasses.replace(TINY, depth=depth)

    def x_0(sky: bool) -> torch.Tensor:
        sampling = dataclasses.replace(PLAIN, queries=1000, sky=sky)
        return batch(InMemory([sample]), np.array([0]), model, sampling, np.random.default_rng(0)).x_0[0]

    longest = 1.0 / model.data_std
    with_sky, without = x_0(True), x_0(False)
    is_sky = with_sky == longest
    assert float(is_sky.float().mean()) == pytest.approx(30 / 50, abs=0.05)  # as often as they are in the image
    assert with_sky.max() == longest
    assert with_sky[~is_sky].max() < 0.5 * longest
    assert without.max() < 0.5 * longest


def test_supervised_sky_keeps_its_rays_and_pixels() -> None:
    sample = addressed(TILTED)
    sample.range_m[:20] = np.inf
    drawn = draw([sample] * 16, dataclasses.replace(ENLARGED, queries=300))
    is_sky = (drawn.x_0 == 1.0 / TINY.data_std).numpy()
    assert 0.1 < is_sky.mean() < 0.6
    up = drawn.mounting[:, None, :3].numpy()
    elevation = (drawn.query_rays.numpy() * up).sum(-1)
    rows = np.stack(np.meshgrid(np.arange(WIDTH), [19, 20]), -1).astype(np.float64)
    recorded = sample.camera.unproject(rows) @ TILTED.up_optical()
    assert elevation[is_sky].min() > recorded[0].min() - 1e-6
    assert elevation[~is_sky].max() < recorded[1].max() + 1e-6


def seen_addresses(sampling: Sampling, index: int = 0, draws: int = 30) -> set[int]:
    """Return the pixels of a sample that were supervised in some draws."""
    dataset, found = InMemory([addressed()] * 3), set()
    for seed in range(draws):
        drawn = batch(dataset, np.array([index]), TINY, sampling, np.random.default_rng(seed))
        found |= {*(address(ranges(drawn)[0]) @ [1, WIDTH]).astype(int).tolist()}
    return found


def test_density_keeps_the_same_pixels_in_every_draw() -> None:
    sparse = dataclasses.replace(AUGMENTED, density=0.02, pattern_share=0.0)
    first = seen_addresses(sparse)
    assert 60 < len(first) < 135  # 96 of 4800
    plain = seen_addresses(dataclasses.replace(PLAIN, density=0.02), draws=15)
    assert first <= plain  # all of them were supervised, without crops
    assert len(plain & seen_addresses(sparse, index=1)) < 20  # other pixels in other samples
    assert len(seen_addresses(PLAIN, draws=3)) > 200


def test_the_given_share_of_samples_has_a_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def left_half(camera: Camera, range_m: NDArray[np.float32], _rng: np.random.Generator) -> NDArray[np.bool_]:
        assert range_m.shape == (camera.height, camera.width) == (HEIGHT, WIDTH)
        asked.append(range_m.dtype)
        return np.arange(WIDTH) < np.full((HEIGHT, 1), WIDTH // 2)

    monkeypatch.setattr(batches, "supervised", left_half)
    for share, low, high in ((0.0, 0, 0), (0.25, 5, 36), (1.0, 80, 80)):
        asked.clear()
        drawn = draw([addressed()] * 80, dataclasses.replace(PLAIN, pattern_share=share))
        assert low <= len(asked) <= high
        only_left = (address(ranges(drawn))[..., 0] < WIDTH // 2).all(1)
        assert int(only_left.sum()) == len(asked)


def test_a_pattern_with_too_few_pixels_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def few(_camera: Camera, range_m: NDArray[np.float32], _rng: np.random.Generator) -> NDArray[np.bool_]:
        mask = np.zeros(range_m.shape, bool)
        mask[0, :63] = True
        return mask

    monkeypatch.setattr(batches, "supervised", few)
    drawn = draw([addressed()], dataclasses.replace(PLAIN, pattern_share=1.0))
    assert address(ranges(drawn))[..., 1].max() > 10


def test_patterns_hold_only_measured_pixels(tmp_path: Path) -> None:
    dataset = ShardDataset(write_shards(tmp_path))
    sampling = dataclasses.replace(PLAIN, pattern_share=1.0)
    for seed in range(4):
        drawn = batch(dataset, np.arange(len(dataset)), TINY, sampling, np.random.default_rng(seed))
        u = (drawn.queries[..., 0] + 1.0) / 2.0 * WIDTH - 0.5
        assert u.min() >= 5.0 - 1e-3  # the first 5 columns are NaN
        assert torch.isfinite(drawn.x_0).all()
