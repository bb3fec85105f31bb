# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Furniture built from basic shapes. It is used alone if there are no models, otherwise together with them."""

from __future__ import annotations

import numpy as np

from grin_ros.worlds.shapes.bodies import Body, Top
from grin_ros.worlds.shapes.mesh import box, cylinder, merge, tube
from grin_ros.worlds.surfaces.materials import albedo, finish, timber
from grin_ros.worlds.surfaces.palette import Palette
from grin_ros.worlds.surfaces.textures import doors


def table(palette: Palette, size: tuple[float, float, float] | None = None) -> Body:
    """Return a table or desk on four legs, sometimes with drawers or a crossbar."""
    rng = palette.rng
    x, y, z = size or (rng.uniform(0.6, 2.0), rng.uniform(0.45, 1.0), rng.uniform(0.4, 0.95))
    paint, leg_paint = timber(palette), timber(palette)
    thick, leg = float(rng.uniform(0.015, 0.05)), float(rng.uniform(0.02, 0.07))
    parts = [paint(box((x, y, thick))).moved((0, 0, z - thick))]
    for sx in (-1, 1):
        for sy in (-1, 1):
            shape = box((leg, leg, z - thick)) if rng.random() < 0.6 else cylinder(leg / 2, z - thick, 10)
            parts.append(leg_paint(shape).moved((sx * (x / 2 - leg), sy * (y / 2 - leg), 0)))
    if rng.random() < 0.35:
        parts.append(paint(box((0.4 * x, y * 0.9, z * 0.7))).moved((x * 0.28, 0, z * 0.28)))
    elif rng.random() < 0.4:
        parts.append(leg_paint(box((x - 2 * leg, leg * 0.6, leg * 0.8))).moved((0, 0, z * rng.uniform(0.15, 0.8))))
    return Body(merge(parts), (Top(0, 0, x / 2, y / 2, z),))


def shelf(palette: Palette) -> Body:
    """Return an open shelf. Things may stand on each board."""
    rng = palette.rng
    x, y, z = rng.uniform(0.5, 1.6), rng.uniform(0.22, 0.5), rng.uniform(0.7, 2.2)
    boards, thick = int(rng.integers(2, 7)), float(rng.uniform(0.012, 0.04))
    paint = timber(palette)
    parts, tops = [], []
    gap = (z - thick) / boards
    for k in range(boards + 1):
        height = 0.04 if k == 0 else k * gap
        parts.append(paint(box((x, y, thick))).moved((0, 0, height)))
        tops.append(Top(0, 0, x / 2 - 0.03, y / 2, height + thick, gap - thick - 0.02 if k < boards else 0.6))
    if rng.random() < 0.6:
        parts += [paint(box((thick, y, z))).moved((s * (x - thick) / 2, 0, 0)) for s in (-1, 1)]
        if rng.random() < 0.7:
            parts.append(paint(box((x, 0.008, z))).moved((0, y / 2, 0)))
    else:
        parts += [
            paint(box((0.03, 0.03, z))).moved((s * (x - 0.03) / 2, t * (y - 0.03) / 2, 0))
            for s in (-1, 1)
            for t in (-1, 1)
        ]
    return Body(merge(parts), tuple(tops))


def cabinet(palette: Palette, size: tuple[float, float, float] | None = None) -> Body:
    """Return a closed cupboard, machine or counter with a panelled front."""
    rng = palette.rng
    x, y, z = size or (
        rng.uniform(0.4, 1.8),
        rng.uniform(0.35, 0.65),
        float(rng.choice([0.5, 0.8, 0.9, 1.3, 2.0])) * rng.uniform(0.9, 1.1),
    )
    paint = timber(palette)
    front = box((x - 0.01, 0.02, z - 0.08), 0.0).painted((1, 1, 1), palette.add(doors(rng)), float(rng.uniform(0, 0.4)))
    parts = [paint(box((x, y, z))), front.moved((0, -y / 2, 0.05))]
    if z < 1.1:
        parts.append(timber(palette)(box((x + 0.02, y + 0.03, 0.03))).moved((0, 0, z)))
    return Body(merge(parts), (Top(0, 0, x / 2, y / 2, z + 0.03 * (z < 1.1)),) if z < 1.5 else ())


def seat(palette: Palette) -> Body:
    """Return a chair."""
    rng = palette.rng
    x, y, z, back = rng.uniform(0.38, 0.55), rng.uniform(0.38, 0.55), rng.uniform(0.4, 0.5), rng.uniform(0.3, 0.55)
    paint, leg = timber(palette), float(rng.uniform(0.02, 0.045))
    cushion = finish(box((x, y, 0.05), 0.4), palette)
    parts = [cushion.moved((0, 0, z - 0.05))]
    for sx in (-1, 1):
        for sy in (-1, 1):
            height = z + back if sy > 0 else z - 0.05
            parts.append(paint(box((leg, leg, height))).moved((sx * (x - leg) / 2, sy * (y - leg) / 2, 0)))
    rung = paint(box((x - leg, 0.02, back * 0.18)))
    heights = [z + back * (0.8 - 0.25 * k) for k in range(int(rng.integers(1, 5)))]
    parts += [rung.moved((0, (y - leg) / 2, height)) for height in heights]
    return Body(merge(parts), (Top(0, 0, x / 2, y / 2, z),))


def sofa(palette: Palette) -> Body:
    """Return a sofa or bed made of blocks in cloth."""
    rng = palette.rng
    x, y, z, back = rng.uniform(0.8, 2.3), rng.uniform(0.75, 1.0), rng.uniform(0.35, 0.48), rng.uniform(0.3, 0.5)
    layer = palette.tile("Fabric", "Carpet")
    colour = albedo(rng, 0.8) if layer is None else [float(v) for v in 1 - 0.5 * rng.random(3)]
    cloth = [
        box((x, y, z), 0.5),
        box((x, 0.2, z + back), 0.5).moved((0, y / 2 - 0.1, 0)),
        box((0.18, y, z + 0.2), 0.5).moved((-x / 2 + 0.09, 0, 0)),
        box((0.18, y, z + 0.2), 0.5).moved((x / 2 - 0.09, 0, 0)),
    ]
    return Body(
        merge(cloth).painted(colour, -1 if layer is None else layer, 0.02), (Top(0, -0.1, x / 2 - 0.2, y / 2 - 0.2, z),)
    )


def poles(palette: Palette) -> Body:
    """Return thin upright bars: stands, tripods, racks, brooms."""
    rng = palette.rng
    height, spread = float(rng.uniform(0.6, 1.9)), float(rng.uniform(0.1, 0.5))
    colour = albedo(rng, 0.4)
    parts = []
    for _ in range(int(rng.integers(1, 7))):
        foot, tip = rng.uniform(-spread, spread, 2), rng.uniform(-spread, spread, 2) * rng.choice([0.0, 1.0])
        path = np.stack([[*foot, 0.0], [*tip, height]])
        parts.append(tube(path, float(rng.uniform(0.005, 0.025)), 8).painted(colour, -1, 0.4))
    for _ in range(int(rng.integers(0, 4))):
        z = float(rng.uniform(0.1, height))
        parts.append(tube(np.array([[-spread, 0, z], [spread, 0, z]]), 0.01, 6).painted(colour, -1, 0.4))
    return Body(merge(parts))
