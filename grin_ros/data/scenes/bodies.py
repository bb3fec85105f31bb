# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Things that stand in rooms, built of primitive bodies: the whole furnishing where no models are installed, and clutter beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from grin_ros.data.scenes.mesh import Mesh, box, cylinder, lathe, merge, sphere, tube
from grin_ros.data.scenes.textures import Palette, doors, label, picture, random_colour, spines, wood


@dataclass(frozen=True)
class Top:
    """A surface in a body's own frame that things may stand on: centre, half sizes, height, and free height above it (metres)."""

    x: float
    y: float
    half_x: float
    half_y: float
    z: float
    clearance_m: float = 1.0


@dataclass(frozen=True)
class Body:
    """A mesh standing on z = 0 about the origin, back towards +y, with the surfaces it offers."""

    mesh: Mesh
    tops: tuple[Top, ...] = field(default=())

    @property
    def size(self) -> tuple[float, float, float]:
        low, high = self.mesh.bounds()
        return float(high[0] - low[0]), float(high[1] - low[1]), float(high[2])


def albedo(rng: Generator, saturation: float = 0.7) -> Sequence[float]:
    """A linear colour."""
    return [float(v) for v in random_colour(rng, saturation) ** 2]


def finish(mesh: Mesh, palette: Palette, textured: float = 0.6) -> Mesh:
    """The mesh in one random material."""
    rng = palette.rng
    gloss = float(rng.beta(0.7, 2.5))
    if rng.random() < textured:
        tint = 1 - 0.4 * rng.random(3) * (rng.random() < 0.5)
        return mesh.painted([float(v) for v in tint], palette.any(), gloss)
    return mesh.painted(albedo(rng), -1, gloss)


def timber(palette: Palette) -> Callable[[Mesh], Mesh]:
    """A material of furniture: wood, board or lacquer, to paint several parts alike."""
    rng = palette.rng
    gloss = float(rng.uniform(0.0, 0.4))
    if rng.random() < 0.3:
        colour, layer = albedo(rng, 0.4), -1
    else:
        tiled = palette.tile("Wood", "Planks", "Chipboard", "Bamboo") if rng.random() < 0.5 else None
        colour, layer = [float(v) for v in 1 - 0.3 * rng.random(3)], palette.add(wood(rng)) if tiled is None else tiled
    return lambda mesh: mesh.painted(colour, layer, gloss)


def carton(palette: Palette) -> Body:
    """A box of any proportions: packaging, cases, books lying."""
    rng = palette.rng
    size = np.exp(rng.normal(-1.9, 0.5, 3)).clip(0.03, 0.6)
    mesh = box(size, 0.0)
    if rng.random() < 0.4:
        cardboard = palette.tile("Cardboard", "Paper")
        layer = palette.any() if cardboard is None else cardboard
        return Body(mesh.painted((0.9, 0.85, 0.8), layer, 0.02), (Top(0, 0, size[0] / 2, size[1] / 2, size[2]),))
    layer = palette.add((label, picture)[int(rng.random() < 0.3)](rng))
    return Body(
        mesh.painted((1, 1, 1), layer, float(rng.uniform(0, 0.5))), (Top(0, 0, size[0] / 2, size[1] / 2, size[2]),)
    )


def book_stack(palette: Palette) -> Body:
    """Books lying on one another."""
    rng = palette.rng
    parts, z = [], 0.0
    for _ in range(int(rng.integers(1, 7))):
        size = (rng.uniform(0.12, 0.22), rng.uniform(0.17, 0.3), rng.uniform(0.008, 0.05))
        layer = palette.add(label(rng)) if rng.random() < 0.4 else -1
        parts.append(box(size, 0.0).painted(albedo(rng, 1.0), layer, 0.2).moved((0, 0, z), rng.normal(0, 0.25)))
        z += size[2]
    return Body(merge(parts))


def book_row(palette: Palette) -> Body:
    """Books standing side by side, some leaning."""
    rng = palette.rng
    parts, x = [], 0.0
    for _ in range(int(rng.integers(3, 16))):
        width, depth, height = rng.uniform(0.01, 0.055), rng.uniform(0.13, 0.22), rng.uniform(0.17, 0.3)
        book = box((width, depth, height), 0.0).painted(
            albedo(rng, 1.0), palette.add(label(rng)) if rng.random() < 0.15 else -1, 0.2
        )
        parts.append(book.tilted(1, rng.normal(0, 0.04)).moved((x + width / 2, 0, 0.002)))
        x += width + 0.002
    return Body(merge(parts).moved((-x / 2, 0, 0)))


def vessel(palette: Palette) -> Body:
    """A mug, bottle, vase, bowl, bin or lamp foot: a body of revolution."""
    rng = palette.rng
    height = float(np.exp(rng.normal(-1.75, 0.45)))
    radius = height * float(rng.uniform(0.15, 0.7))
    t = np.linspace(0, 1, 9)
    wave = 1 + rng.uniform(0, 0.5) * np.sin(rng.uniform(2, 7) * t + rng.uniform(0, 6)) + rng.uniform(-0.5, 0.5) * t
    profile = [(0.0, 0.0), *[(float(radius * max(w, 0.12)), float(height * k)) for w, k in zip(wave, t, strict=True)]]
    if rng.random() < 0.5:
        profile += [(profile[-1][0] * 0.9, height), (profile[-2][0] * 0.8, height * 0.15), (0.0, height * 0.15)]
    else:
        profile.append((0.0, height))
    return Body(finish(lathe(profile, 18), palette, 0.4))


def ball(palette: Palette) -> Body:
    """A ball or fruit."""
    return Body(finish(sphere(float(palette.rng.uniform(0.03, 0.13))), palette))


def screen(palette: Palette) -> Body:
    """A monitor or television on a foot."""
    rng = palette.rng
    width = float(rng.uniform(0.35, 0.9))
    height = width * float(rng.uniform(0.55, 0.8))
    foot = float(rng.uniform(0.05, 0.15))
    dark = [float(rng.uniform(0.01, 0.1))] * 3
    lit = rng.random() < 0.5
    face = box((width * 0.94, 0.004, height * 0.92), 0.0)
    face = (
        face.painted((1, 1, 1), palette.add(label(rng)), 0.5, 0.5)
        if lit
        else face.painted((0.01, 0.01, 0.012), -1, 0.7)
    )
    parts = [
        box((width, 0.04, height)).painted(dark, -1, 0.3).moved((0, 0, foot)),
        face.moved((0, -0.022, foot + height * 0.04)),
        cylinder(0.025, foot + 0.05, 8).painted(dark).moved((0, 0.03, 0)),
        box((width * 0.4, 0.2, 0.015)).painted(dark),
    ]
    return Body(merge(parts))


def lamp(palette: Palette) -> Body:
    """A table lamp with a glowing shade."""
    rng = palette.rng
    height, radius = float(rng.uniform(0.25, 0.6)), float(rng.uniform(0.08, 0.18))
    shade = lathe([(radius, height * 0.6), (radius * rng.uniform(0.4, 1), height)], 20).painted(
        (0.9, 0.85, 0.7), -1, 0.0, float(rng.choice([0.0, 2.5]))
    )
    return Body(
        merge(
            [
                cylinder(radius * 0.7, 0.02).painted(albedo(rng)),
                cylinder(0.012, height * 0.7, 8).painted(albedo(rng)),
                shade,
            ]
        )
    )


def plant(palette: Palette) -> Body:
    """A pot with leaves on thin stems."""
    rng = palette.rng
    pot = lathe([(0, 0), (0.07, 0), (0.1, 0.15), (0.085, 0.15), (0, 0.12)], 16)
    green = [float(v) for v in np.array([0.08, 0.25, 0.05]) * rng.uniform(0.6, 1.8, 3)]
    parts = [finish(pot, palette)]
    for _ in range(int(rng.integers(8, 26))):
        yaw, reach, rise = rng.uniform(0, 6.28), rng.uniform(0.08, 0.35), rng.uniform(0.1, 0.5)
        k = np.linspace(0, 1, 5)[:, None]
        tip = np.array([[np.cos(yaw) * reach, np.sin(yaw) * reach, 0.0]])
        path = np.array([[0, 0, 0.12]]) + tip * k**1.5 + np.array([[0, 0, rise]]) * (k * (1.6 - 0.6 * k))
        leaf = sphere(float(rng.uniform(0.03, 0.09)), 8).moved((0, 0, 0), yaw, (1.0, 0.55, 0.12))
        parts += [
            tube(path, 0.004, 4).painted(green),
            leaf.painted(green, -1, 0.25).moved([float(v) for v in path[-1]]),
        ]
    return Body(merge(parts).moved((0, 0, 0), 0, float(rng.uniform(0.6, 1.6))))


def cable(palette: Palette) -> Body:
    """A cable or cord lying or standing in loops."""
    rng = palette.rng
    steps = rng.normal(0, 0.09, (8, 3)) * [1, 1, 0.2]
    path = np.cumsum(steps, axis=0)
    fine = np.stack(
        [
            np.interp(np.linspace(0, 7, 40), np.arange(8), np.convolve(path[:, i], [0.25, 0.5, 0.25], "same"))
            for i in range(3)
        ],
        1,
    )
    fine[:, 2] = np.abs(fine[:, 2]) + 0.006
    fine[:, :2] -= fine[:, :2].mean(axis=0)
    return Body(tube(fine, float(rng.uniform(0.002, 0.006)), 5).painted(albedo(rng)))


CLUTTER: tuple[Callable[[Palette], Body], ...] = (
    carton,
    carton,
    book_stack,
    book_row,
    vessel,
    vessel,
    ball,
    screen,
    lamp,
    plant,
    cable,
)


def table(palette: Palette, size: tuple[float, float, float] | None = None) -> Body:
    """A table or desk on four legs, some with drawers or crossbars."""
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
    """An open shelf with a surface on every board."""
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
    """A closed cupboard, machine or counter with a panelled front."""
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
    """A chair."""
    rng = palette.rng
    x, y, z, back = rng.uniform(0.38, 0.55), rng.uniform(0.38, 0.55), rng.uniform(0.4, 0.5), rng.uniform(0.3, 0.55)
    paint, leg = timber(palette), float(rng.uniform(0.02, 0.045))
    cushion = finish(box((x, y, 0.05), 0.4), palette)
    parts = [cushion.moved((0, 0, z - 0.05))]
    for sx in (-1, 1):
        for sy in (-1, 1):
            height = z + back if sy > 0 else z - 0.05
            parts.append(paint(box((leg, leg, height))).moved((sx * (x - leg) / 2, sy * (y - leg) / 2, 0)))
    for k in range(int(rng.integers(1, 5))):
        parts.append(paint(box((x - leg, 0.02, back * 0.18))).moved((0, (y - leg) / 2, z + back * (0.8 - 0.25 * k))))
    return Body(merge(parts), (Top(0, 0, x / 2, y / 2, z),))


def sofa(palette: Palette) -> Body:
    """A sofa or bed of blocks in cloth."""
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


def books_block(palette: Palette, width_m: float, height_m: float) -> Mesh:
    """A filled row of books as one block."""
    return box((width_m, 0.2, height_m), 0.0).painted((1, 1, 1), palette.add(spines(palette.rng)), 0.1)


def poles(palette: Palette) -> Body:
    """Thin upright bars: stands, tripods, racks, rails, brooms."""
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
