# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of the choice of a world."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from grin_ros.worlds.registry import WORLDS, choose, named


def test_worlds_are_chosen_by_their_shares_and_the_seed_decides() -> None:
    room = WORLDS[0]
    worlds = [replace(room, name="often", share=0.6), replace(room, name="seldom", share=0.2)]
    drawn = [choose(seed, worlds).name for seed in range(4000)]
    assert 0.72 < Counter(drawn)["often"] / 4000 < 0.78
    assert drawn == [choose(seed, worlds).name for seed in range(4000)]
    assert choose(7, worlds[1:]).name == "seldom"


def test_every_world_has_its_own_name_and_is_found_by_it() -> None:
    names = [world.name for world in WORLDS]
    assert len(set(names)) == len(names) and all(world.share > 0 for world in WORLDS)
    assert named([]) == WORLDS and [world.name for world in named(names[::-1])] == names
    for name in names:
        assert [world.name for world in named([name])] == [name]
    with pytest.raises(ValueError, match="worlds: got 'moon', expected some of room"):
        named(["room", "moon"])
    with pytest.raises(ValueError, match="got none"):
        choose(1, [])
