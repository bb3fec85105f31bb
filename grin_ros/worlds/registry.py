# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The table of all worlds, and the choice of a world for the seed of a scene."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grin_ros.worlds.indoor import corridor, hall, photographs, tabletop, warehouse
from grin_ros.worlds.indoor.camera_placement import keep_in_room, place_in_room
from grin_ros.worlds.indoor.furnished_room import build_room
from grin_ros.worlds.near import bin as bins
from grin_ros.worlds.near import floor, views, workbench
from grin_ros.worlds.outdoor.camera_placement import keep_outdoors, place_in_street, place_in_yard
from grin_ros.worlds.outdoor.street import build_street
from grin_ros.worlds.outdoor.yard import build_yard
from grin_ros.worlds.scene import World

_ROOM_LENS_DEG = 52.0
"""The narrowest horizontal field of view in degrees for views of whole rooms.

People use narrower lenses for single things. A network can then tell rooms and things apart by the lens.
"""

_ANY_LENS_DEG = 35.0
"""Near and far alike, so that the lens does not tell the distance."""

WORLDS: tuple[World, ...] = (
    World("room", 0.33, build_room, place_in_room, keep_in_room, _ROOM_LENS_DEG),
    World("overview", 0.12, build_room, photographs.place_overview, photographs.keep_overview, _ROOM_LENS_DEG),
    World("vista", 0.06, photographs.build_vista, photographs.place_overview, photographs.keep_vista, _ROOM_LENS_DEG),
    World("subject", 0.12, photographs.build_subject, photographs.place_subject, photographs.keep_subject),
    World("corridor", 0.07, corridor.build, corridor.place, corridor.keep, _ROOM_LENS_DEG),
    World("warehouse", 0.06, warehouse.build, warehouse.place, warehouse.keep, _ROOM_LENS_DEG),
    World("tabletop", 0.14, tabletop.build, tabletop.place, tabletop.keep),
    World("street", 0.25, build_street, place_in_street, keep_outdoors),
    World("yard", 0.15, build_yard, place_in_yard, keep_outdoors),
    World("bin", 0.2, bins.build, views.place, views.keep, _ANY_LENS_DEG, views.CLOSEST_M, views.FLATTEST_LN),
    World(
        "workbench", 0.2, workbench.build, views.place, views.keep, _ANY_LENS_DEG, views.CLOSEST_M, views.FLATTEST_LN
    ),
    World("floor", 0.12, floor.build, floor.place, floor.keep, _ANY_LENS_DEG, views.CLOSEST_M),
    World("hall", 0.2, hall.build, hall.place, hall.keep, _ANY_LENS_DEG),
)


def named(names: Sequence[str]) -> tuple[World, ...]:
    """Return the worlds with the given names, in the order of WORLDS. Return all worlds if no name is given.

    Raise ValueError for an unknown name.
    """
    known = [world.name for world in WORLDS]
    for name in names:
        if name not in known:
            raise ValueError(f"worlds: got {name!r}, expected some of {', '.join(known)}")
    return tuple(world for world in WORLDS if not names or world.name in names)


def choose(scene_seed: int, worlds: Sequence[World] = WORLDS) -> World:
    """Return the world of a scene: one of ``worlds``, with probabilities in proportion to their shares.

    The same seed and the same worlds give the same result. Raise ValueError if ``worlds`` is empty.
    """
    if not worlds:
        raise ValueError("worlds: got none, expected at least one")
    shares = np.array([world.share for world in worlds])
    draw = np.random.default_rng([scene_seed, 0x3071D]).random() * shares.sum()
    return worlds[min(int(np.searchsorted(np.cumsum(shares), draw, side="right")), len(worlds) - 1)]
