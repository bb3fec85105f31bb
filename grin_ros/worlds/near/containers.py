# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Containers that are open at the top: totes, cartons, crates, wire baskets; and conveyors and compartments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from grin_ros.worlds.indoor import goods
from grin_ros.worlds.near.heaps import strong
from grin_ros.worlds.shapes.bodies import Body, Top
from grin_ros.worlds.shapes.mesh import Mesh, box, boxes, cylinder, merge, tube
from grin_ros.worlds.surfaces.materials import made_of, timber
from grin_ros.worlds.surfaces.palette import Palette

Size = tuple[float, float, float]


def _walls(size: Size, thick_m: float) -> Mesh:
    """Return the floor and the four walls of a box of outer size x, y, z."""
    x, y, z = size
    low = np.array([[-x, -y, 0], [-x, -y, 0], [-x, y - 2 * thick_m, 0], [-x, -y, 0], [x - 2 * thick_m, -y, 0]]) / 2
    high = np.array([[x, y, 0], [x, -y + 2 * thick_m, 0], [x, y, 0], [-x + 2 * thick_m, y, 0], [x, y, 0]]) / 2
    high[:, 2] = z
    high[0, 2] = thick_m
    return boxes(low, high)


def tote(palette: Palette, size: Size) -> Mesh:
    """Return a plastic tote with a rim and ribs, wider at the top."""
    rng, paint = palette.rng, strong(palette)
    x, y, z = size
    rim = float(rng.uniform(0.01, 0.03))
    edge = np.array([[-x / 2 - rim, -y / 2 - rim, z - 0.02], [-x / 2 - rim, y / 2, z - 0.02]])
    edge = np.concatenate([edge, [[-x / 2 - rim, -y / 2, z - 0.02], [x / 2, -y / 2, z - 0.02]]])
    reach = np.array([[x + 2 * rim, rim, 0.02], [x + 2 * rim, rim, 0.02], [rim, y, 0.02], [rim, y, 0.02]])
    parts = [_walls(size, 0.004), boxes(edge, edge + reach)]
    if rng.random() < 0.6:
        for side in (-1, 1):
            at = np.linspace(-0.42, 0.42, int(rng.integers(3, 9))) * x
            low = np.stack([at, np.full(len(at), side * y / 2 - 0.004), np.full(len(at), 0.02)], 1)
            parts.append(boxes(low, low + np.array([0.008, 0.008, z - 0.05])))
    mesh = paint(merge(parts))
    taper = 1 - float(rng.uniform(0.0, 0.14)) * (1 - mesh.vertices[:, 2:] / z)
    return replace(mesh, vertices=(mesh.vertices * np.concatenate([taper, taper, 1 + 0 * taper], 1)).astype(np.float32))


def carton(palette: Palette, size: Size) -> Mesh:
    """Return an open cardboard box whose flaps point outwards."""
    rng = palette.rng
    x, y, z = size
    tile = palette.tile("Cardboard") if rng.random() < 0.5 else None
    layer = goods.printed_layer(palette, "carton", 4) if tile is None else tile
    tone = [float(rng.uniform(0.6, 1.0))] * 3
    parts = [_walls(size, 0.005)]
    for side in (-1, 1):
        if rng.random() < 0.85:
            flap = box((x, 0.004, 0.45 * y)).tilted(0, -side * float(rng.uniform(0.6, 2.7)))
            parts.append(flap.moved((0, side * y / 2, z)))
        if rng.random() < 0.85:
            flap = box((0.004, y, 0.3 * x)).tilted(1, side * float(rng.uniform(0.6, 2.7)))
            parts.append(flap.moved((side * x / 2, 0, z)))
    return merge(parts).painted(tone, layer, 0.02)


def crate(palette: Palette, size: Size) -> Mesh:
    """Return a crate of wooden slats, or of plastic ones."""
    rng = palette.rng
    paint = timber(palette) if rng.random() < 0.7 else strong(palette)
    x, y, z = size
    rows = int(rng.integers(2, 5))
    foot = np.linspace(0.0, z - 0.8 * z / rows, rows)
    parts = [box((x, y, 0.008))]
    for side in (-1, 1):
        for k in foot:
            parts.append(box((x, 0.01, 0.75 * z / rows)).moved((0, side * y / 2, float(k))))
            parts.append(box((0.01, y, 0.75 * z / rows)).moved((side * x / 2, 0, float(k))))
        parts += [box((0.025, 0.025, z)).moved((side * (x / 2 - 0.015), s * (y / 2 - 0.015), 0)) for s in (-1, 1)]
    return paint(merge(parts))


def wire_basket(palette: Palette, size: Size) -> Mesh:
    """Return a basket of bent wire."""
    x, y, z = size
    radius, parts = float(palette.rng.uniform(0.0015, 0.003)), []
    for u in np.linspace(-x / 2, x / 2, max(int(x / 0.05), 4)):
        path = np.array([[u, -y / 2, z], [u, -y / 2, 0.0], [u, y / 2, 0.0], [u, y / 2, z]])
        parts.append(tube(path, radius, 4))
    for v in np.linspace(-y / 2, y / 2, max(int(y / 0.05), 4)):
        path = np.array([[-x / 2, v, z], [-x / 2, v, 0.0], [x / 2, v, 0.0], [x / 2, v, z]])
        parts.append(tube(path, radius, 4))
    for w in np.linspace(0.0, z, 4):
        ring = np.array([[-x, -y], [x, -y], [x, y], [-x, y], [-x, -y]]) / 2
        parts.append(tube(np.concatenate([ring, np.full((5, 1), w)], 1), radius * (2 if w == z else 1), 4))
    return made_of(palette, "metal", "plastic")(merge(parts)).moved((0, 0, radius))


CONTAINERS: tuple[tuple[Callable[[Palette, Size], Mesh], float], ...] = (
    (tote, 0.5),
    (carton, 0.22),
    (crate, 0.14),
    (wire_basket, 0.14),
)


def container(palette: Palette, size: Size) -> Mesh:
    """Return a container of any kind, of an outer size x, y, z, on z = 0."""
    shares = np.array([share for _, share in CONTAINERS])
    return CONTAINERS[int(palette.rng.choice(len(CONTAINERS), p=shares / shares.sum()))][0](palette, size)


def conveyor(palette: Palette, size: Size) -> Body:
    """Return a belt or a row of rollers between side rails, on legs. Its surface is a top."""
    rng = palette.rng
    x, y, z = size
    frame, rail = made_of(palette, "metal"), strong(palette)
    parts = [rail(box((x, 0.03, 0.12))).moved((0, s * (y / 2 + 0.02), z - 0.08)) for s in (-1, 1)]
    if rng.random() < 0.65:
        belt = palette.relief("Rubber", "Fabric", "Leather")
        shade = [float(rng.choice([0.015, 0.03, 0.08, 0.02]))] * 3 if rng.random() < 0.8 else [0.05, 0.2, 0.12]
        parts.append(box((x, y, 0.05)).painted(shade, -1 if belt is None else belt, 0.1).moved((0, 0, z - 0.05)))
    else:
        step = float(rng.uniform(0.06, 0.12))
        roller = frame(cylinder(0.4 * step, y, 12)).tilted(0, np.pi / 2)
        parts += [roller.moved((float(u), y / 2, z - 0.4 * step)) for u in np.arange(-x / 2 + step, x / 2, step)]
    legs = [(u, s * y / 2) for u in np.linspace(-0.45, 0.45, 3) * x for s in (-1, 1)]
    parts += [frame(box((0.05, 0.05, z - 0.08))).moved((float(u), float(v), 0)) for u, v in legs]
    return Body(merge(parts), (Top(0, 0, x / 2 - 0.05, y / 2 - 0.01, z),))


def compartments(palette: Palette, size: Size, columns: int, rows: int) -> Body:
    """Return a shelf of compartments that are open to the front (-y). The floor of each is a top."""
    x, y, z = size
    paint, thick = (strong(palette) if palette.rng.random() < 0.5 else timber(palette)), 0.012
    wide, tall = x / columns, z / rows
    parts = [box((x, thick, z)).moved((0, y / 2, 0))]
    parts += [box((x, y, thick)).moved((0, 0, float(k) * tall)) for k in range(rows + 1)]
    parts += [box((thick, y, z)).moved((-x / 2 + float(k) * wide, 0, 0)) for k in range(columns + 1)]
    if palette.rng.random() < 0.6:  # a lip keeps things in
        parts += [box((x, thick, 0.04)).moved((0, -y / 2, float(k) * tall)) for k in range(rows)]
    tops = tuple(
        Top(-x / 2 + (c + 0.5) * wide, 0, wide / 2 - 0.02, y / 2 - 0.02, r * tall + thick, tall - 0.03)
        for r in range(rows)
        for c in range(columns)
    )
    return Body(paint(merge(parts)), tops)
