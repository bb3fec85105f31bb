# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Halls of 8 to 36 m: lobbies, canteens, auditoria, factories and open offices, with pillars and rows of windows."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.indoor import foliage, furniture, furniture_groups, wall_fittings, warehouse
from grin_ros.worlds.indoor.camera_placement import is_free, place_in_room, shows_one_plane
from grin_ros.worlds.indoor.empty_room import build_shell
from grin_ros.worlds.indoor.furnished_room import lit_scene, new_furnisher
from grin_ros.worlds.indoor.furnisher import MAX_SCENE_TRIANGLES, Furnisher
from grin_ros.worlds.indoor.shell import Opening
from grin_ros.worlds.scene import Placement, Scene
from grin_ros.worlds.shapes.bodies import Body, Top
from grin_ros.worlds.shapes.mesh import Mesh, box, cylinder, merge, quad, tube
from grin_ros.worlds.surfaces.materials import made_of, muted, plain
from grin_ros.worlds.surfaces.palette import Palette

_KINDS = ("lobby", "canteen", "auditorium", "factory", "office")
_CHANCES = (0.26, 0.2, 0.12, 0.26, 0.16)
_HIGH_M = {
    "lobby": (3.0, 9.0),
    "canteen": (2.7, 5.0),
    "auditorium": (3.5, 9.0),
    "factory": (4.5, 12.0),
    "office": (2.6, 3.6),
}
_DEEP_M, _LEAST, _BARE_SHARE = 7.0, 0.1, 0.15


def build(seed: int, assets: Assets) -> Scene:
    """Return the scene of a seed. The same seed and the same assets give the same scene."""
    rng = np.random.default_rng([seed, 0x4A11])
    palette = Palette(rng, assets.tiles)
    kind = str(rng.choice(_KINDS, p=_CHANCES))
    floor = np.exp(rng.uniform(np.log(8.0), np.log(36.0), 2))
    size = (float(floor[0]), float(floor[1]), float(rng.uniform(*_HIGH_M[kind])))
    shell = build_shell(palette, size=size, openings=_openings(rng, size))
    room = new_furnisher(rng, palette, shell, assets)
    _overhead(room, kind)
    _pillars(room, kind)
    {"lobby": _lobby, "canteen": _canteen, "auditorium": _auditorium, "factory": _factory, "office": _office}[kind](
        room
    )
    for _ in range(3):
        wall_fittings.fill_walls(room)
    return lit_scene(room, mirrors=False)


def _openings(rng: Generator, size: tuple[float, float, float]) -> list[Opening]:
    """Return rows of windows or glass fronts on up to three sides, and doors on the others."""
    made = []
    for side in range(4):
        long = size[0] if side in (0, 2) else size[1]
        glazed = rng.random() < 0.45
        wide = float(rng.uniform(1.0, 3.5)) if glazed else float(rng.uniform(0.9, 1.8))
        gap = float(rng.uniform(0.15, 1.5)) if glazed else float(rng.uniform(2.0, 8.0))
        low = float(rng.choice([0.05, 0.9, 2.2])) if glazed else 0.0
        high = min(low + float(rng.uniform(1.2, 4.0)), size[2] - 0.3) if glazed else 2.1
        if high < low + 0.6:
            continue
        along = float(rng.uniform(0.4, 2.0))
        while along + wide < long - 0.4:
            if glazed:
                made.append(Opening(side, along, along + wide, low, high, "window"))
            elif rng.random() < 0.5:
                made.append(Opening(side, along, along + wide, 0.0, high, "door"))
            along += wide + gap
    return made


def _overhead(room: Furnisher, kind: str) -> None:
    """Add beams, ducts and rows of lamps under the ceiling."""
    rng, shell, palette = room.rng, room.shell, room.palette
    steel = made_of(palette, "metal", "plastic")
    if kind in ("factory", "lobby") or rng.random() < 0.4:
        deep = float(rng.uniform(0.2, 0.7))
        for y in np.arange(float(rng.uniform(1, 4)), shell.depth, float(rng.uniform(2.5, 6.0))):
            beam = box((shell.width, 0.25, deep)) if rng.random() < 0.9 else box((shell.width, 0.1, deep))
            room.meshes.append(steel(beam).moved((shell.width / 2, float(y), shell.height - deep)))
    for _ in range(int(rng.poisson(1.5))):
        z, radius = shell.height - float(rng.uniform(0.4, 1.0)), float(rng.uniform(0.1, 0.3))
        x = float(rng.uniform(0.05, 0.95)) * shell.width
        duct = tube(np.array([[x, 0.0, z], [x, shell.depth / 2, z], [x, shell.depth, z]]), radius, 12)
        room.meshes.append(steel(duct))
    long, glow = float(rng.uniform(0.3, 1.5)), float(rng.choice([0.0, 2.0, 3.0]))
    lamp = box((0.2, long, 0.06)).painted((0.9,) * 3, -1, 0.0, glow)
    drop = float(rng.choice([0.08, 0.08, 1.0]))
    for x in np.arange(1.5, shell.width, float(rng.uniform(2.0, 4.5))):
        for y in np.arange(1.5, shell.depth, float(rng.uniform(2.0, 4.5))):
            room.meshes.append(lamp.moved((float(x), float(y), shell.height - drop)))


def _pillars(room: Furnisher, kind: str) -> None:
    """Add a grid of pillars to some of the halls."""
    rng, shell = room.rng, room.shell
    if kind == "auditorium" or rng.random() < 0.35:
        return
    wide = float(rng.uniform(0.25, 0.8))
    paint = made_of(room.palette, "stone", "metal") if rng.random() < 0.4 else plain(room.palette, muted(rng, 0.1))
    column = paint(
        cylinder(wide / 2, shell.height - 0.01) if rng.random() < 0.4 else box((wide, wide, shell.height - 0.01))
    )
    for x in np.arange(float(rng.uniform(2.5, 6.0)), shell.width - 1.5, float(rng.uniform(4.0, 8.0))):
        for y in np.arange(float(rng.uniform(2.5, 6.0)), shell.depth - 1.5, float(rng.uniform(4.0, 8.0))):
            room.put(Body(column), float(x), float(y), 0.0, 0.0)


def _share(room: Furnisher, a_thing_m2: float, most: int) -> int:
    """Return a number of things: one for each ``a_thing_m2`` square metres of floor, at most ``most``."""
    area = room.shell.width * room.shell.depth
    return min(int(area / a_thing_m2 * room.rng.uniform(0.3, 1.3)) + 1, most)


def _lobby(room: Furnisher) -> None:
    """Add groups of seats, counters, plants and boards."""
    rng, palette = room.rng, room.palette
    for _ in range(_share(room, 18.0, 28)):
        if room.triangles > MAX_SCENE_TRIANGLES:
            return
        kind = rng.random()
        yaw = float(rng.choice([0.0, np.pi / 2, np.pi, -np.pi / 2]))
        if kind < 0.35:
            room.put_anywhere(room.model_or_built("wall", furniture.sofa, 0.4, "sofa|couch|arm"), 6, yaw)
        elif kind < 0.5:
            room.put_anywhere(foliage.plant(palette, float(rng.uniform(0.7, 2.2))), 6)
        elif kind < 0.62:
            counter = (float(rng.uniform(1.5, 4.5)), float(rng.uniform(0.5, 0.9)), float(rng.uniform(0.9, 1.2)))
            room.put_anywhere(furniture.cabinet(palette, counter), 6, yaw)
        elif kind < 0.75:
            place = room.put_anywhere(furniture.table(palette), 6, yaw)
            if place is not None:
                furniture_groups.put_seats(room, (1.2, 0.8, 0.7), place, (0, 1, 2, 3))
        elif kind < 0.85:
            room.put_anywhere(furniture.poles(palette), 6)
        else:
            room.put_anywhere(room.model_or_built("floor", furniture.poles, 0.9), 6)


def _canteen(room: Furnisher) -> None:
    """Add rows of tables with chairs of one kind."""
    rng, palette, shell = room.rng, room.palette, room.shell
    size = (float(rng.uniform(0.8, 2.0)), float(rng.uniform(0.7, 0.9)), float(rng.uniform(0.7, 0.78)))
    table, chair = furniture.table(palette, size), furniture.seat(palette)
    across, along = size[0] + float(rng.uniform(0.9, 2.0)), size[1] + float(rng.uniform(1.3, 2.4))
    for x in np.arange(1.2, shell.width - 1.0, across):
        for y in np.arange(1.4, shell.depth - 1.2, along):
            if rng.random() < 0.12 or room.triangles > MAX_SCENE_TRIANGLES:
                continue
            yaw = float(rng.normal(0, 0.04))
            if not room.put(table, float(x), float(y), 0.0, yaw):
                continue
            if rng.random() < 0.4:
                room.fill(table.tops[0], (float(x), float(y), 0.0), yaw, "dining", float(rng.uniform(0.5, 6)))
            for side in (-1, 1):
                for shift in np.linspace(-0.5, 0.5, max(int(size[0] / 0.6), 1) + 2)[1:-1] * size[0]:
                    away = size[1] / 2 + float(rng.uniform(0.1, 0.4))
                    turn = float((np.pi if side < 0 else 0.0) + rng.normal(0, 0.15))
                    room.put(chair, float(x + shift), float(y + side * away), 0.0, turn, check=False)


def _auditorium(room: Furnisher) -> None:
    """Add rising rows of seats before a stage with a screen."""
    rng, palette, shell = room.rng, room.palette, room.shell
    cover, step = made_of(palette, "cloth", "plastic", "wood"), made_of(palette, "wood", "stone")
    seat = merge(
        [
            cover(box((0.5, 0.45, 0.08))).moved((0, 0, 0.4)),
            cover(box((0.5, 0.07, 0.45))).moved((0, -0.24, 0.42)),
            made_of(palette, "metal")(box((0.04, 0.4, 0.45))).moved((0.27, 0, 0)),
        ]
    )
    rise, pitch = float(rng.choice([0.0, 0.12, 0.25])), float(rng.uniform(0.85, 1.1))
    first, aisle = shell.depth - float(rng.uniform(2.5, 5.0)), float(rng.uniform(0.3, 0.7)) * shell.width
    stage = step(box((shell.width * 0.8, float(rng.uniform(1.2, 2.5)), float(rng.uniform(0.1, 0.9)))))
    room.put(Body(stage), shell.width / 2, shell.depth - 1.3, 0.0, 0.0, check=False)
    wide = shell.width * float(rng.uniform(0.3, 0.7))
    screen = quad((-wide / 2, 0, 0), (wide, 0, 0), (0, 0, 0.6 * wide), 0.0).painted((0.9,) * 3, -1, 0.1, 0.4)
    tall = min(0.6 * wide, shell.height - 1.4)
    room.meshes.append(screen.moved((shell.width / 2, shell.depth - 0.06, 1.2), 0.0, (1, 1, tall / (0.6 * wide))))
    for row, y in enumerate(np.arange(first, 1.0, -pitch)):
        z = row * rise
        if z > shell.height - 2.2:
            break
        if z > 0:
            tread = step(box((shell.width - 0.1, pitch, z)))
            room.meshes.append(tread.moved((shell.width / 2, float(y), 0.0)))
            low = np.array([0.0, y - pitch / 2, 0.0])
            room.solids.append((low, np.array([shell.width, y + pitch / 2, z])))
        for x in np.arange(0.5, shell.width - 0.4, 0.58):
            if abs(x - aisle) > 0.7 and room.triangles < MAX_SCENE_TRIANGLES and rng.random() < 0.98:
                room.put(Body(seat), float(x), float(y), z, 0.0, check=False, solid=False)


def machine(palette: Palette) -> Body:
    """Return a machine: cabinets, a bed, pipes and a control panel."""
    rng = palette.rng
    x, y, z = (float(v) for v in rng.uniform((0.8, 0.7, 0.9), (3.5, 2.0, 2.4)))
    shell, dark = plain(palette, muted(rng, 0.35), 0.3), made_of(palette, "metal")
    parts: list[Mesh] = [shell(box((x, y, 0.6 * z)))]
    for _ in range(int(rng.integers(2, 7))):
        part = [float(v) for v in rng.uniform(0.15, 0.6, 3) * [x, y, z]]
        spot = rng.uniform(-0.5, 0.5, 2) * (np.array([x, y]) - part[:2])
        body = box(part) if rng.random() < 0.7 else cylinder(float(part[0]) / 2, float(part[2]))
        paint = shell if rng.random() < 0.4 else (dark if rng.random() < 0.5 else plain(palette, muted(rng, 0.5)))
        parts.append(paint(body).moved((float(spot[0]), float(spot[1]), 0.55 * z)))
    for _ in range(int(rng.integers(0, 5))):
        a, b = rng.uniform(-0.5, 0.5, (2, 3)) * [x, y, 0] + [0, 0, 0.6 * z]
        corner = np.array([a[0], b[1], 1.1 * z])
        parts.append(dark(tube(np.array([a, [a[0], a[1], 1.1 * z], corner, b]), float(rng.uniform(0.02, 0.06)), 8)))
    return Body(merge(parts), (Top(0, -0.3 * y, 0.3 * x, 0.1 * y, 0.6 * z, 0.3),))


def _factory(room: Furnisher) -> None:
    """Add machines in rows, racks, pallets, benches, and lines painted on the floor."""
    rng, palette, shell = room.rng, room.palette, room.shell
    line = float(rng.uniform(0.06, 0.15))
    yellow = [0.7, 0.45, 0.02] if rng.random() < 0.7 else [0.8, 0.8, 0.8]
    for x in rng.uniform(0.1, 0.9, int(rng.integers(1, 5))) * shell.width:
        stripe = quad((float(x), 0.5, 0.004), (line, 0, 0), (0, shell.depth - 1.0, 0), 0.0)
        room.meshes.append(stripe.painted(yellow, -1, 0.1))
    frame = made_of(palette, "metal", "plastic")
    racks = [warehouse.rack(palette, "store", (2.6, 1.0, min(float(rng.uniform(2, 5)), shell.height - 0.5)), 3, frame)]
    machines = [machine(palette) for _ in range(4)]
    for _ in range(_share(room, 16.0, 40)):
        if room.triangles > MAX_SCENE_TRIANGLES:
            return
        kind, yaw = rng.random(), float(rng.choice([0.0, np.pi / 2, np.pi, -np.pi / 2]))
        if kind < 0.4:
            room.put_anywhere(machines[int(rng.integers(4))] if rng.random() < 0.7 else machine(palette), 6, yaw)
        elif kind < 0.55:
            room.put_anywhere(racks[0], 6, yaw)
        elif kind < 0.75:
            sizes = rng.uniform((0.8, 0.8, 0.3), (1.2, 1.0, 1.8))
            room.put_anywhere(Body(warehouse.load_of(palette, *(float(v) for v in sizes))), 6, yaw)
        elif kind < 0.9:
            bench = furniture.table(palette, (float(rng.uniform(1.2, 2.5)), 0.75, 0.88))
            place = room.put_anywhere(bench, 6, yaw)
            if place is not None:
                room.fill(bench.tops[0], (place[0], place[1], 0.0), place[2], "bench", float(rng.uniform(3, 15)))
        else:
            furniture_groups.put_pile(room)


def _office(room: Furnisher) -> None:
    """Add islands of desks with screens, and cupboards between them."""
    rng, palette, shell = room.rng, room.palette, room.shell
    size = (float(rng.uniform(1.2, 1.8)), 0.8, 0.74)
    chair = furniture.seat(palette)
    for x in np.arange(1.5, shell.width - 1.2, size[0] * 2 + float(rng.uniform(1.2, 2.5))):
        for y in np.arange(1.8, shell.depth - 1.5, float(rng.uniform(3.2, 4.5))):
            if rng.random() < 0.15 or room.triangles > MAX_SCENE_TRIANGLES:
                continue
            for dx, dy, turn in ((0, 0, 0.0), (size[0], 0, 0.0), (0, 0.82, np.pi), (size[0], 0.82, np.pi)):
                desk = furniture.table(palette, size)
                u, v = float(x + dx), float(y + dy)
                if room.put(desk, u, v, 0.0, float(turn), margin=-0.05):
                    room.fill(desk.tops[0], (u, v, 0.0), float(turn), "desk", float(rng.uniform(2, 9)))
                    away = -0.55 if turn == 0.0 else 0.55
                    room.put(chair, u, v + away, 0.0, float(turn + np.pi + rng.normal(0, 0.5)), check=False)
    for _ in range(_share(room, 40.0, 10)):
        room.put_against_wall(furniture.shelf(palette) if rng.random() < 0.5 else furniture.cabinet(palette))
        room.put_anywhere(foliage.plant(palette, float(rng.uniform(0.6, 1.8))), 4)


def place(rng: Generator, scene: Scene) -> Placement | None:
    """Return a camera, or None where it would be inside something.

    Half of the cameras look across from near a wall. The others stand as in any room, low ones among them."""
    if rng.random() < 0.45:
        return place_in_room(rng, scene)
    low, high = scene.bounds
    position = rng.uniform(low + 0.2, high - 0.2)
    axis, away = int(rng.integers(2)), float(rng.uniform(0.2, 2.5))
    position[axis] = low[axis] + away if rng.random() < 0.5 else high[axis] - away
    robot = rng.random() < 0.4
    position[2] = np.exp(rng.uniform(np.log(0.15), np.log(1.5))) if robot else np.clip(rng.normal(1.55, 0.2), 1.0, 2.0)
    if not is_free(scene, position):
        return None
    aim = rng.uniform(low, high)
    yaw = np.arctan2(aim[1] - position[1], aim[0] - position[0])
    pitch = np.radians(np.clip(rng.normal(3, 8), -25, 35))
    return Placement(position, float(yaw), float(pitch), float(rng.normal(0, 0.05)), float(position[2]))


def keep(range_m: NDArray[np.float32], camera: Camera) -> float:
    """Return the chance to keep a view by its ranges (h, w): all with a median of 7 m or more, fewer nearer."""
    seen = range_m[~np.isnan(range_m)]
    if np.mean(np.isfinite(seen)) < 0.6:
        return 0.0
    deep = float(np.clip((np.median(seen) / _DEEP_M) ** 1.5, _LEAST, 1.0))
    return deep * (_BARE_SHARE if shows_one_plane(range_m, camera) else 1.0)
