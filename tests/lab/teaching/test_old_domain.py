# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.teaching.old_domain import MOST, OldDomain, Place, find_old_domain, halves_by_scene
from tests.lab.evaluation.measured import sample, write_dataset
from tests.lab.training.recordings import write_shards

SIZES = {"indoor": (7, 1, 1, 2, 1), "outdoor": (1, 3)}
"""The numbers of frames of the scenes of each domain."""


def scenes() -> list[EvalSample]:
    """Return the samples of SIZES, in which the frames of all scenes alternate."""
    found = [
        (number, sample(f"{domain}{scene}-{number}", f"{domain}{scene}", domain))
        for domain, sizes in SIZES.items()
        for scene, size in enumerate(sizes)
        for number in range(size)
    ]
    return [item for _, item in sorted(found, key=lambda one: one[0])]


def opened(folder: Path, *given: Path) -> OldDomain:
    return find_old_domain(given, [write_shards(folder / "replay", shards=1, frames=1)], folder / "work")


def test_no_scene_of_measured_depth_chooses_and_judges(tmp_path: Path) -> None:
    written = scenes()
    old = opened(tmp_path, write_dataset(tmp_path / "a", written))
    halves = [list(old.half(number)) for number in (0, 1)]
    assert sorted(one.name for half in halves for one in half) == sorted(one.name for one in written)
    found = [{(one.domain, one.scene) for one in half} for half in halves]
    assert not found[0] & found[1]
    assert [Counter(domain for domain, _ in half) for half in found] == [
        {"indoor": 2, "outdoor": 1},
        {"indoor": 3, "outdoor": 1},
    ]


def test_scenes_of_one_name_in_two_sets_are_two(tmp_path: Path) -> None:
    sets = [write_dataset(tmp_path / name, scenes()) for name in ("a", "b")]
    old = opened(tmp_path, *sets)
    found = [{(one.domain, one.scene) for one in old.half(number)} for number in (0, 1)]
    assert not found[0] & found[1]
    assert {domain for domain, _ in found[0]} == {domain for domain, _ in found[1]}
    assert len(found[0] | found[1]) == 14


@pytest.mark.parametrize("views", [3, 11])
def test_no_scene_of_given_renders_chooses_and_judges(tmp_path: Path, views: int) -> None:
    folders = [write_shards(tmp_path / name, shards=4, frames=views) for name in ("a", "b")]
    old = opened(tmp_path, *folders)
    names = [[one.name for one in old.half(number)] for number in (0, 1)]
    assert sum(map(len, names)) == min(8 * views, MOST)
    # A name ends with the number of the frame in its folder, and each shard shows one scene.
    found = [{(name.rpartition("_")[0], int(name.rpartition("_")[2]) // views) for name in half} for half in names]
    assert [len(half) for half in found] == [4, 4]
    assert not found[0] & found[1]


def test_renders_in_pairs_alternate() -> None:
    places = [Place("renders", (0, index // 2)) for index in range(120)]
    assert halves_by_scene(places) == tuple(index // 2 % 2 for index in range(120))


def test_a_single_scene_is_cut_in_the_middle(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    old = opened(tmp_path, write_dataset(tmp_path / "a", [sample(f"f{number}") for number in range(5)]))
    assert [[one.name for one in old.half(number)] for number in (0, 1)] == [["f0", "f1", "f2"], ["f3", "f4"]]
    assert "got one scene of indoor" in caplog.text


def test_the_only_scene_of_a_domain_is_cut_in_the_middle(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """`grin dataset` makes a folder with one scene of each recording."""
    sets = [
        write_dataset(tmp_path / place, [sample(f"f{number}", place) for number in range(4)])
        for place in ("kitchen", "hall")
    ]
    old = opened(tmp_path, *sets)
    assert [[one.name for one in old.half(number)] for number in (0, 1)] == [
        ["kitchen-f0", "kitchen-f1", "hall-f0", "hall-f1"],
        ["kitchen-f2", "kitchen-f3", "hall-f2", "hall-f3"],
    ]
    assert "one scene of kitchen: indoor" in caplog.text
    assert "one scene of hall: indoor" in caplog.text


def test_a_single_frame_cannot_choose_and_judge(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="got 1 frame, expected at least 2"):
        opened(tmp_path, write_dataset(tmp_path / "a", [sample()]))
