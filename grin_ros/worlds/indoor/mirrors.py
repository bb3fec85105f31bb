# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Mirrors in a furnished room: on its walls, above low furniture, and on the doors of wardrobes.

They are added last where there is space, so a room is otherwise the same with and without them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.worlds.indoor.furnisher import Furnisher
from grin_ros.worlds.indoor.shell import YAWS
from grin_ros.worlds.shapes.bodies import Body
from grin_ros.worlds.shapes.mesh import Mesh, boxes, quad
from grin_ros.worlds.surfaces.materials import muted

SHARE = 0.14  # the share of rooms that try to place a mirror; about 12 % of the rooms get one
_SECOND = 0.3  # the share of rooms with mirrors that try to place a second one
_TRIES = 24  # the number of places that are tried
_DEEP_M, _FREE_M = 0.03, 0.25  # the depth of a mirror with its frame, and the free space that it needs before it
_GLASS = 0.004  # the distance in metres between the glass and the frame behind it
_OF_GLASS = (0.35, 0.37, 0.36)  # the colour of mirrors in the images of other mirrors

# A place for a mirror: side, middle along it, distance off the wall, height of the lower end, width, height.
Place = tuple[int, float, float, float, float, float]


def hang_mirrors(rng: Generator, room: Furnisher) -> tuple[Mesh, ...]:
    """Add the frames of up to two mirrors to some rooms, and return their glass: flat meshes that face the room."""
    if rng.random() >= SHARE:
        return ()
    glass: list[Mesh] = []
    wanted = 1 + int(rng.random() < _SECOND)
    for place in _places(rng, room):
        if len(glass) == wanted:
            break
        side, along, off, foot, width, height = place
        if off == 0.0 and not _free(room, place):
            continue
        border = float(rng.choice([0.0, rng.uniform(0.01, 0.07)], p=[0.3, 0.7])) if off == 0.0 else 0.012
        frame, pane = _mirror(rng, width, height, border)
        x, y = room.shell.at(side, along, off + 0.002)
        if room.put(Body(frame), x, y, foot, YAWS[side], solid=False, check=False):
            room.targets.pop()  # mirrors are not targets, so that cameras are the same with and without them
            glass.append(pane.moved((x, y, foot), YAWS[side]))
    return tuple(glass)


def _places(rng: Generator, room: Furnisher) -> Iterator[Place]:
    """Yield random places for mirrors. Those on walls may be occupied."""
    shell = room.shell
    stands = [(*found, low, high) for low, high in room.solids for found in _backs(room, low, high)]
    for _ in range(_TRIES):
        kind = rng.random()
        number, u, v = rng.random(), rng.random(), rng.random()
        if kind < 0.5 and stands:
            side, along, deep, wide, low, high = stands[int(number * len(stands))]
            top = float(high[2])
            if 1.6 < top < 2.5 and 0.4 < deep < 0.9 and 0.6 < wide < 2.6 and low[2] < 0.05:  # a wardrobe's door
                door = min(wide, 0.9) if wide < 1.0 else wide / 2
                shift = 0.0 if wide < 1.0 else (wide - door) / 2 * (1 if u < 0.5 else -1)
                yield side, along + shift, deep, 0.08, 0.96 * door, top - 0.16
            elif 0.4 < top < 1.25 and deep < 0.9:  # above a washbasin, a chest or a sofa
                width = float(np.clip(wide * (0.5 + 0.4 * u), 0.3, 1.4))
                yield side, along, 0.0, max(top + 0.12, 0.95), width, 0.45 + 0.5 * v
        else:
            side = int(number * 4)
            tall = u < 0.3  # a full-length mirror
            width = 0.3 + (0.4 if tall else 1.1) * v
            height = 1.2 + 0.2 * u if tall else float(np.clip(width * (0.6 + 2.0 * u), 0.3, 1.4))
            foot = 0.15 + 0.6 * u if tall else 1.5 - height / 2
            room_m = shell.length(side) - width - 0.1
            if room_m > 0:
                yield side, width / 2 + 0.05 + float(rng.random()) * room_m, 0.0, foot, width, height


def _backs(
    room: Furnisher, low: NDArray[np.float64], high: NDArray[np.float64]
) -> Iterator[tuple[int, float, float, float]]:
    """Yield the walls that a box stands at: side, middle along it, distance of the box's front, width of the box."""
    w, d = room.shell.width, room.shell.depth
    middle = (low + high) / 2
    for side, gap, along, front, wide in (
        (0, d - high[1], middle[0], d - low[1], high[0] - low[0]),
        (1, low[0], middle[1], high[0], high[1] - low[1]),
        (2, low[1], w - middle[0], high[1], high[0] - low[0]),
        (3, w - high[0], d - middle[1], w - low[0], high[1] - low[1]),
    ):
        if gap < 0.15:
            yield side, float(along), float(front), float(wide)


def _free(room: Furnisher, place: Place) -> bool:
    """Return True if a place on a wall is free and nothing large stands close before it."""
    side, along, _, foot, width, height = place
    shell = room.shell
    a, b = along - width / 2 - 0.06, along + width / 2 + 0.06
    if foot + height > shell.height - 0.05 or a < 0 or b > shell.length(side):
        return False
    if any(o.meets(side, a, b) for o in shell.openings):
        return False
    for deep, corners in ((_DEEP_M, [m.bounds() for m in room.meshes]), (_FREE_M, room.solids)):
        ends = np.array([shell.at(side, a, 0.0), shell.at(side, b, deep)])
        low, high = np.append(ends.min(axis=0), foot - 0.06), np.append(ends.max(axis=0), foot + height + 0.06)
        if any(np.all(low < other_high) and np.all(high > other_low) for other_low, other_high in corners):
            return False
    return True


def _mirror(rng: Generator, width: float, height: float, border: float) -> tuple[Mesh, Mesh]:
    """Return the frame with its back, and the glass. Their back is at y = 0 and their lower end at z = 0."""
    x, z, b = width / 2, height, border
    front = -0.012 - _GLASS if b == 0.0 else -_DEEP_M
    low = [[-x, -0.012, 0.0]]
    high = [[x, 0.0, z]]
    if b > 0.0:
        low += [[-x, front, 0.0], [x - b, front, 0.0], [-x + b, front, 0.0], [-x + b, front, z - b]]
        high += [[-x + b, -0.012, z], [x, -0.012, z], [x - b, -0.012, b], [x - b, -0.012, z]]
    colour, gloss = np.array(muted(rng, 0.15)), float(rng.uniform(0.1, 0.7))
    frame = boxes(np.array(low), np.array(high), np.tile(colour, (len(low), 1)), gloss=gloss)
    pane = quad((-x + b, -0.012 - _GLASS, b), (width - 2 * b, 0, 0), (0, 0, z - 2 * b), 0.0)
    return frame, pane.painted(_OF_GLASS, -1, 1.0)
