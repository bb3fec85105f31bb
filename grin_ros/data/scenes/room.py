# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The shell of a room: floor, ceiling, walls with windows, doors and openings to a side room, and what belongs to walls."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from grin_ros.data.scenes.mesh import Mesh, box, merge, quad, surface, tube
from grin_ros.data.scenes.textures import (
    Palette,
    checker,
    doors,
    dots,
    mottled,
    outside,
    paint,
    random_colour,
    stripes,
    wood,
)

YAWS = (
    0.0,
    np.pi / 2,
    np.pi,
    -np.pi / 2,
)  # of things with their back to the wall at y = depth, x = 0, y = 0, x = width


@dataclass(frozen=True)
class Opening:
    """A hole in a wall side: from a to b along the wall, from low to high above the floor (metres); kind 'window', 'door' or 'passage'."""

    side: int
    a: float
    b: float
    low: float
    high: float
    kind: str


@dataclass
class Shell:
    """A room of width x depth x height metres with its corner at the origin. meshes cast shadows; panes (windows) do not."""

    width: float
    depth: float
    height: float
    openings: list[Opening] = field(default_factory=list)
    meshes: list[Mesh] = field(default_factory=list)
    panes: list[Mesh] = field(default_factory=list)
    solids: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = field(
        default_factory=list
    )  # inner walls and pillars

    def length(self, side: int) -> float:
        return self.width if side in (0, 2) else self.depth

    def at(self, side: int, along: float, off: float) -> tuple[float, float]:
        """Floor point at a distance off from a wall; along runs left to right as seen from inside, facing the wall."""
        w, d = self.width, self.depth
        return ((along, d - off), (off, along), (w - along, off), (w - off, d - along))[side]


def _materials(palette: Palette) -> tuple[tuple[list[float], int, float, float], ...]:
    """Wall, accent wall, floor, ceiling, each (colour, layer, metres a tile, gloss)."""
    rng = palette.rng

    def wall() -> tuple[list[float], int, float, float]:
        kind = rng.random()
        pale = [float(v) for v in random_colour(rng, 0.25, (0.6, 0.97)) ** 2]
        if kind < 0.62:
            return pale, palette.add(paint(rng)), float(rng.uniform(1, 4)), 0.03
        if kind < 0.8:
            tile = palette.tile(
                "Wallpaper", "Plaster", "Concrete", "Bricks", "Tiles", "WoodSiding", "Planks", "Paint", "Marble"
            )
            if tile is not None:
                return (
                    [float(v) for v in 1 - 0.3 * rng.random(3)],
                    tile,
                    float(rng.uniform(0.6, 2.5)),
                    float(rng.uniform(0, 0.3)),
                )
        pattern = (stripes, dots, checker, mottled)[int(rng.integers(4))](rng)
        return [0.8, 0.8, 0.8], palette.add(pattern), float(rng.uniform(0.5, 2.5)), 0.05

    def floor() -> tuple[list[float], int, float, float]:
        tile = palette.tile(
            "WoodFloor", "WoodFloor", "Tiles", "Carpet", "Concrete", "Terrazzo", "Marble", "Planks", "Tatami"
        )
        gloss = float(rng.uniform(0, 0.5))
        if tile is not None and rng.random() < 0.7:
            return [float(v) for v in 1 - 0.3 * rng.random(3)], tile, float(rng.uniform(0.7, 2.5)), gloss
        make = (wood, checker, mottled, wood)[int(rng.integers(4))]
        return [0.9, 0.9, 0.9], palette.add(make(rng)), float(rng.uniform(0.8, 2.5)), gloss

    main = wall()
    tile = palette.tile("OfficeCeiling", "Planks", "Concrete") if rng.random() < 0.15 else None
    white = float(rng.uniform(0.6, 0.9))
    ceiling = ([white, white, white * 0.97], palette.add(paint(rng)) if tile is None else tile, 1.2, 0.0)
    return main, (wall() if rng.random() < 0.25 else main), floor(), ceiling


def _panel(shell: Shell, side: int, a: float, b: float, low: float, high: float, metres: float) -> Mesh:
    x0, y0 = shell.at(side, a, 0.0)
    x1, y1 = shell.at(side, b, 0.0)
    mesh = quad((x0, y0, low), (x1 - x0, y1 - y0, 0), (0, 0, high - low))
    uv = np.array([[a, -low], [b, -low], [b, -high], [a, -high]], np.float32) / np.float32(metres)
    return Mesh(mesh.vertices, mesh.normals, uv, mesh.colour, mesh.layer, mesh.gloss, mesh.glow, mesh.indices)


def _wall(shell: Shell, side: int, metres: float) -> Mesh:
    """The wall around its openings: columns between the openings' edges."""
    holes = [o for o in shell.openings if o.side == side and o.kind != "door"]
    edges = sorted({0.0, shell.length(side), *(o.a for o in holes), *(o.b for o in holes)})
    panels = []
    for a, b in zip(edges[:-1], edges[1:], strict=True):
        inside = sorted((o.low, o.high) for o in holes if o.a < (a + b) / 2 < o.b)
        z = 0.0
        for low, high in [*inside, (shell.height, shell.height)]:
            if low > z + 1e-6:
                panels.append(_panel(shell, side, a, b, z, low, metres))
            z = max(z, high)
    length, fin = (
        shell.length(side),
        0.3,
    )  # beyond the corners, outside the room: else sunlight leaks in along the edges
    panels += [
        _panel(shell, side, -fin, 0.0, 0.0, shell.height + fin, metres),
        _panel(shell, side, length, length + fin, 0.0, shell.height + fin, metres),
    ]
    panels.append(_panel(shell, side, 0.0, length, shell.height, shell.height + fin, metres))
    return merge(panels)


def _stuck(shell: Shell, mesh: Mesh, side: int, along: float, off: float, z: float) -> Mesh:
    """The mesh with its back plane y = 0 turned to the wall."""
    x, y = shell.at(side, along, off)
    return mesh.moved((x, y, z), YAWS[side])


def _window(shell: Shell, palette: Palette, o: Opening) -> None:
    rng = palette.rng
    width, height, middle = o.b - o.a, o.high - o.low, (o.a + o.b) / 2
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
        trim = [
            box((width + 0.14, 0.02, 0.07)).moved((0, 0, height)),
            *(box((0.07, 0.02, height)).moved((s * (width / 2 + 0.035), 0, 0)) for s in (-1, 1)),
        ]
        bars += trim
    shell.meshes += [_stuck(shell, merge(reveal + bars).painted(white, -1, 0.15), o.side, middle, 0.0, o.low)]
    pane = quad((-width / 2, deep, 0), (width, 0, 0), (0, 0, height), 0.0)
    glow = float(rng.uniform(0.8, 3.0))
    shell.panes.append(
        _stuck(shell, pane.painted((1, 1, 1), palette.add(outside(rng)), 0.3, glow), o.side, middle, 0.0, o.low)
    )
    covering = rng.random()
    if covering < 0.35:
        _curtains(shell, palette, o)
    elif covering < 0.5:
        slat = box((width, 0.03, 0.003)).tilted(0, float(rng.uniform(-0.9, 0.9)))
        drop = height * float(rng.uniform(0.2, 1.0))
        slats = merge([slat.moved((0, 0, height - z)) for z in np.arange(0.03, drop, 0.04)])
        shell.meshes.append(_stuck(shell, slats.painted(white), o.side, middle, -0.01, o.low))


def _curtains(shell: Shell, palette: Palette, o: Opening) -> None:
    rng = palette.rng
    top = min(o.high + 0.15, shell.height - 0.03)
    bottom = 0.03 if rng.random() < 0.6 else max(o.low - 0.2, 0.03)
    colour = [float(v) for v in random_colour(rng, 0.8) ** 2]
    layer = palette.any() if rng.random() < 0.5 else -1
    for start, sign in ((o.a - 0.15, 1), (o.b + 0.15, -1)):
        span = (o.b - o.a) * float(rng.uniform(0.12, 0.5))
        u = np.linspace(0, 1, 40)
        wave = 0.035 * np.sin(u * 2 * np.pi * max(span / 0.12, 2) + rng.uniform(0, 6))
        points = np.array(
            [
                shell.at(o.side, float(np.clip(start + sign * span * k, 0.02, shell.length(o.side) - 0.02)), 0.09 + w)
                for k, w in zip(u, wave, strict=True)
            ]
        )
        rows = [np.concatenate([points, np.full((40, 1), z)], 1) for z in (bottom, top)]
        tangent = np.gradient(points, axis=0)
        normal = np.stack([tangent[:, 1], -tangent[:, 0], np.zeros(40)], 1)
        uv = np.concatenate([np.stack([u * span * 2, np.full(40, v)], 1) for v in ((top - bottom), 0.0)])
        i = np.arange(39)
        faces = np.concatenate([np.stack([i, i + 1, i + 41], 1), np.stack([i, i + 41, i + 40], 1)])
        shell.meshes.append(
            surface(np.concatenate(rows), np.concatenate([normal, normal]), uv, faces).painted(colour, layer, 0.02)
        )
    ends = [
        (*shell.at(o.side, float(np.clip(s, 0.02, shell.length(o.side) - 0.02)), 0.09), top)
        for s in (o.a - 0.25, o.b + 0.25)
    ]
    shell.meshes.append(tube(np.array(ends), 0.012, 6).painted((0.3, 0.25, 0.2), -1, 0.4))


def _door(shell: Shell, palette: Palette, o: Opening) -> None:
    rng = palette.rng
    width, height = o.b - o.a, o.high
    colour = [float(rng.uniform(0.4, 0.9))] * 3 if rng.random() < 0.5 else [0.9, 0.85, 0.8]
    layer = palette.add((wood, doors)[int(rng.random() < 0.6)](rng))
    leaf = box((width, 0.03, height), 0.0).painted(colour, layer, 0.2)
    frame = [box((0.08, 0.06, height)).moved((s * (width / 2 + 0.04), 0, 0)) for s in (-1, 1)]
    frame.append(box((width + 0.16, 0.06, 0.08)).moved((0, 0, height)))
    handle = tube(
        np.array([[width * 0.4, -0.02, 1.02], [width * 0.4, -0.07, 1.02], [width * 0.28, -0.07, 1.02]]), 0.01
    ).painted((0.5,) * 3, -1, 0.7)
    white = [float(rng.uniform(0.3, 0.9))] * 3
    shell.meshes.append(
        _stuck(shell, merge([leaf, merge(frame).painted(white), handle]), o.side, (o.a + o.b) / 2, 0.01, 0.0)
    )


def _side_room(
    shell: Shell,
    palette: Palette,
    o: Opening,
    wall: tuple[list[float], int, float, float],
    floor: tuple[list[float], int, float, float],
) -> None:
    """A closed, bare space behind a passage."""
    rng = palette.rng
    deep, left, right = float(rng.uniform(1.0, 4.5)), float(rng.uniform(0.1, 1.5)), float(rng.uniform(0.1, 1.5))
    width, height = o.b - o.a + left + right, shell.height
    x = -(o.b - o.a) / 2 - left
    sides = [
        quad((x, deep + 0.12, 0), (width, 0, 0), (0, 0, height), wall[2]),
        quad((x, 0.12, 0), (0, deep, 0), (0, 0, height), wall[2]),
        quad((x + width, 0.12, 0), (0, deep, 0), (0, 0, height), wall[2]),
        quad((x, 0.12, 0), (left, 0, 0), (0, 0, height), wall[2]),
        quad((x + width - right, 0.12, 0), (right, 0, 0), (0, 0, height), wall[2]),
        quad((x, 0.0, height), (width, 0, 0), (0, deep + 0.12, 0), wall[2]),
        quad((x + left, 0.0, o.high), (o.b - o.a, 0, 0), (0, 0.12, 0), wall[2]),
        quad((x + left, 0.12, o.high), (o.b - o.a, 0, 0), (0, 0, height - o.high), wall[2]),
        quad((x + left, 0.0, 0), (0, 0.12, 0), (0, 0, o.high), wall[2]),
        quad((x + width - right, 0.0, 0), (0, 0.12, 0), (0, 0, o.high), wall[2]),
    ]
    ground = quad((x, 0.0, 0), (width, 0, 0), (0, deep + 0.12, 0), floor[2]).painted(floor[0], floor[1], floor[3])
    thing = (
        box((0.7, 0.5, float(rng.uniform(0.5, 2.0))), 0.0)
        .painted((1, 1, 1), palette.any())
        .moved((x + width / 2, deep - 0.3, 0))
    )
    frame = [box((0.07, 0.04, o.high)).moved((s * ((o.b - o.a) / 2 + 0.035), -0.01, 0)) for s in (-1, 1)]
    white = [float(rng.uniform(0.3, 0.9))] * 3
    whole = merge([merge(sides).painted(wall[0], wall[1], wall[3]), ground, thing, merge(frame).painted(white)])
    shell.meshes.append(_stuck(shell, whole, o.side, (o.a + o.b) / 2, 0.0, 0.0))


def build_shell(palette: Palette) -> Shell:
    """A random empty room."""
    rng = palette.rng
    kind = rng.random()
    if kind < 0.12:
        size = (rng.uniform(1.5, 2.3), rng.uniform(4, 9))  # a corridor
    elif kind < 0.25:
        size = (rng.uniform(5, 9), rng.uniform(5, 9))
    else:
        size = (rng.uniform(2.8, 6.0), rng.uniform(2.8, 6.0))
    shell = Shell(float(size[0]), float(size[1]), float(np.clip(rng.normal(2.6, 0.2), 2.2, 3.4)))
    wall, accent, floor, ceiling = _materials(palette)
    used = []
    for kind_name, count in (
        ("window", rng.choice([0, 1, 2, 3], p=[0.3, 0.4, 0.2, 0.1])),
        ("door", rng.integers(0, 3)),
        ("passage", rng.random() < 0.35),
    ):
        for _ in range(int(count)):
            side = int(rng.integers(4))
            if kind_name == "window":
                width, low = (
                    float(rng.uniform(0.5, 2.2)),
                    float(rng.choice([0.05, 0.8, 1.0, 1.2]) * rng.uniform(0.9, 1.1)),
                )
                high = min(low + float(rng.uniform(0.7, 1.6)) + (1.0 if low < 0.2 else 0.0), shell.height - 0.1)
            else:
                width, low, high = (
                    float(rng.uniform(0.7, 1.1 if kind_name == "door" else 1.8)),
                    0.0,
                    float(rng.uniform(1.98, 2.12)),
                )
            if width > shell.length(side) - 0.6:
                continue
            a = float(rng.uniform(0.3, shell.length(side) - 0.3 - width))
            if any(s == side and a < e + 0.35 and a + width > b - 0.35 for s, b, e in used):
                continue
            used.append((side, a, a + width))
            shell.openings.append(Opening(side, a, a + width, low, high, kind_name))
    w, d, h = shell.width, shell.depth, shell.height
    shell.meshes.append(quad((0, 0, 0), (w, 0, 0), (0, d, 0), floor[2]).painted(floor[0], floor[1], floor[3]))
    shell.meshes.append(
        quad((-0.3, d + 0.3, h), (w + 0.6, 0, 0), (0, -d - 0.6, 0), ceiling[2]).painted(
            ceiling[0], ceiling[1], ceiling[3]
        )
    )
    chosen = int(rng.integers(4))
    board = [float(v) for v in random_colour(rng, 0.3) ** 2]
    for side in range(4):
        colour, layer, metres, gloss = accent if side == chosen else wall
        shell.meshes.append(_wall(shell, side, metres).painted(colour, layer, gloss))
    if rng.random() < 0.75:
        tall = float(rng.uniform(0.05, 0.14))
        for side in range(4):
            stops = sorted((o.a - 0.08, o.b + 0.08) for o in shell.openings if o.side == side and o.low < 0.1)
            begin = 0.0
            for a, b in [*stops, (shell.length(side), shell.length(side))]:
                if a - begin > 0.02:
                    skirting = box((a - begin, 0.03, tall)).painted(board, -1, 0.2)
                    shell.meshes.append(_stuck(shell, skirting, side, (a + begin) / 2, 0.0, 0.0))
                begin = b
    for o in shell.openings:
        if o.kind == "window":
            _window(shell, palette, o)
        elif o.kind == "door":
            _door(shell, palette, o)
        else:
            _side_room(shell, palette, o, wall, floor)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.65, 0.25, 0.1]))):
        if min(w, d) > 3:
            thin = rng.random() < 0.6
            extent = (float(rng.uniform(0.8, min(w, d) * 0.45)), 0.12) if thin else (float(rng.uniform(0.2, 0.5)),) * 2
            side = int(rng.integers(2))  # the inner wall leaves a wall at a right angle
            along = float(rng.uniform(0.25, 0.75)) * (d if thin else w)
            x, y = (extent[0] / 2, along) if thin else (along, float(rng.uniform(0.2, d - 0.2)))
            x = w - x if thin and side else x
            low, high = (
                np.array([x - extent[0] / 2, y - extent[1] / 2, 0.0]),
                np.array([x + extent[0] / 2, y + extent[1] / 2, h]),
            )
            shell.solids.append((low, high))
            shell.meshes.append(
                box((extent[0], extent[1], h), wall[2]).painted(wall[0], wall[1], wall[3]).moved((x, y, 0))
            )
    if rng.random() < 0.2:  # pipes or beams under the ceiling
        for _ in range(int(rng.integers(1, 5))):
            z, y = h - float(rng.uniform(0.08, 0.3)), float(rng.uniform(0.1, d - 0.1))
            shell.meshes.append(
                tube(np.array([[0, y, z], [w, y, z]]), float(rng.uniform(0.02, 0.09)), 10).painted((0.5,) * 3, -1, 0.3)
            )
    return shell
