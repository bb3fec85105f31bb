# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from grin_ros.core.geometry.camera_inputs import camera_inputs
from grin_ros.core.sampling.noise import noise_field
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.training import batches
from grin_ros.lab.training.batches import Batch, Sampling, batch, sample_probabilities
from tests.lab.network.tiny import TINY
from tests.lab.training.draws import AUGMENTED, ENLARGED, PLAIN, TILTED, draw, ranges, turned
from tests.lab.training.recordings import HEIGHT, LENSES, WIDTH, address, addressed, write_shards


@pytest.fixture
def unchanged_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "photometric", lambda image, _rng: image)


@pytest.mark.parametrize("sampling", [PLAIN, AUGMENTED], ids=["plain", "augmented"])
def test_a_batch_has_the_documented_shapes_and_types(tmp_path: Path, sampling: Sampling) -> None:
    dataset = ShardDataset(write_shards(tmp_path))
    drawn = batch(dataset, np.array([0, 5, 9]), TINY, sampling, np.random.default_rng(0))
    expected = {
        "image": ((3, 64, 64, 3), torch.uint8),
        "queries": ((3, 100, 2), torch.float32),
        "query_rays": ((3, 100, 3), torch.float32),
        "scene_rays": ((3, 16, 3), torch.float32),
        "mounting": ((3, 5), torch.float32),
        "x_0": ((3, 100), torch.float32),
        "unscaled": ((3,), torch.float32),
        "rendered": ((3,), torch.bool),
        "noise": ((2, 3, 100), torch.float32),
    }
    assert {field.name for field in dataclasses.fields(drawn)} == expected.keys()
    for name, (shape, dtype) in expected.items():
        tensor = getattr(drawn, name)
        assert (tuple(tensor.shape), tensor.dtype) == (shape, dtype), name
        assert torch.isfinite(tensor.float()).all(), name
    assert drawn.queries.abs().max() < 1.0


@pytest.mark.parametrize("sampling", [PLAIN, AUGMENTED], ids=["plain", "augmented"])
def test_a_batch_depends_only_on_its_generator(tmp_path: Path, sampling: Sampling) -> None:
    dataset = ShardDataset(write_shards(tmp_path))

    def drawn(*seed: int) -> Batch:
        return batch(dataset, np.array([1, 4]), TINY, sampling, np.random.default_rng(seed))

    first, again = drawn(0, 7, 1), drawn(0, 7, 1)
    for field in dataclasses.fields(first):
        assert torch.equal(getattr(first, field.name), getattr(again, field.name)), field.name
    for other in ((1, 7, 1), (0, 8, 1), (0, 7, 0)):  # seed, step and rank all matter
        assert not torch.equal(drawn(*other).queries, first.queries)
        assert not torch.equal(drawn(*other).noise, first.noise)


def test_samples_of_unscaled_worlds_are_marked(tmp_path: Path) -> None:
    dataset = ShardDataset(write_shards(tmp_path))
    indices = np.array([0, 5, 9])
    names = [dataset.world(int(i)) for i in indices]
    for unscaled in ((), (names[0],), ("elsewhere",)):
        sampling = dataclasses.replace(PLAIN, unscaled=unscaled)
        drawn = batch(dataset, indices, TINY, sampling, np.random.default_rng(0))
        assert drawn.unscaled.tolist() == [float(name in unscaled) for name in names]


@pytest.mark.parametrize(("world", "narrow"), [("recording", False), ("elsewhere", True)])
def test_windows_keep_the_narrowest_field_of_view_of_their_world(world: str, narrow: bool) -> None:
    # The camera sees 67 degrees horizontally, and a third of its width sees 25 degrees.
    sampling = dataclasses.replace(AUGMENTED, resize=(3.0, 3.0), narrowest_deg={world: 60.0})
    drawn = draw([addressed()] * 64, sampling)
    rays = drawn.scene_rays.unflatten(1, (TINY.scene_rows, TINY.scene_cols))[:, 0].double().numpy()
    columns = rays[..., 0] / rays[..., 2]  # at the middle of each cell
    half_cell = (columns[:, -1] - columns[:, 0]) / (TINY.scene_cols - 1) / 2.0
    seen_deg = np.degrees(np.arctan(columns[:, -1] + half_cell) - np.arctan(columns[:, 0] - half_cell))
    assert (np.median(seen_deg) < 30.0) if narrow else ((seen_deg > 59.999) & (seen_deg < 67.5)).all()


def test_the_arrays_of_the_recording_are_not_changed() -> None:
    sample = addressed(TILTED)
    image, range_m = sample.image.copy(), sample.range_m.copy()
    draw([sample], AUGMENTED)
    assert np.array_equal(sample.image, image)
    assert np.array_equal(sample.range_m, range_m)


@pytest.mark.parametrize("lens", LENSES)
def test_range_and_ray_of_a_query_give_the_recorded_point(lens: str) -> None:
    # unproject(pixel) * range is the same 3D point before and after crop, resize and mirror, for any lens.
    samples = [addressed(TILTED, lens) for _ in range(24)]
    flags = turned(drawn := draw(samples, AUGMENTED), samples[0].camera)
    assert {*flags} == {True, False}
    assert not any(turned(draw(samples[:4], PLAIN), samples[0].camera))
    points = drawn.query_rays.numpy() * ranges(drawn)[..., None]
    for cloud, pixels, flag in zip(points, address(ranges(drawn)), flags, strict=True):
        recorded = samples[0].camera.unproject(pixels) * samples[0].range_m[tuple(pixels.astype(int).T[::-1])][:, None]
        np.testing.assert_allclose(cloud * [-1.0 if flag else 1.0, 1.0, 1.0], recorded, atol=2e-4)


@pytest.mark.usefixtures("unchanged_colours")
def test_each_query_lies_on_its_pixel_of_the_image() -> None:
    samples = [addressed() for _ in range(24)]
    drawn = draw(samples, ENLARGED)
    image = drawn.image.permute(0, 3, 1, 2).float()
    seen = functional.grid_sample(image, drawn.queries[:, :, None], align_corners=False, padding_mode="border")
    colours = seen[:, :2, :, 0].transpose(1, 2).numpy()
    # The image of the network is coarser than the recording and ends with the crop, hence half a pixel of tolerance.
    error = np.abs(colours - address(ranges(drawn)))
    assert error.mean() < 0.4
    assert error.max() < 1.6


@pytest.mark.usefixtures("unchanged_colours")
def test_a_lower_resolution_does_not_shift_the_image() -> None:
    drawn = draw([addressed() for _ in range(24)], dataclasses.replace(AUGMENTED, resize=(0.5, 0.5)))
    image = drawn.image.permute(0, 3, 1, 2).float()
    seen = functional.grid_sample(image, drawn.queries[:, :, None], align_corners=False)[:, :2, :, 0]
    error = seen.transpose(1, 2).numpy() - address(ranges(drawn))
    inside = (drawn.queries.abs() < 0.9).all(-1).numpy()
    assert np.abs(error[inside]).max() < 1.1  # colours are integers that were rounded twice
    assert np.abs(error[inside].mean(0)).max() < 0.1


@pytest.mark.usefixtures("unchanged_colours")
def test_a_lower_resolution_has_less_detail() -> None:
    checks = addressed()
    checks.image[:] = (255 * (np.indices((HEIGHT, WIDTH)).sum(0) // 2 % 2))[..., None]
    contrast = [
        float(draw([checks], dataclasses.replace(AUGMENTED, resize=(f, f))).image.double().std()) for f in (1.0, 0.5)
    ]
    assert contrast[1] < 0.5 * contrast[0]


@pytest.mark.parametrize(("factor", "least", "most"), [(0.5, 0.9, 1.0), (1.0, 0.9, 1.0), (2.0, 0.45, 0.55)])
def test_the_window_shrinks_with_the_factor(factor: float, least: float, most: float) -> None:
    flat = 0
    samples = [addressed() for _ in range(24)]
    drawn = draw(samples, dataclasses.replace(AUGMENTED, resize=(factor, factor), pattern_share=0.0))
    for rays, flag in zip(drawn.scene_rays.numpy(), turned(drawn, samples[0].camera), strict=True):
        pixels = samples[0].camera.project(rays * [-1.0 if flag else 1.0, 1.0, 1.0])
        # The centres of four cells per side span three quarters of the window.
        wide, high = np.ptp(pixels, axis=0) / 0.75 / (WIDTH, HEIGHT)
        assert least - 0.02 < wide < most + 0.02
        assert high < most + 0.02
        flat += bool(high < least - 0.02)
        assert high > 0.4 * least - 0.02
    assert 0 < flat < 24 // 2  # some windows are as wide as images of cars


def test_positions_and_rays_are_those_of_one_pinhole() -> None:
    # After crop, resize and mirror, u = fx x / z + cx for every query, and the same for scene cells.
    drawn = draw([addressed() for _ in range(8)], AUGMENTED)
    cells = camera_inputs(addressed().camera, (TINY.scene_rows,) * 2, (TINY.scene_rows, TINY.scene_cols)).queries[0]
    for queries, query_rays, scene_rays in zip(drawn.queries, drawn.query_rays, drawn.scene_rays, strict=True):
        rays = np.concatenate([query_rays, scene_rays]).astype(np.float64)
        positions = np.concatenate([queries, cells]).astype(np.float64)
        for axis in (0, 1):
            tangent = rays[:, axis] / rays[:, 2]
            slope, offset = np.polyfit(tangent, positions[:, axis], 1)
            assert slope > 0.0
            np.testing.assert_allclose(slope * tangent + offset, positions[:, axis], atol=2e-5)


@pytest.mark.usefixtures("unchanged_colours")
def test_each_scene_ray_goes_through_its_cell_of_the_image() -> None:
    samples = [addressed() for _ in range(24)]
    drawn = draw(samples, ENLARGED)
    cells = functional.avg_pool2d(drawn.image.permute(0, 3, 1, 2).float(), 16)[:, :2].flatten(2).transpose(1, 2).numpy()
    camera = samples[0].camera
    for rays, centres, flag in zip(drawn.scene_rays.numpy(), cells, turned(drawn, camera), strict=True):
        pixels = camera.project(rays * [-1.0 if flag else 1.0, 1.0, 1.0])
        np.testing.assert_allclose(pixels, centres, atol=0.75)


def test_the_mounting_gives_every_pixel_its_recorded_elevation() -> None:
    # The up direction must give each pixel its recorded elevation, mirrored or not.
    samples = [addressed(TILTED) for _ in range(24)]
    drawn = draw(samples, AUGMENTED)
    assert len({*turned(drawn, samples[0].camera)}) == 2
    up, height, known = drawn.mounting[:, None, :3].numpy(), drawn.mounting[:, 3], drawn.mounting[:, 4]
    elevation = (drawn.query_rays.numpy() * up).sum(-1)
    recorded = samples[0].camera.unproject(address(ranges(drawn))) @ TILTED.up_optical()
    np.testing.assert_allclose(elevation, recorded, atol=1e-5)
    torch.testing.assert_close(height, torch.full((24,), 1.4))
    assert (known == 1.0).all()


def test_the_given_share_of_samples_has_a_mounting() -> None:
    samples = [addressed(TILTED)] * 80
    for share, low, high in ((0.0, 0, 0), (0.5, 22, 58), (1.0, 80, 80)):
        sampling = dataclasses.replace(PLAIN, queries=4, mounting_share=share)
        mounting = draw(samples, sampling).mounting
        assert low <= int(mounting[:, 4].sum()) <= high
        assert (mounting[mounting[:, 4] == 0.0] == 0.0).all()
    assert (draw([addressed(None)], PLAIN).mounting == 0.0).all()


def test_each_sample_has_two_independent_fields_of_noise() -> None:
    drawn = draw([addressed()] * 64, dataclasses.replace(PLAIN, queries=300))
    first, second = drawn.noise.double()
    correlation = float((first * second).mean())
    assert float(first.var()) == pytest.approx(1.0, abs=0.2)
    assert abs(correlation) < 0.15  # about 64 independent offsets
    # The fields are coarse, so that near pixels have similar noise.
    for noise in (first, second):
        steps = torch.cdist(drawn.queries, drawn.queries) < 0.05
        products = noise[:, :, None] * noise[:, None, :]
        off_diagonal = steps & ~torch.eye(300, dtype=torch.bool)
        assert float(products[off_diagonal].mean()) > 0.5


def test_noise_is_that_of_the_sampler() -> None:
    drawn = draw([addressed()], PLAIN, seed=3)
    rng = np.random.default_rng(3)
    rng.random()  # the draw for a pattern
    rng.choice(WIDTH * HEIGHT, 100, replace=False)
    rng.random()  # the draw for the mounting
    queries = drawn.queries[0].numpy()
    for got in drawn.noise[:, 0]:
        np.testing.assert_array_equal(got.numpy(), noise_field(queries, rng))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"queries": 0}, "queries: got 0"),
        ({"resize": (1.5, 0.5)}, "resize: got .*the smaller first"),
        ({"resize": (0.0, 1.0)}, "resize: got"),
        ({"resize": (1.0,)}, "resize: got .*two factors"),
        ({"mounting_share": 1.2}, "mounting_share: got 1.2, expected 0 to 1"),
        ({"pattern_share": -0.1}, "pattern_share: got -0.1"),
        ({"density": 0.0}, "density: got 0.0, expected more than 0"),
    ],
)
def test_settings_outside_their_range_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sampling(**values)


def test_training_and_the_robot_give_the_network_the_same_inputs() -> None:
    # Without augmentation, the camera inputs of a batch are those of the estimator for the same camera.
    sample = addressed(TILTED)
    drawn = draw([sample], PLAIN)
    inputs = camera_inputs(sample.camera, (TINY.grid_rows, TINY.grid_cols), (TINY.scene_rows, TINY.scene_cols))
    np.testing.assert_array_equal(drawn.scene_rays.numpy(), inputs.scene_rays)
    np.testing.assert_array_equal(drawn.mounting.numpy(), inputs.mounting)
    everywhere = camera_inputs(sample.camera, (HEIGHT, WIDTH), (TINY.scene_rows, TINY.scene_cols))
    number = (address(ranges(drawn)[0]) @ [1, WIDTH]).astype(int)
    np.testing.assert_allclose(drawn.queries[0].numpy(), everywhere.queries[0, number], atol=1e-6)
    np.testing.assert_allclose(drawn.query_rays[0].numpy(), everywhere.query_rays[0, number], atol=1e-6)


def test_all_tensors_of_a_batch_move_to_the_device() -> None:
    drawn = draw([addressed()], PLAIN).to(torch.device("meta"))
    assert all(getattr(drawn, field.name).device.type == "meta" for field in dataclasses.fields(drawn))


@pytest.mark.parametrize(
    ("worlds", "share"),
    [({}, 1 / 3), ({"street": 0.0}, 0.0), ({"room": 0.0, "street": 2.0}, 1.0), ({"street": 6.0}, 0.75)],
)
def test_worlds_are_drawn_by_their_weights(tmp_path: Path, worlds: dict[str, float], share: float) -> None:
    dataset = ShardDataset(write_shards(tmp_path))
    probabilities = sample_probabilities(dataset, worlds)
    assert probabilities.sum() == pytest.approx(1.0)
    assert probabilities[dataset.indices_of("street")].sum() == pytest.approx(share)
    for world in ("street", "room"):
        assert np.ptp(probabilities[dataset.indices_of(world)]) == 0.0


@pytest.mark.parametrize(
    ("worlds", "message"),
    [
        ({"streets": 2.0}, "worlds: got streets, the training data shows room, street"),
        ({"street": 0.0, "room": 0.0}, "worlds: got .*more than 0 for at least one world"),
        ({"street": -1.0}, "worlds: got .*expected weights of 0 or more"),
        ({"street": float("nan")}, "worlds: got .*expected weights of 0 or more"),
    ],
)
def test_worlds_that_cannot_be_drawn_are_refused(tmp_path: Path, worlds: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sample_probabilities(ShardDataset(write_shards(tmp_path)), worlds)


def test_a_world_that_is_held_out_whole_is_named(tmp_path: Path) -> None:
    dataset = ShardDataset(write_shards(tmp_path))
    with pytest.raises(ValueError, match="worlds: got hall, of which all frames are held out; set a smaller holdout"):
        sample_probabilities(dataset, {"hall": 2.0}, held_out=("room", "hall"))
