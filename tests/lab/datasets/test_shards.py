# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Shards: written data is read back, an interruption loses at most one shard, and wrong input is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.lab.datasets.shards import ShardDataset, ShardWriter


def shard(n: int, first: int = 0) -> tuple[Any, ...]:
    rng = np.random.default_rng(first)
    known = Camera(16, 12, 50.0, 51.0, 7.5, 5.5, mounting=Mounting(1.2, 0.1, -0.2))
    range_m = rng.uniform(0.5, 5, (n, 12, 16)).astype(np.float16)
    range_m[0, 0, :2] = np.inf, np.nan
    return (
        rng.integers(0, 255, (n, 12, 16, 3)).astype(np.uint8),
        range_m,
        [known.with_mounting(None), *[known] * (n - 1)],
        np.stack([np.full(n, first), np.arange(n), np.zeros(n, np.int64)], 1),
    )


def test_written_shards_are_read_back(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path, 16, 12, "CC0", ["furniture"], seed=4)
    parts = [shard(3, 10), shard(2, 20)]
    for k, part in enumerate(parts):
        writer.write(f"s{k}", *part, seed_first=10 * (k + 1))
    index = json.loads((tmp_path / "index.json").read_text())
    assert (index["licence"], index["assets"], index["seed"]) == ("CC0", ["furniture"], 4)
    assert index["shards"][1] == {"name": "s1", "count": 2, "seed_first": 20}
    dataset = ShardDataset(tmp_path)
    assert len(dataset) == 5
    for i, (number, k) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]):
        sample = dataset.sample(i)
        np.testing.assert_array_equal(sample.image, parts[number][0][k])
        np.testing.assert_array_equal(sample.range_m, parts[number][1][k])
        assert dataset.origin(i) == (10 * (number + 1), k)
    unknown, known = dataset.sample(0).camera, dataset.sample(1).camera
    assert unknown.mounting is None and known.mounting is not None
    assert (known.fx, known.cy, known.mounting.height_m, known.mounting.pitch_rad) == (50.0, 5.5, 1.2, -0.2)
    for index in (-1, 5):
        with pytest.raises(IndexError, match="5 samples"):
            dataset.sample(index)


@pytest.mark.parametrize(
    ("model", "distortion"),
    [
        ("none", ()),
        ("plumb_bob", (-0.2, 0.05, 1e-3, -2e-3, 0.01)),
        ("plumb_bob", (-0.2, 0.05, 1e-3, -2e-3)),
        ("rational_polynomial", (0.5, -2.6, 1e-3, -2e-3, 1.5, 0.4, -2.4, 1.4)),
        ("equidistant", (0.02, -0.01, 0.003, -0.001)),
    ],
)
def test_the_distortion_of_a_lens_is_stored(tmp_path: Path, model: str, distortion: tuple[float, ...]) -> None:
    camera = Camera(16, 12, 10.0, 10.5, 7.0, 6.0, model, distortion, Mounting(0.3))
    image, range_m, _, origin = shard(1)
    ShardWriter(tmp_path, 16, 12, "CC0").write("s0", image, range_m, [camera], origin)
    got = ShardDataset(tmp_path).sample(0).camera
    np.testing.assert_array_equal(got.rays(), camera.rays())
    assert got.mounting == camera.mounting
    if len(distortion) != 4 or model == "equidistant":
        assert got == camera


def test_frames_of_a_world_are_found_in_mixed_shards(tmp_path: Path) -> None:
    for folder, worlds in (("a", ("room", "street")), ("b", ("street",))):
        writer = ShardWriter(tmp_path / folder, 16, 12, "CC0", worlds=worlds)
        image, range_m, cameras, origin = shard(3)
        origin[1, 2] = len(worlds) - 1
        writer.write("s0", image, range_m, cameras, origin)
    both = ShardDataset([tmp_path / "a", tmp_path / "b"])
    assert [both.world(i) for i in range(6)] == ["room", "street", "room", "street", "street", "street"]
    assert both.indices_of("street").tolist() == [1, 3, 4, 5] and both.indices_of("moon").tolist() == []
    _, held = both.split(2)
    assert [held.world(i) for i in range(3)] == ["street"] * 3
    with pytest.raises(ValueError, match="worlds"):
        ShardWriter(tmp_path / "a", 16, 12, "CC0", worlds=("room",))
    origin[:, 2] = 1
    with pytest.raises(ValueError, match=r"got frames of the worlds \[1\], expected numbers in \['street'\]"):
        writer.write("s1", image, range_m, cameras, origin)


def test_an_interrupted_run_resumes_after_the_last_whole_shard(tmp_path: Path) -> None:
    ShardWriter(tmp_path, 16, 12, "CC0", seed=4).write("s0", *shard(3))
    np.save(tmp_path / "s1.image.npy", np.zeros((3, 12, 16, 3), np.uint8))  # interrupted before the index lists it
    again = ShardWriter(tmp_path, 16, 12, "CC0", seed=4)
    assert again.counts == {"s0": 3} and again.count == 3 and len(ShardDataset(tmp_path)) == 3
    again.write("s1", *shard(2, 7))
    assert len(ShardDataset(tmp_path)) == 5
    again.write("s1", *shard(3, 8))  # replaces it
    assert again.counts == {"s0": 3, "s1": 3} and ShardDataset(tmp_path).origin(5) == (8, 2)
    assert not list(tmp_path.glob(".*tmp*"))


def test_several_folders_are_one_data_set_in_the_order_given(tmp_path: Path) -> None:
    for name, firsts in (("a", (1, 2)), ("b", (3, 4))):
        writer = ShardWriter(str(tmp_path / name), 16, 12, "CC0")
        for first in firsts:
            writer.write(f"s{first % 2}", *shard(2, first))  # both folders have the same names of shards
    both = ShardDataset([tmp_path / "b", str(tmp_path / "a")])
    assert [both.origin(i)[0] for i in range(8)] == [4, 4, 3, 3, 2, 2, 1, 1]
    np.testing.assert_array_equal(both.sample(5).image, shard(2, 2)[0][1])
    train, held = both.split(3)
    assert [train.origin(i)[0] for i in range(len(train))] == [4, 4, 3, 3]
    assert [held.origin(i)[0] for i in range(len(held))] == [2, 2, 1, 1]
    assert len(ShardDataset(str(tmp_path / "a"))) == 4


def test_folders_of_different_sizes_are_refused(tmp_path: Path) -> None:
    ShardWriter(tmp_path / "a", 16, 12, "CC0").write("s0", *shard(2))
    other = tmp_path / "b"
    other.mkdir()
    (other / "index.json").write_text(json.dumps({"format": 2, "width": 20, "height": 12, "shards": []}))
    with pytest.raises(ValueError, match=r"b: got images of 20x12, expected 16x12 as in .*a"):
        ShardDataset([tmp_path / "a", other])
    with pytest.raises(ValueError, match="got no folder"):
        ShardDataset([])


def test_split_does_not_divide_shards(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path, 16, 12, "CC0")
    for k in range(4):
        writer.write(f"s{k}", *shard(3, k))
    train, held = ShardDataset(tmp_path).split(4)
    assert (len(train), len(held)) == (6, 6)
    assert {train.origin(i)[0] for i in range(6)} == {0, 1} and {held.origin(i)[0] for i in range(6)} == {2, 3}
    whole, none = ShardDataset(tmp_path).split(0)
    assert (len(whole), len(none)) == (12, 0)
    with pytest.raises(ValueError, match="holdout=11"):
        ShardDataset(tmp_path).split(11)


def test_split_spares_the_shards_of_given_worlds(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path, 16, 12, "CC0", worlds=("room", "places"))
    for k in range(4):
        image, range_m, cameras, origin = shard(3, k)
        origin[:, 2] = k in {1, 3}
        writer.write(f"s{k}", image, range_m, cameras, origin)
    data = ShardDataset(tmp_path)
    assert data.frames_by_world == {"room": 6, "places": 6}
    train, held = data.split(2, ("places",))
    assert train.frames_by_world == {"room": 3, "places": 6} and held.frames_by_world == {"room": 3}
    assert [train.origin(i)[0] for i in (0, 3, 6)] == [0, 1, 3] and held.origin(0)[0] == 2
    assert data.split(6, ("places",))[0].frames_by_world == {"places": 6}
    with pytest.raises(ValueError, match=r"holdout=7 of 6 frames in 2 shards \(places are never among them\)"):
        data.split(7, ("places",))


def test_other_facts_and_wrong_shapes_are_refused(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path, 16, 12, "CC0", seed=4)
    image, range_m, cameras, origin = shard(3)
    with pytest.raises(ValueError, match=r"expected \(n, 12, 16, 3\)"):
        writer.write("s0", image[:, :6], range_m, cameras, origin)
    with pytest.raises(ValueError, match=r"2 cameras, .*expected .*n cameras"):
        writer.write("s0", image, range_m, cameras[:2], origin)
    with pytest.raises(ValueError, match=r"cameras of \(height, width\) \[\(24, 32\)\], expected \(12, 16\)"):
        writer.write("s0", image, range_m, [camera.resized(32, 24) for camera in cameras], origin)
    writer.write("s0", image, range_m, cameras, origin)
    with pytest.raises(ValueError, match="seed=4, expected 5"):
        ShardWriter(tmp_path, 16, 12, "CC0", seed=5)
    with pytest.raises(ValueError, match="width=16, expected 20"):
        ShardWriter(tmp_path, 20, 12, "CC0", seed=4)
    with pytest.raises(ValueError, match="licence='CC0', expected 'CC BY 4.0'"):
        ShardWriter(tmp_path, 16, 12, "CC BY 4.0", seed=4)
    with pytest.raises(ValueError, match=r"assets=\[\], expected \['furniture'\]; choose another folder"):
        ShardWriter(tmp_path, 16, 12, "CC0", ["furniture"], seed=4)


def test_a_folder_without_a_readable_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no index.json"):
        ShardDataset(tmp_path)
    (tmp_path / "index.json").write_text(json.dumps({"format": 99, "width": 1, "height": 1, "shards": []}))
    with pytest.raises(ValueError, match="format 99, expected 2; render the data set again"):
        ShardDataset(tmp_path)
