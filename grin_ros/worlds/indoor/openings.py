# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Windows with curtains and blinds, doors, and the rooms behind passages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from grin_ros.worlds.indoor.shell import Opening, Shell, SideRoom
from grin_ros.worlds.shapes.mesh import box, grid_faces, merge, quad, surface, tube
from grin_ros.worlds.surfaces.materials import Material
from grin_ros.worlds.surfaces.palette import Palette
from grin_ros.worlds.surfaces.prints import grain
from grin_ros.worlds.surfaces.textures import doors, outside, random_colour, wood


def add_window(shell: Shell, palette: Palette, o: Opening) -> None:
    """Add a window with its frame and the view through it, sometimes with a sill, a trim, curtains or a blind."""
    rng = palette.rng
    width, height = o.width, o.high - o.low
    deep = float(rng.uniform(0.06, 0.25))
    white = [float(rng.uniform(0.5, 0.9))] * 3 if rng.random() < 0.7 else [float(v) for v in random_colour(rng) ** 2]
    reveal = [
        quad((-width / 2, 0, 0), (width, 0, 0), (0, deep, 0)),
        quad((-width / 2, 0, height), (width, 0, 0), (0, deep, 0)),
        quad((-width / 2, 0, 0), (0, deep, 0), (0, 0, height)),
        quad((width / 2, 0, 0), (0, deep, 0), (0, 0, height)),
    ]
    bars = [box((width, 0.05, 0.05)).moved((0, deep - 0.02, z)) for z in (0.0, height - 0.05)]
    for k in range(int(rng.integers(2, 5))):
        count = int(rng.integers(2, 4)) if k == 0 else 2
        bars += [
            box((0.05, 0.05, height)).moved((x, deep - 0.02, 0))
            for x in np.linspace(-width / 2 + 0.025, width / 2 - 0.025, count)
        ]
    if rng.random() < 0.6:
        bars.append(box((width + 0.1, 0.18, 0.03)).moved((0, 0.0, -0.03)))
    if rng.random() < 0.5:
        bars.append(box((width + 0.14, 0.02, 0.07)).moved((0, 0, height)))
        bars += [box((0.07, 0.02, height)).moved((s * (width / 2 + 0.035), 0, 0)) for s in (-1, 1)]
    frame = merge(reveal + bars).painted(white, -1, 0.15)
    shell.meshes.append(shell.at_wall(frame, o.side, o.middle, 0.0, o.low))
    kind, glow = rng.random(), float(np.exp(rng.uniform(-0.2, 1.8)))
    if kind < 0.3:  # frosted glass, a net curtain, or light so bright that nothing can be recognised
        pane = quad((-width / 2, deep, 0), (width, 0, 0), (0, 0, height), 0.0)
        layer = palette.add(outside(rng)) if rng.random() < 0.4 else palette.shared("grain", grain, 5)
        shell.panes.append(shell.at_wall(pane.painted((1, 1, 1), layer, 0.3, glow), o.side, o.middle, 0.0, o.low))
    else:  # the view of a yard, trees or houses, and the sky above them
        away, rise = float(np.exp(rng.uniform(np.log(3.0), np.log(40.0)))), float(rng.uniform(-0.05, 0.9))
        half = width + 2.2 * away
        far = quad((-half, away, -1.0 - o.low), (2 * half, 0, 0), (0, 0, 2.5 + rise * away), 0.0)
        far = replace(far, uv=far.uv * np.array([max(round(half / away), 1), 1], np.float32))
        ground = quad((-half, deep + 0.1, -1.0 - o.low), (2 * half, 0, 0), (0, away, 0), 2.0)
        tile = palette.tile("Grass", "PavingStones", "Asphalt", "Ground", "Gravel")
        under = palette.shared("grain", grain, 5) if tile is None else tile
        wall = palette.tile("Bricks", "RoofingTiles", "Moss", "Plaster") if rng.random() < 0.35 else None
        view = palette.add(outside(rng)) if wall is None else wall
        parts = [far.painted((1, 1, 1), view, 0.0, glow), ground.painted((1, 1, 1), under, 0.0, 0.7 * glow)]
        shell.panes.append(shell.at_wall(merge(parts), o.side, o.middle, 0.0, o.low))
    covering = rng.random()
    if covering < 0.35:
        _curtains(shell, palette, o)
    elif covering < 0.5:
        slat = box((width, 0.03, 0.003)).tilted(0, float(rng.uniform(-0.9, 0.9)))
        drop = height * float(rng.uniform(0.2, 1.0))
        slats = merge([slat.moved((0, 0, height - z)) for z in np.arange(0.03, drop, 0.04)])
        shell.meshes.append(shell.at_wall(slats.painted(white), o.side, o.middle, -0.01, o.low))


def _curtains(shell: Shell, palette: Palette, o: Opening) -> None:
    """Add two curtains and their rail."""
    rng = palette.rng
    top = min(o.high + 0.15, shell.height - 0.03)
    bottom = 0.03 if rng.random() < 0.6 else max(o.low - 0.2, 0.03)
    colour = [float(v) for v in random_colour(rng, 0.8) ** 2]
    layer = palette.any() if rng.random() < 0.5 else -1
    for start, sign in ((o.a - 0.15, 1), (o.b + 0.15, -1)):
        span = o.width * float(rng.uniform(0.12, 0.5))
        u = np.linspace(0, 1, 40)
        wave = 0.035 * np.sin(u * 2 * np.pi * max(span / 0.12, 2) + rng.uniform(0, 6))
        along = np.clip(start + sign * span * u, 0.02, shell.length(o.side) - 0.02)
        points = np.array([shell.at(o.side, float(a), float(w)) for a, w in zip(along, 0.09 + wave, strict=True)])
        rows = [np.concatenate([points, np.full((40, 1), z)], 1) for z in (bottom, top)]
        tangent = np.gradient(points, axis=0)
        normal = np.stack([tangent[:, 1], -tangent[:, 0], np.zeros(40)], 1)
        uv = np.concatenate([np.stack([u * span * 2, np.full(40, v)], 1) for v in ((top - bottom), 0.0)])
        cloth = surface(np.concatenate(rows), np.concatenate([normal, normal]), uv, grid_faces(2, 40))
        shell.meshes.append(cloth.painted(colour, layer, 0.02))
    reach = np.clip([o.a - 0.25, o.b + 0.25], 0.02, shell.length(o.side) - 0.02)
    ends = [(*shell.at(o.side, float(along), 0.09), top) for along in reach]
    shell.meshes.append(tube(np.array(ends), 0.012, 6).painted((0.3, 0.25, 0.2), -1, 0.4))


def add_door(shell: Shell, palette: Palette, o: Opening) -> None:
    """Add a closed door with a frame and a handle."""
    rng = palette.rng
    width, height = o.width, o.high
    colour = [float(rng.uniform(0.4, 0.9))] * 3 if rng.random() < 0.5 else [0.9, 0.85, 0.8]
    layer = palette.add((wood, doors)[int(rng.random() < 0.6)](rng))
    leaf = box((width, 0.03, height), 0.0).painted(colour, layer, 0.2)
    frame = [box((0.08, 0.06, height)).moved((s * (width / 2 + 0.04), 0, 0)) for s in (-1, 1)]
    frame.append(box((width + 0.16, 0.06, 0.08)).moved((0, 0, height)))
    grip = np.array([[width * 0.4, -0.02, 1.02], [width * 0.4, -0.07, 1.02], [width * 0.28, -0.07, 1.02]])
    handle = tube(grip, 0.01).painted((0.5,) * 3, -1, 0.7)
    white = [float(rng.uniform(0.3, 0.9))] * 3
    whole = merge([leaf, merge(frame).painted(white), handle])
    shell.meshes.append(shell.at_wall(whole, o.side, o.middle, 0.01, 0.0))


def add_side_room(shell: Shell, palette: Palette, o: Opening, wall: Material, floor: Material) -> None:
    """Add the empty room behind a passage, sometimes with an open door. It has the same walls and floor."""
    rng = palette.rng
    deep, left, right = float(rng.uniform(1.6, 5.0)), _clear(rng, shell, o, -1), _clear(rng, shell, o, 1)
    shell.side_rooms.append(SideRoom(o, deep, left, right))
    width, height, tile_m = o.width + left + right, shell.height, wall.tile_m
    x = -o.width / 2 - left
    sides = [
        quad((x, deep + 0.12, 0), (width, 0, 0), (0, 0, height), tile_m),
        quad((x, 0.12, 0), (0, deep, 0), (0, 0, height), tile_m),
        quad((x + width, 0.12, 0), (0, deep, 0), (0, 0, height), tile_m),
        quad((x, 0.12, 0), (left, 0, 0), (0, 0, height), tile_m),
        quad((x + width - right, 0.12, 0), (right, 0, 0), (0, 0, height), tile_m),
        quad((x, 0.0, height), (width, 0, 0), (0, deep + 0.12, 0), tile_m),
        quad((x + left, 0.0, o.high), (o.width, 0, 0), (0, 0.12, 0), tile_m),
        quad((x + left, 0.12, o.high), (o.width, 0, 0), (0, 0, height - o.high), tile_m),
        quad((x + left, 0.0, 0), (0, 0.12, 0), (0, 0, o.high), tile_m),
        quad((x + width - right, 0.0, 0), (0, 0.12, 0), (0, 0, o.high), tile_m),
    ]
    ground = floor.on(quad((x, 0.0, 0), (width, 0, 0), (0, deep + 0.12, 0), floor.tile_m))
    frame = [box((0.07, 0.04, o.high)).moved((s * (o.width / 2 + 0.035), -0.01, 0)) for s in (-1, 1)]
    white = [float(rng.uniform(0.3, 0.9))] * 3
    parts = [wall.on(merge(sides)), ground, merge(frame).painted(white)]
    if rng.random() < 0.6:  # a door at a random angle
        leaf = box((o.width, 0.035, o.high), 0.0).painted(
            [float(rng.uniform(0.4, 0.9))] * 3, palette.add(wood(rng)), 0.2
        )
        opened = leaf.moved((o.width / 2, 0, 0)).moved((0, 0, 0), float(rng.uniform(0.3, 1.9)))
        parts.append(opened.moved((-o.width / 2, 0.15, 0)))
    shell.meshes.append(shell.at_wall(merge(parts), o.side, o.middle, 0.0, 0.0))


def _clear(rng: Generator, shell: Shell, o: Opening, direction: int) -> float:
    """Return how far the room behind a passage reaches to one side without meeting the next such room."""
    others = [p for p in shell.openings if p.side == o.side and p.kind == "passage" and p is not o]
    gaps = [p.a - o.b for p in others if p.a >= o.b] if direction > 0 else [o.a - p.b for p in others if p.b <= o.a]
    return float(max(min(rng.uniform(0.1, 2.2), 0.5 * min(gaps, default=9.0) - 0.05), 0.02))
