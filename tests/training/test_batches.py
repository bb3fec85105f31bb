# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from grin_ros.data.sparse import Sample, ShardDataset
from grin_ros.diffusion.noise import noise_field
from grin_ros.estimator import camera_inputs
from grin_ros.geometry.camera import Camera, Mounting
from grin_ros.training import batches
from grin_ros.training.batches import Batch, Sampling, batch, mirrored
from tests.model.tiny import TINY
from tests.training.recordings import HEIGHT, WIDTH, InMemory, address, addressed, write_shards

TILTED = Mounting(1.4, roll_rad=0.2, pitch_rad=-0.3)
PLAIN = Sampling(queries=100, augment=False, mounting_share=1.0)
AUGMENTED = Sampling(queries=100, min_crop=0.5, augment=True, mounting_share=1.0)


def draw(samples: list[Sample], sampling: Sampling, seed: int = 0) -> Batch:
    return batch(InMemory(samples), np.arange(len(samples)), TINY, sampling, np.random.default_rng(seed))


def ranges(drawn: Batch) -> NDArray[np.float64]:
    """Range (B, N) in metres from the network's value."""
    return TINY.log_depth.decode(drawn.x_0.numpy().astype(np.float64) * TINY.data_std)


def turned(drawn: Batch, camera: Camera) -> list[bool]:
    """Which samples of `addressed` were mirrored: their rays are those of the recording with x negated."""
    flags = []
    for rays, pixels in zip(drawn.query_rays.numpy(), address(ranges(drawn)), strict=True):
        recorded = camera.unproject(pixels)
        close = [np.allclose(rays, recorded * [sign, 1.0, 1.0], atol=1e-5) for sign in (1.0, -1.0)]
        assert sum(close) == 1, "rays are neither those of the recording nor their mirror images"
        flags.append(close[1])
    return flags


@pytest.fixture
def unchanged_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "photometric", lambda image, _rng: image)


@pytest.mark.parametrize("sampling", [PLAIN, AUGMENTED], ids=["plain", "augmented"])
def test_shapes_and_types(tmp_path: Path, sampling: Sampling) -> None:
    dataset = ShardDataset(write_shards(tmp_path))
    drawn = batch(dataset, np.array([0, 5, 9]), TINY, sampling, np.random.default_rng(0))
    expected = {
        "image": ((3, 64, 64, 3), torch.uint8),
        "queries": ((3, 100, 2), torch.float32),
        "query_rays": ((3, 100, 3), torch.float32),
        "scene_rays": ((3, 16, 3), torch.float32),
        "mounting": ((3, 5), torch.float32),
        "x_0": ((3, 100), torch.float32),
        "noise": ((2, 3, 100), torch.float32),
    }
    assert {field.name for field in dataclasses.fields(drawn)} == expected.keys()
    for name, (shape, dtype) in expected.items():
        tensor = getattr(drawn, name)
        assert (tuple(tensor.shape), tensor.dtype) == (shape, dtype), name
        assert torch.isfinite(tensor.float()).all(), name
    assert drawn.queries.abs().max() < 1.0


@pytest.mark.parametrize("sampling", [PLAIN, AUGMENTED], ids=["plain", "augmented"])
def test_a_batch_is_a_function_of_its_generator(tmp_path: Path, sampling: Sampling) -> None:
    dataset = ShardDataset(write_shards(tmp_path))

    def drawn(*seed: int) -> Batch:
        return batch(dataset, np.array([1, 4]), TINY, sampling, np.random.default_rng(seed))

    first, again = drawn(0, 7, 1), drawn(0, 7, 1)
    for field in dataclasses.fields(first):
        assert torch.equal(getattr(first, field.name), getattr(again, field.name)), field.name
    for other in ((1, 7, 1), (0, 8, 1), (0, 7, 0)):  # seed, step and rank all matter
        assert not torch.equal(drawn(*other).queries, first.queries)
        assert not torch.equal(drawn(*other).noise, first.noise)


def test_the_recording_is_never_written_to() -> None:
    sample = addressed(TILTED)
    image, range_m = sample.image.copy(), sample.range_m.copy()
    draw([sample], AUGMENTED)
    assert np.array_equal(sample.image, image)
    assert np.array_equal(sample.range_m, range_m)


def test_each_range_keeps_its_ray() -> None:
    # unproject(pixel) * range is the same 3D point before and after crop, resize and mirror.
    samples = [addressed(TILTED) for _ in range(24)]
    flags = turned(drawn := draw(samples, AUGMENTED), samples[0].camera)
    assert {*flags} == {True, False}
    assert not any(turned(draw(samples[:4], PLAIN), samples[0].camera))
    points = drawn.query_rays.numpy() * ranges(drawn)[..., None]
    for cloud, pixels, flag in zip(points, address(ranges(drawn)), flags, strict=True):
        recorded = samples[0].camera.unproject(pixels) * samples[0].range_m[tuple(pixels.astype(int).T[::-1])][:, None]
        np.testing.assert_allclose(cloud * [-1.0 if flag else 1.0, 1.0, 1.0], recorded, atol=2e-4)


@pytest.mark.usefixtures("unchanged_colours")
def test_each_query_lies_on_its_pixel_in_the_image() -> None:
    samples = [addressed() for _ in range(24)]
    drawn = draw(samples, AUGMENTED)
    image = drawn.image.permute(0, 3, 1, 2).float()
    seen = functional.grid_sample(image, drawn.queries[:, :, None], align_corners=False, padding_mode="border")
    colours = seen[:, :2, :, 0].transpose(1, 2).numpy()
    # The network's image is coarser than the recording and stops at the crop's edge: half a pixel of it either way.
    error = np.abs(colours - address(ranges(drawn)))
    assert error.mean() < 0.4
    assert error.max() < 1.6


@pytest.mark.usefixtures("unchanged_colours")
def test_each_scene_ray_goes_through_its_cell_of_the_image() -> None:
    samples = [addressed() for _ in range(24)]
    drawn = draw(samples, AUGMENTED)
    cells = functional.avg_pool2d(drawn.image.permute(0, 3, 1, 2).float(), 16)[:, :2].flatten(2).transpose(1, 2).numpy()
    camera = samples[0].camera
    for rays, centres, flag in zip(drawn.scene_rays.numpy(), cells, turned(drawn, camera), strict=True):
        pixels = camera.project(rays * [-1.0 if flag else 1.0, 1.0, 1.0])
        np.testing.assert_allclose(pixels, centres, atol=0.75)


def test_mounting_keeps_every_elevation() -> None:
    # What the network is told of up must give each pixel the elevation it had, mirrored or not.
    samples = [addressed(TILTED) for _ in range(24)]
    drawn = draw(samples, AUGMENTED)
    assert len({*turned(drawn, samples[0].camera)}) == 2
    up, height, known = drawn.mounting[:, None, :3].numpy(), drawn.mounting[:, 3], drawn.mounting[:, 4]
    elevation = (drawn.query_rays.numpy() * up).sum(-1)
    recorded = samples[0].camera.unproject(address(ranges(drawn))) @ TILTED.up_optical()
    np.testing.assert_allclose(elevation, recorded, atol=1e-5)
    torch.testing.assert_close(height, torch.full((24,), 1.4))
    assert (known == 1.0).all()


def test_mirrored_camera_sees_the_mirrored_world() -> None:
    camera = addressed(TILTED).camera
    flipped = mirrored(camera)
    np.testing.assert_allclose(flipped.rays()[:, ::-1] * [-1.0, 1.0, 1.0], camera.rays(), atol=1e-6)
    assert flipped.mounting is not None
    np.testing.assert_allclose(flipped.mounting.up_optical(), TILTED.up_optical() * [-1.0, 1.0, 1.0], atol=1e-12)
    assert flipped.mounting.height_m == TILTED.height_m
    back = mirrored(flipped)
    np.testing.assert_allclose(back.K, camera.K)
    assert back.mounting == TILTED
    assert mirrored(camera.with_mounting(None)).mounting is None


def test_mounting_is_told_to_the_given_share() -> None:
    samples = [addressed(TILTED)] * 200
    for share, low, high in ((0.0, 0, 0), (0.5, 70, 130), (1.0, 200, 200)):
        sampling = Sampling(queries=4, mounting_share=share, augment=False)
        mounting = draw(samples, sampling).mounting
        assert low <= int(mounting[:, 4].sum()) <= high
        assert (mounting[mounting[:, 4] == 0.0] == 0.0).all()
    assert (draw([addressed(None)], PLAIN).mounting == 0.0).all()


def test_noise_draws_are_two_fields_at_the_queries() -> None:
    drawn = draw([addressed()] * 64, dataclasses.replace(PLAIN, queries=300))
    first, second = drawn.noise.double()
    correlation = float((first * second).mean())
    assert float(first.var()) == pytest.approx(1.0, abs=0.2)
    assert abs(correlation) < 0.15  # about 64 independent offsets
    # Coarse fields: near pixels have alike noise, whichever draw.
    for noise in (first, second):
        steps = torch.cdist(drawn.queries, drawn.queries) < 0.05
        products = noise[:, :, None] * noise[:, None, :]
        off_diagonal = steps & ~torch.eye(300, dtype=torch.bool)
        assert float(products[off_diagonal].mean()) > 0.5


def test_noise_is_that_of_the_sampler() -> None:
    drawn = draw([addressed()], PLAIN, seed=3)
    rng = np.random.default_rng(3)
    rng.choice(WIDTH * HEIGHT, 100, replace=False)
    rng.random()
    queries = drawn.queries[0].numpy()
    for got in drawn.noise[:, 0]:
        np.testing.assert_array_equal(got.numpy(), noise_field(queries, rng))


def test_unmeasured_pixels_are_never_asked(tmp_path: Path) -> None:
    dataset = ShardDataset(write_shards(tmp_path))
    sampling = dataclasses.replace(PLAIN, queries=400)
    drawn = batch(dataset, np.arange(len(dataset)), TINY, sampling, np.random.default_rng(0))
    u = (drawn.queries[..., 0] + 1.0) / 2.0 * WIDTH - 0.5
    v = (drawn.queries[..., 1] + 1.0) / 2.0 * HEIGHT - 0.5
    assert u.min() >= 5.0 - 1e-3  # the first 5 columns are NaN, the first 10 rows +inf
    assert v.min() >= 10.0 - 1e-3
    for k in (0, 7, 17):
        assert ranges(drawn)[k] == pytest.approx(float(dataset.sample(k).range_m[-1, -1]), rel=1e-5)


def test_few_measured_pixels_are_asked_repeatedly_and_none_is_an_error() -> None:
    sample = addressed()
    sample.range_m[:] = np.nan
    sample.range_m[20, 30] = 2.0
    assert ranges(draw([sample], PLAIN)) == pytest.approx(2.0, rel=1e-5)
    sample.range_m[20, 30] = np.inf
    with pytest.raises(ValueError, match="sample 0: no measured range"):
        draw([sample], PLAIN)


def test_training_shows_the_network_what_the_robot_will() -> None:
    # Unaugmented, the batch's camera inputs are those of the estimator for the same camera.
    sample = addressed(TILTED)
    drawn = draw([sample], PLAIN)
    inputs = camera_inputs(sample.camera, (TINY.grid_rows, TINY.grid_cols), (TINY.scene_rows, TINY.scene_cols))
    np.testing.assert_array_equal(drawn.scene_rays.numpy(), inputs.scene_rays)
    np.testing.assert_array_equal(drawn.mounting.numpy(), inputs.mounting)
    everywhere = camera_inputs(sample.camera, (HEIGHT, WIDTH), (TINY.scene_rows, TINY.scene_cols))
    number = (address(ranges(drawn)[0]) @ [1, WIDTH]).astype(int)
    np.testing.assert_allclose(drawn.queries[0].numpy(), everywhere.queries[0, number], atol=1e-6)
    np.testing.assert_allclose(drawn.query_rays[0].numpy(), everywhere.query_rays[0, number], atol=1e-6)


def test_a_batch_moves_whole() -> None:
    drawn = draw([addressed()], PLAIN).to(torch.device("meta"))
    assert all(getattr(drawn, field.name).device.type == "meta" for field in dataclasses.fields(drawn))
