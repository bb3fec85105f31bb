# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Things that belong together: clutter on a surface, seats around a table, a kitchen row, a pile, pictures on walls."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from grin_ros.data.scenes import bodies
from grin_ros.data.scenes.indoor import furniture
from grin_ros.data.scenes.bodies import Body, Top
from grin_ros.data.scenes.indoor.furnisher import Furnisher
from grin_ros.data.scenes.indoor.shell import YAWS
from grin_ros.data.scenes.mesh import box, merge, quad
from grin_ros.data.scenes.textures import Palette, picture


def clutter(room: Furnisher, top: Top, origin: tuple[float, float, float], yaw: float, density: float) -> None:
    """Small things on a surface of a body that stands at origin, about density per square metre."""
    rng = room.rng
    count = int(rng.poisson(density * 4 * top.half_x * top.half_y))
    placed: list[tuple[float, float, float]] = []
    c, s = np.cos(yaw), np.sin(yaw)
    for _ in range(min(count, 24)):
        body = room.small()
        width, depth, height = body.size
        limit = min(
            1.0, top.clearance_m / max(height, 1e-3), 1.9 * min(top.half_x, top.half_y) / max(width, depth, 1e-3)
        )
        if limit < 0.35:
            continue
        if limit < 1.0:
            body = Body(body.mesh.moved((0, 0, 0), 0.0, limit))
            width, depth, height = body.size
        turn = float(rng.normal(0, 0.3) if rng.random() < 0.6 else rng.uniform(0, 6.28))
        radius = 0.42 * max(width, depth)
        for _ in range(5):
            reach_x, reach_y = max(top.half_x - width / 2, 0.0), max(top.half_y - depth / 2, 0.0)
            px, py = float(rng.uniform(-reach_x, reach_x)), float(rng.uniform(-reach_y, reach_y))
            if all(np.hypot(px - a, py - b) > radius + r for a, b, r in placed):
                placed.append((px, py, radius))
                lx, ly = top.x + px, top.y + py
                x, y = origin[0] + c * lx - s * ly, origin[1] + s * lx + c * ly
                room.put(body, float(x), float(y), origin[2] + top.z + 0.0005, yaw + turn, solid=False, check=False)
                break


def seats(
    room: Furnisher, size: tuple[float, float, float], place: tuple[float, float, float], sides: Sequence[int]
) -> None:
    """Chairs around a table of a size at a place (x, y, yaw), mostly of one kind, facing it."""
    rng = room.rng
    model = room.either("chair", furniture.seat, 0.8)
    for k in sides:
        turn = place[2] + k * np.pi / 2
        across, out = (size[0], size[1]) if k % 2 == 0 else (size[1], size[0])
        for shift in np.linspace(-0.5, 0.5, max(int(across / 0.65), 1) + 2)[1:-1] * across:
            if rng.random() < 0.3:
                continue
            body = model if rng.random() < 0.8 else room.either("chair", furniture.seat, 0.8)
            away = out / 2 + body.size[1] / 2 + float(rng.uniform(-0.05, 0.25))
            direction = np.array([-np.sin(turn), np.cos(turn)])
            side = np.array([np.cos(turn), np.sin(turn)])
            x, y = np.array(place[:2]) + direction * away + side * shift
            room.put(body, float(x), float(y), 0.0, float(turn + rng.normal(0, 0.2)), margin=-0.04)


def kitchen_row(room: Furnisher) -> None:
    """A run of units along a wall with a worktop, and cupboards above."""
    rng, shell = room.rng, room.shell
    side = int(rng.integers(4))
    length = shell.length(side)
    start, end = float(rng.uniform(0, 0.3 * length)), float(rng.uniform(0.7 * length, length))

    def lower(palette: Palette) -> Body:
        return furniture.cabinet(palette, (float(rng.choice([0.4, 0.6, 0.8])), 0.6, 0.88))

    def upper(palette: Palette) -> Body:
        size = (float(rng.choice([0.4, 0.6, 0.8])), 0.34, float(rng.uniform(0.5, 0.75)))
        return furniture.cabinet(palette, size)

    regular, hung = lower(room.palette), upper(room.palette)
    along = start
    while along < end:
        alike = rng.random() < 0.5
        body = regular if alike else room.either("kitchen", lower, 0.7, "cabinet|sink|dryer|washing|drawers")
        width, depth, _ = body.size
        if along + width > end:
            break
        x, y = shell.at(side, along + width / 2, depth / 2 + 0.03)
        room.put(body, x, y, 0.0, YAWS[side], margin=-0.03)
        if rng.random() < 0.6:
            above = hung if rng.random() < 0.7 else room.either("hung", upper, 0.8, "cabinet")
            x, y = shell.at(side, along + width / 2, above.size[1] / 2 + 0.02)
            if not any(o.meets(side, along, along + width) for o in shell.openings):
                room.put(above, x, y, float(rng.uniform(1.38, 1.45)), YAWS[side], check=False)
        along += width + 0.004


def pile(room: Furnisher) -> None:
    """Boxes and things stacked on the floor."""
    rng = room.rng
    x, y = float(rng.uniform(0.4, room.shell.width - 0.4)), float(rng.uniform(0.4, room.shell.depth - 0.4))
    if not room.free((x - 0.25, y - 0.25, x + 0.25, y + 0.25)):
        return
    room.footprints.append((x - 0.3, y - 0.3, x + 0.3, y + 0.3))
    z = 0.0
    for _ in range(int(rng.integers(2, 6))):
        size = (float(rng.uniform(0.2, 0.6)), float(rng.uniform(0.2, 0.5)), float(rng.uniform(0.08, 0.4)))
        mesh = bodies.finish(box(size, 0.0), room.palette, 0.9)
        body = Body(mesh, (Top(0, 0, size[0] / 2, size[1] / 2, size[2]),))
        dx, dy, yaw = float(rng.normal(0, 0.04)), float(rng.normal(0, 0.04)), float(rng.normal(0, 0.4))
        room.put(body, x + dx, y + dy, z, yaw, check=False)
        z += size[2]


def hang(room: Furnisher) -> None:
    """Pictures, cupboards, clocks and the like on the walls."""
    rng, shell = room.rng, room.shell
    body = None
    if rng.random() >= 0.5:
        body = room.model([p for p in room.pieces.get("hung", []) if not re.search("door|window", p.name.lower())])
    elevation = float(rng.uniform(1.1, 1.7))
    if body is None:
        x, z = (float(v) for v in np.exp(rng.normal(-0.8, 0.45, 2)).clip(0.15, 1.5))
        frame = box((x, 0.03, z)).painted(bodies.albedo(rng), -1, 0.3)
        inner = float(rng.uniform(0.8, 1.0))
        sheet = quad((-x * inner / 2, -0.017, z * (1 - inner) / 2), (x * inner, 0, 0), (0, 0, z * inner), 0.0)
        layer = room.palette.add(picture(rng)) if rng.random() < 0.8 else room.palette.any()
        body = Body(merge([frame, sheet.painted((1, 1, 1), layer, float(rng.uniform(0, 0.5)))]))
        elevation = float(rng.uniform(1.0, 1.9)) - z / 2
    width, depth, height = body.size
    for _ in range(6):
        side = int(rng.integers(4))
        if shell.length(side) < width + 0.1:
            continue
        along = float(rng.uniform(width / 2, shell.length(side) - width / 2))
        if any(o.meets(side, along - width / 2 - 0.1, along + width / 2 + 0.1) for o in shell.openings):
            continue
        x, y = shell.at(side, along, depth / 2 + 0.004)
        z = max(min(elevation, shell.height - height - 0.02), 0.0)
        low = np.array([x - width / 2, y - width / 2, z])
        high = low + np.array([width, width, height])
        if not any(np.all(low < h) and np.all(high > g) for g, h in room.solids):
            room.put(body, x, y, z, YAWS[side], solid=depth > 0.1, check=False)
            return
