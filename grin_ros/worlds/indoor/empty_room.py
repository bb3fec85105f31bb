# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""An empty room: floor, ceiling, walls with their openings, skirting boards, inner walls, pillars and pipes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.random import Generator

from grin_ros.worlds.indoor.openings import add_door, add_side_room, add_window
from grin_ros.worlds.indoor.shell import Opening, Shell
from grin_ros.worlds.shapes.mesh import Mesh, box, merge, quad, tube
from grin_ros.worlds.surfaces.materials import Material, muted
from grin_ros.worlds.surfaces.palette import Palette
from grin_ros.worlds.surfaces.textures import checker, dots, mottled, paint, random_colour, stripes, wood

# The categories of tiles for walls and floors; a name that stands twice is twice as frequent.
_WALL_TILES = ("Wallpaper", "Plaster", "Concrete", "Bricks", "Tiles", "WoodSiding", "Planks", "Paint", "Marble")
_FLOOR_TILES = ("WoodFloor", "WoodFloor", "Tiles", "Carpet", "Concrete", "Terrazzo", "Marble", "Planks", "Tatami")
_FIN_M = 0.3  # walls reach this far beyond the corners of the room, so that no sunlight leaks in along the edges


def build_shell(
    palette: Palette,
    small: bool = False,
    size: tuple[float, float, float] | None = None,
    openings: Sequence[Opening] | None = None,
) -> Shell:
    """Return a random empty room.

    Args:
        palette: The textures and paints of the scene.
        small: Whether the room is at most 4.5 m long.
        size: The width, depth and height in metres; random by default.
        openings: The openings; random by default.
    """
    rng = palette.rng
    kind, height = rng.random(), float(np.clip(rng.normal(2.6, 0.22), 2.1, 3.4))
    if size is not None:
        floor_m, height = (size[0], size[1]), size[2]
    elif small:
        floor_m = (rng.uniform(2.2, 4.5), rng.uniform(2.2, 4.5))
    elif kind < 0.05:
        floor_m = (rng.uniform(1.5, 2.3), rng.uniform(4, 9))  # a corridor
    elif kind < 0.12:
        floor_m = (rng.uniform(7, 12), rng.uniform(6, 10))  # a classroom, an open office, a hall
        height += float(rng.uniform(0, 0.8))
    elif kind < 0.4:
        floor_m = (rng.uniform(4.5, 8), rng.uniform(4.5, 7))
    else:
        floor_m = (rng.uniform(2.6, 5.5), rng.uniform(2.6, 5.0))
    shell = Shell(float(floor_m[0]), float(floor_m[1]), height)
    wall, accent, floor, ceiling = _finishes(palette)
    if openings is None:
        _cut_openings(rng, shell)
    else:
        shell.openings.extend(openings)
    w, d, h = shell.width, shell.depth, shell.height
    shell.meshes.append(floor.on(quad((0, 0, 0), (w, 0, 0), (0, d, 0), floor.tile_m)))
    over = quad((-_FIN_M, d + _FIN_M, h), (w + 2 * _FIN_M, 0, 0), (0, -d - 2 * _FIN_M, 0), ceiling.tile_m)
    shell.meshes.append(ceiling.on(over))
    chosen = int(rng.integers(4))
    board = [float(v) for v in random_colour(rng, 0.3) ** 2]
    for side in range(4):
        finish = accent if side == chosen else wall
        shell.meshes.append(finish.on(_wall(shell, side, finish.tile_m)))
    if rng.random() < 0.75:
        _skirt(shell, board, float(rng.uniform(0.05, 0.14)))
    for o in shell.openings:
        if o.kind == "window":
            add_window(shell, palette, o)
        elif o.kind == "door":
            add_door(shell, palette, o)
        else:
            add_side_room(shell, palette, o, wall, floor)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.65, 0.25, 0.1]))):
        if min(w, d) > 3 and size is None:
            _divide(rng, shell, wall)
    if rng.random() < 0.2:  # pipes or beams under the ceiling
        for _ in range(int(rng.integers(1, 5))):
            z, y = h - float(rng.uniform(0.08, 0.3)), float(rng.uniform(0.1, d - 0.1))
            pipe = tube(np.array([[0, y, z], [w, y, z]]), float(rng.uniform(0.02, 0.09)), 10)
            shell.meshes.append(pipe.painted((0.5,) * 3, -1, 0.3))
    return shell


def _finishes(palette: Palette) -> tuple[Material, Material, Material, Material]:
    """Return the materials of the walls, the accent wall, the floor and the ceiling."""
    rng = palette.rng

    def wall() -> Material:
        kind = rng.random()
        pale = [float(v) for v in random_colour(rng, 0.22, (0.62, 0.97)) ** 2]
        if kind < 0.1:
            pale = list(muted(rng, 0.3))
        if kind < 0.45:
            return Material(pale, palette.add(paint(rng)), float(rng.uniform(1, 4)), 0.03)
        if kind < 0.75:  # painted plaster, wallpaper or brick, with the relief of a photograph
            relief = palette.relief("Plaster", "Plaster", "Wallpaper", "Concrete", "Bricks", "Paint")
            if relief is not None:
                return Material(pale, relief, float(rng.uniform(0.8, 2.5)), 0.03)
        if kind < 0.94:
            tile = palette.tile(*_WALL_TILES)
            if tile is not None:
                tone = float(rng.uniform(0.6, 1.0))
                return Material([tone] * 3, tile, float(rng.uniform(0.6, 2.5)), float(rng.uniform(0, 0.3)))
        pattern = (stripes, dots, checker, mottled)[int(rng.integers(4))](rng)
        pattern = (0.6 * pattern.mean(axis=(0, 1)) + 0.4 * pattern).astype(
            np.uint8
        )  # patterns on walls have little contrast
        return Material([0.8, 0.8, 0.8], palette.add(pattern), float(rng.uniform(0.5, 2.5)), 0.05)

    def floor() -> Material:
        tile = palette.tile(*_FLOOR_TILES)
        gloss = float(rng.uniform(0, 0.5))
        if tile is not None and rng.random() < 0.85:
            return Material([float(rng.uniform(0.5, 1.0))] * 3, tile, float(rng.uniform(0.7, 2.5)), gloss)
        make = (wood, checker, mottled, wood)[int(rng.integers(4))]
        return Material([0.9, 0.9, 0.9], palette.add(make(rng)), float(rng.uniform(0.8, 2.5)), gloss)

    main = wall()
    tile = palette.tile("OfficeCeiling", "Planks", "Concrete") if rng.random() < 0.15 else None
    white = float(rng.uniform(0.6, 0.9))
    ceiling = Material([white, white, white * 0.97], palette.add(paint(rng)) if tile is None else tile, 1.2, 0.0)
    return main, (wall() if rng.random() < 0.25 else main), floor(), ceiling


def _cut_openings(rng: Generator, shell: Shell) -> None:
    """Add random windows, doors and passages that do not overlap. Those without a free place are left out."""
    for kind, count in (
        ("window", rng.choice([0, 1, 2, 3], p=[0.3, 0.4, 0.2, 0.1])),
        ("door", rng.integers(0, 3)),
        ("passage", rng.random() < 0.35),
    ):
        for _ in range(int(count)):
            side = int(rng.integers(4))
            if kind == "window":
                width = float(rng.uniform(0.5, 2.2))
                low = float(rng.choice([0.05, 0.8, 1.0, 1.2]) * rng.uniform(0.9, 1.1))
                high = min(low + float(rng.uniform(0.7, 1.6)) + (1.0 if low < 0.2 else 0.0), shell.height - 0.1)
            else:
                width, low = float(rng.uniform(0.7, 1.1 if kind == "door" else 1.8)), 0.0
                high = float(rng.uniform(1.98, 2.12))
            if width > shell.length(side) - 0.6:
                continue
            a = float(rng.uniform(0.3, shell.length(side) - 0.3 - width))
            if not any(o.meets(side, a - 0.35, a + width + 0.35) for o in shell.openings):
                shell.openings.append(Opening(side, a, a + width, low, high, kind))


def _panel(shell: Shell, side: int, a: float, b: float, low: float, high: float, tile_m: float) -> Mesh:
    x0, y0 = shell.at(side, a, 0.0)
    x1, y1 = shell.at(side, b, 0.0)
    mesh = quad((x0, y0, low), (x1 - x0, y1 - y0, 0), (0, 0, high - low))
    uv = np.array([[a, -low], [b, -low], [b, -high], [a, -high]], np.float32) / np.float32(tile_m)
    return replace(mesh, uv=uv)


def _wall(shell: Shell, side: int, tile_m: float) -> Mesh:
    """Return a wall with holes for its openings, made of panels between the edges of the openings."""
    holes = [o for o in shell.openings if o.side == side and o.kind != "door"]
    edges = sorted({0.0, shell.length(side), *(o.a for o in holes), *(o.b for o in holes)})
    panels = []
    for a, b in pairwise(edges):
        inside = sorted((o.low, o.high) for o in holes if o.a < (a + b) / 2 < o.b)
        z = 0.0
        for low, high in [*inside, (shell.height, shell.height)]:
            if low > z + 1e-6:
                panels.append(_panel(shell, side, a, b, z, low, tile_m))
            z = max(z, high)
    length, top = shell.length(side), shell.height + _FIN_M
    panels += [
        _panel(shell, side, -_FIN_M, 0.0, 0.0, top, tile_m),
        _panel(shell, side, length, length + _FIN_M, 0.0, top, tile_m),
        _panel(shell, side, 0.0, length, shell.height, top, tile_m),
    ]
    return merge(panels)


def _skirt(shell: Shell, colour: list[float], tall_m: float) -> None:
    """Add a skirting board along every wall, between the openings that reach the floor."""
    for side in range(4):
        stops = sorted((o.a - 0.08, o.b + 0.08) for o in shell.openings if o.side == side and o.low < 0.1)
        begin = 0.0
        for a, b in [*stops, (shell.length(side), shell.length(side))]:
            if a - begin > 0.02:
                skirting = box((a - begin, 0.03, tall_m)).painted(colour, -1, 0.2)
                shell.meshes.append(shell.at_wall(skirting, side, (a + begin) / 2, 0.0, 0.0))
            begin = b


def _divide(rng: Generator, shell: Shell, wall: Material) -> None:
    """Add an inner wall at a right angle to a wall, or a pillar."""
    w, d, h = shell.width, shell.depth, shell.height
    thin = rng.random() < 0.6
    extent = (float(rng.uniform(0.8, min(w, d) * 0.45)), 0.12) if thin else (float(rng.uniform(0.2, 0.5)),) * 2
    side = int(rng.integers(2))
    along = float(rng.uniform(0.25, 0.75)) * (d if thin else w)
    x, y = (extent[0] / 2, along) if thin else (along, float(rng.uniform(0.2, d - 0.2)))
    x = w - x if thin and side else x
    low = np.array([x - extent[0] / 2, y - extent[1] / 2, 0.0])
    high = np.array([x + extent[0] / 2, y + extent[1] / 2, h])
    shell.solids.append((low, high))
    shell.meshes.append(wall.on(box((extent[0], extent[1], h), wall.tile_m)).moved((x, y, 0)))
