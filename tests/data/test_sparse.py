# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Shards: what is written is read, an interruption loses at most one shard, and wrong input is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grin_ros.data.sparse import ShardDataset, ShardWriter


def shard(n: int, first: int = 0) -> tuple[Any, ...]:
    rng = np.random.default_rng(first)
    camera = np.tile([50.0, 51.0, 7.5, 5.5, 1.2, 0.1, -0.2], (n, 1))
    camera[0, 4:] = np.nan
    range_m = rng.uniform(0.5, 5, (n, 12, 16)).astype(np.float16)
    range_m[0, 0, :2] = np.inf, np.nan
    return (
        rng.integers(0, 255, (n, 12, 16, 3)).astype(np.uint8),
        range_m,
        camera,
        np.stack([np.full(n, first), np.arange(n)], 1),
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path, 16, 12, "CC0", ["furniture"], seed=4)
    parts = [shard(3, 10), shard(2, 20)]
    for k, part in enumerate(parts):
        writer.write(f"s{k}", *part, seed_first=10 * (k + 1))
    dataset = ShardDataset(tmp_path)
    assert len(dataset) == 5 and dataset.index["shards"][1] == {"name": "s1", "count": 2, "seed_first": 20}
    for i, (part, k) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]):
        sample = dataset.sample(i)
        np.testing.assert_array_equal(sample.image, parts[part][0][k])
        np.testing.assert_array_equal(sample.range_m, parts[part][1][k])
        assert dataset.origin(i) == (10 * (part + 1), k)
    unknown, known = dataset.sample(0).camera, dataset.sample(1).camera
    assert unknown.mounting is None and known.mounting is not None
    assert (known.fx, known.cy, known.mounting.height_m, known.mounting.pitch_rad) == (50.0, 5.5, 1.2, -0.2)
    for index in (-1, 5):
        with pytest.raises(IndexError, match="5 samples"):
            dataset.sample(index)


def test_an_interrupted_run_resumes_after_the_last_whole_shard(tmp_path: Path) -> None:
    ShardWriter(tmp_path, 16, 12, "CC0", seed=4).write("s0", *shard(3))
    np.save(tmp_path / "s1.image.npy", np.zeros((3, 12, 16, 3), np.uint8))  # cut off before its index entry
    again = ShardWriter(tmp_path, 16, 12, "CC0", seed=4)
    assert again.names == ["s0"] and again.count == 3 and len(ShardDataset(tmp_path)) == 3
    again.write("s1", *shard(2, 7))
    assert len(ShardDataset(tmp_path)) == 5
    assert not list(tmp_path.glob(".*tmp*"))


def test_split_keeps_whole_shards_apart(tmp_path: Path) -> None:
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


def test_other_facts_and_shapes_are_refused(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path, 16, 12, "CC0", seed=4)
    image, range_m, camera, origin = shard(3)
    with pytest.raises(ValueError, match=r"expected \(n, 12, 16, 3\)"):
        writer.write("s0", image[:, :6], range_m, camera, origin)
    writer.write("s0", image, range_m, camera, origin)
    with pytest.raises(ValueError, match="seed=4, expected 5"):
        ShardWriter(tmp_path, 16, 12, "CC0", seed=5)
    with pytest.raises(ValueError, match="width=16, expected 20"):
        ShardWriter(tmp_path, 20, 12, "CC0", seed=4)


def test_a_folder_without_a_readable_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no index.json"):
        ShardDataset(tmp_path)
    (tmp_path / "index.json").write_text(json.dumps({"format": 99, "width": 1, "height": 1, "shards": []}))
    with pytest.raises(ValueError, match="format 99, expected 1"):
        ShardDataset(tmp_path)
