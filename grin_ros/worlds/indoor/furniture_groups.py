# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Groups of things that belong together: seats around a table, a kitchen, a pile of boxes, pictures on walls."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from grin_ros.worlds.indoor import furniture
from grin_ros.worlds.indoor.furnisher import Furnisher
from grin_ros.worlds.indoor.shell import YAWS
from grin_ros.worlds.shapes.bodies import Body, Top
from grin_ros.worlds.shapes.mesh import Mesh, box, boxes, merge, quad, tube
from grin_ros.worlds.surfaces.materials import albedo, finish, made_of, timber
from grin_ros.worlds.surfaces.prints import photograph

Painter = Callable[[Mesh], Mesh]


def put_seats(
    room: Furnisher, size: tuple[float, float, float], place: tuple[float, float, float], sides: Sequence[int]
) -> None:
    """Put chairs around a table of a size at a place (x, y, yaw). They face the table and are mostly of one kind.

    ``sides`` are the sides of the table: 0 is +y, the others follow counter-clockwise.
    """
    rng = room.rng
    model = room.model_or_built("chair", furniture.seat, 0.8)
    for k in sides:
        turn = place[2] + k * np.pi / 2
        across, out = (size[0], size[1]) if k % 2 == 0 else (size[1], size[0])
        for shift in np.linspace(-0.5, 0.5, max(int(across / 0.65), 1) + 2)[1:-1] * across:
            if rng.random() < 0.3:
                continue
            body = model if rng.random() < 0.8 else room.model_or_built("chair", furniture.seat, 0.8)
            away = out / 2 + body.size[1] / 2 + float(rng.uniform(-0.05, 0.25))
            direction = np.array([-np.sin(turn), np.cos(turn)])
            side = np.array([np.cos(turn), np.sin(turn)])
            x, y = np.array(place[:2]) + direction * away + side * shift
            room.put(body, float(x), float(y), 0.0, float(turn + rng.normal(0, 0.2)), margin=-0.04)


def put_kitchen(room: Furnisher) -> None:
    """Put a kitchen along one or two walls: base units, a worktop with things, a tiled band, and cupboards above."""
    rng, palette = room.rng, room.palette
    front = timber(palette) if rng.random() < 0.7 else made_of(palette, "plastic")
    top, handle, band = made_of(palette, "stone", "wood"), made_of(palette, "metal"), palette.tile("Tiles", "Bricks")
    first, tall = int(rng.integers(4)), float(rng.uniform(0.86, 0.94))
    for k in range(1 + int(rng.random() < 0.55)):
        _worktop(room, (first + k) % 4, tall, front, top, handle, band)


def _worktop(
    room: Furnisher, side: int, tall: float, front: Painter, top: Painter, handle: Painter, band: int | None
) -> None:
    rng, shell, palette = room.rng, room.shell, room.palette
    length = shell.length(side)
    start, end = float(rng.uniform(0.03, 0.3 * length)), length - 0.03
    stops = [o for o in shell.openings if o.side == side and o.low < 1.1]
    for o in stops:  # the worktop does not cross a door or a low window
        if o.middle > length / 2:
            end = min(end, o.a - 0.1)
        else:
            start = max(start, o.b + 0.1)
    count = int((end - start) / 0.6)
    if count < 2:
        return
    end = start + count * 0.6
    x, y = shell.at(side, (start + end) / 2, 0.3)
    width = end - start
    edges = (np.arange(count) - count / 2) * 0.6
    doors = boxes(
        np.stack([edges + 0.003, np.full(count, -0.305), np.full(count, 0.1)], 1),
        np.stack([edges + 0.597, np.full(count, -0.28), np.full(count, tall - 0.04)], 1),
    )
    grips = [tube(np.array([[e + 0.1, -0.325, tall - 0.1], [e + 0.5, -0.325, tall - 0.1]]), 0.006, 6) for e in edges]
    parts = [
        front(box((width, 0.58, tall - 0.14))).moved((0, 0.01, 0.1)),
        front(doors),
        made_of(palette, "plastic")(box((width, 0.52, 0.1))).moved((0, 0.03, 0)),
        top(box((width + 0.02, 0.63, 0.04))).moved((0, -0.005, tall - 0.04)),
        handle(merge(grips)),
    ]
    body = Body(merge(parts), (Top(0, 0.02, width / 2 - 0.05, 0.27, tall, 0.48),))
    if not room.put(body, x, y, 0.0, YAWS[side], margin=-0.05):
        return
    room.surfaces.pop()
    room.fill(
        Top(0, 0.02, width / 2 - 0.05, 0.27, tall, 0.48), (x, y, 0.0), YAWS[side], "worktop", float(rng.uniform(8, 40))
    )
    high = float(rng.uniform(1.38, 1.5))
    if band is not None:
        strip = quad((-width / 2, -0.003, tall), (width, 0, 0), (0, 0, high - tall), float(rng.uniform(0.3, 0.8)))
        wx, wy = shell.at(side, (start + end) / 2, 0.004)
        if not any(o.meets(side, start, end) for o in shell.openings):
            room.put(Body(strip.painted((1, 1, 1), band, 0.4)), wx, wy, 0.0, YAWS[side], solid=False, check=False)
    deep, up = 0.34, min(float(rng.uniform(0.5, 0.8)), shell.height - high - 0.03)
    for k, edge in enumerate(edges):
        along = (start + end) / 2 + float(edge) + 0.3
        if rng.random() < 0.25 or any(o.meets(side, along - 0.3, along + 0.3) for o in shell.openings):
            continue
        x, y = shell.at(side, along, deep / 2 + 0.005)
        if rng.random() < 0.2:  # an open shelf between the cupboards
            board = Body(front(box((0.598, deep * 0.8, 0.02))))
            room.put(board, x, y, high + 0.1, YAWS[side], check=False)
            shelf = Top(0, 0, 0.28, deep * 0.35, 0.02, 0.4)
            room.fill(shelf, (x, y, high + 0.1), YAWS[side], "stock" if k % 2 else "shelf", 30.0)
            continue
        leaf = front(box((0.594, 0.02, up - 0.006))).moved((0, -deep / 2, 0.003))
        knob = handle(tube(np.array([[0.22, -deep / 2 - 0.02, 0.05], [0.22, -deep / 2 - 0.02, 0.2]]), 0.006, 6))
        unit = Body(merge([front(box((0.598, deep, up))), leaf, knob]))
        room.put(unit, x, y, high, YAWS[side], check=False)


def put_pile(room: Furnisher) -> None:
    """Put a pile of boxes on the floor."""
    rng = room.rng
    x, y = float(rng.uniform(0.4, room.shell.width - 0.4)), float(rng.uniform(0.4, room.shell.depth - 0.4))
    if not room.is_free((x - 0.25, y - 0.25, x + 0.25, y + 0.25)):
        return
    room.footprints.append((x - 0.3, y - 0.3, x + 0.3, y + 0.3))
    z = 0.0
    for _ in range(int(rng.integers(2, 6))):
        size = (float(rng.uniform(0.2, 0.6)), float(rng.uniform(0.2, 0.5)), float(rng.uniform(0.08, 0.4)))
        mesh = finish(box(size, 0.0), room.palette, 0.9)
        body = Body(mesh, (Top(0, 0, size[0] / 2, size[1] / 2, size[2]),))
        dx, dy, yaw = float(rng.normal(0, 0.04)), float(rng.normal(0, 0.04)), float(rng.normal(0, 0.4))
        room.put(body, x + dx, y + dy, z, yaw, check=False)
        z += size[2]


def hang_picture(room: Furnisher) -> None:
    """Hang a picture, cupboard, clock or similar thing on a free part of a wall."""
    rng, shell = room.rng, room.shell
    body = None
    if rng.random() >= 0.5:
        body = room.model([p for p in room.pieces.get("hung", []) if not re.search("door|window", p.name.lower())])
    elevation = float(rng.uniform(1.1, 1.7))
    if body is None:
        x, z = (float(v) for v in np.exp(rng.normal(-0.8, 0.45, 2)).clip(0.15, 1.5))
        frame = box((x, 0.03, z)).painted(albedo(rng), -1, 0.3)
        inner = float(rng.uniform(0.8, 1.0))
        sheet = quad((-x * inner / 2, -0.017, z * (1 - inner) / 2), (x * inner, 0, 0), (0, 0, z * inner), 0.0)
        layer = room.palette.shared("photograph", photograph, 8)
        body = Body(merge([frame, sheet.painted((1, 1, 1), layer, float(rng.uniform(0, 0.5)))]))
        elevation = float(rng.uniform(1.0, 1.9)) - z / 2
    width, depth, height = body.size
    for side, along in room.free_wall_stretches(width):
        x, y = shell.at(side, along, depth / 2 + 0.004)
        z = max(min(elevation, shell.height - height - 0.02), 0.0)
        low = np.array([x - width / 2, y - width / 2, z])
        high = low + np.array([width, width, height])
        if not any(np.all(low < h) and np.all(high > g) for g, h in room.solids):
            room.put(body, x, y, z, YAWS[side], solid=depth > 0.1, check=False)
            return
