# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Side rooms, which are seen through open doors and are furnished along their walls."""

from __future__ import annotations

import numpy as np

from grin_ros.worlds.indoor import furniture, wall_fittings
from grin_ros.worlds.indoor.furnisher import MAX_SCENE_TRIANGLES, Furnisher
from grin_ros.worlds.indoor.shell import YAWS, SideRoom
from grin_ros.worlds.shapes.bodies import Body


def furnish_side_rooms(room: Furnisher) -> None:
    """Furnish all side rooms of a room, until the scene has enough triangles."""
    targets = len(room.targets)
    for side_room in room.shell.side_rooms:
        if room.triangles < MAX_SCENE_TRIANGLES:
            _furnish(room, side_room)
    del room.targets[targets:]  # cameras do not look at single things in side rooms


def _furnish(room: Furnisher, side_room: SideRoom) -> None:
    rng, shell, o = room.rng, room.shell, side_room.opening
    yaw = YAWS[o.side]

    def put(body: Body, x: float, y: float, z: float, turn: float, dense: float) -> None:
        wx, wy = shell.at(o.side, o.middle + x, -y)  # y is the distance behind the wall
        room.put(body, wx, wy, z, yaw + turn, solid=False, check=False)
        for top in body.tops:
            room.fill(top, (wx, wy, z), yaw + turn, "shelf" if top.clearance_m < 0.99 else "desk", dense)

    x0, x1 = -o.width / 2 - side_room.left, o.width / 2 + side_room.right
    x = x0 + 0.05
    makers = (
        ("wall", furniture.shelf),
        ("desk", furniture.table),
        ("wall", furniture.cabinet),
        ("wall", furniture.sofa),
    )
    while x < x1 - 0.3:
        role, make = makers[int(rng.integers(len(makers)))]
        body = room.model_or_built(role, make, 0.6)
        width, depth, height = body.size
        if rng.random() < 0.25 or x + width > x1 or depth > side_room.deep - 0.8 or height > shell.height:
            x += 0.4
            continue
        put(body, x + width / 2, side_room.deep + 0.1 - depth / 2, 0.0, 0.0, float(rng.uniform(5, 20)))
        x += width + float(rng.exponential(0.2))
    for s, edge in ((-1, x0), (1, x1)):  # along the side walls
        beyond = side_room.left if s < 0 else side_room.right
        body = room.model_or_built("wall", furniture.shelf, 0.6)
        width, depth, height = body.size
        if depth < beyond + 0.1 and width < side_room.deep - 0.8 and height < shell.height and rng.random() < 0.6:
            put(body, edge - s * (depth / 2 + 0.02), 0.15 + width / 2, 0.0, -s * np.pi / 2, 15.0)
    if rng.random() < 0.7:
        seat = room.model_or_built("chair", furniture.seat, 0.8)
        put(seat, float(rng.uniform(x0 + 0.4, x1 - 0.4)), side_room.deep * 0.5, 0.0, float(rng.uniform(0, 6.28)), 0.0)
    for _ in range(int(rng.integers(0, 3))):
        body = (wall_fittings.posters, wall_fittings.board)[int(rng.integers(2))](room.palette)
        low, high = body.mesh.bounds()
        if float(high[0] - low[0]) < x1 - x0:
            flat = Body(body.mesh.moved((-float(low[0] + high[0]) / 2, 0, 0)))
            wx, wy = shell.at(o.side, o.middle + (x0 + x1) / 2, -side_room.deep - 0.115)
            room.put(flat, wx, wy, float(rng.uniform(0.9, 1.3)), yaw, solid=False, check=False)
