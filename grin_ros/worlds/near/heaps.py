# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Things thrown into a container: each comes to rest, at any attitude, on what lies below it already."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from grin_ros.worlds.indoor import cloth, gadgets, goods
from grin_ros.worlds.shapes.bodies import Body
from grin_ros.worlds.shapes.mesh import Mesh, cylinder, merge, tube
from grin_ros.worlds.surfaces.materials import made_of, plain
from grin_ros.worlds.surfaces.palette import Palette

Make = Callable[[Palette], Body]
_CELL_M = 0.01


def part(palette: Palette) -> Body:
    """Return a part of a machine: a bolt, an elbow of a pipe, a bracket or a plain block."""
    rng = palette.rng
    paint = made_of(palette, "metal", "plastic")
    kind, size = int(rng.integers(4)), float(np.exp(rng.uniform(np.log(0.02), np.log(0.1))))
    if kind == 0:
        head = paint(cylinder(0.35 * size, 0.3 * size, 6))
        return Body(merge([head, paint(cylinder(0.18 * size, size, 10))]))
    if kind == 1:
        bend = np.linspace(0, np.pi / 2, 7)
        path = size * np.stack([np.cos(bend), np.sin(bend), 0 * bend], 1)
        return Body(paint(tube(path, 0.25 * size, 10)).moved((-0.6 * size, -0.6 * size, 0.25 * size)))
    if kind == 2:
        side = goods.packet(palette).mesh
        return Body(paint(side.moved((0, 0, 0), 0.0, (0.6, 0.6, 0.2))))
    return Body(paint(goods.packet(palette).mesh.moved((0, 0, 0), 0.0, 2.0 * size)))


CONTENTS: dict[str, tuple[Make, ...]] = {
    "retail": (
        *(goods.packet, goods.packet, goods.tin, goods.bottle, goods.bottle, goods.book_pile, goods.mug, goods.packet),
        *(gadgets.ball, gadgets.toy, gadgets.ring, gadgets.tool, cloth.folded, gadgets.telephone, goods.dish),
    ),
    "parcels": (goods.parcel, goods.packet, cloth.folded),
    "parts": (part, part, part, gadgets.ring, gadgets.tool, goods.tin),
    "food": (goods.fruit, goods.fruit, goods.bottle, goods.tin, goods.packet),
    "soft": (cloth.cushion, cloth.folded, cloth.heap, gadgets.toy, cloth.bag),
}


def drawn(palette: Palette, kind: str, count: int) -> list[Body]:
    """Return ``count`` things of a kind of CONTENTS, by chance all copies of one or two."""
    rng, makes = palette.rng, CONTENTS[kind]
    different = int(rng.integers(1, 3)) if rng.random() < 0.35 else min(count, 14)
    made = [makes[int(rng.integers(len(makes)))](palette) for _ in range(different)]
    return [made[int(rng.integers(len(made)))] for _ in range(count)]


def heap(palette: Palette, things: Sequence[Body], half: tuple[float, float], deep_m: float) -> Mesh | None:
    """Return the things as they lie in a container of half sizes x, y and a depth (metres), on z = 0.

    None where nothing fits. What would stand out of the container by more than a third of its depth is left out.
    """
    rng, parts = palette.rng, []
    level = np.zeros((int(2 * half[0] / _CELL_M) + 1, int(2 * half[1] / _CELL_M) + 1))
    for body in things:
        mesh = body.mesh
        if rng.random() < 0.75:  # on any of its sides, not quite level
            for axis in (0, 1):
                mesh = mesh.tilted(axis, float(rng.choice([0.0, 0.5, 1.0, 1.5]) * np.pi + rng.normal(0, 0.18)))
        mesh = mesh.moved((0, 0, 0), float(rng.uniform(0, 2 * np.pi)))
        low, high = mesh.bounds()
        fit = float(np.min(2 * np.array(half) / np.maximum(high - low, 1e-3)[:2]))
        if fit < 0.7:
            continue
        if fit < 1.0:
            mesh = mesh.moved((0, 0, 0), 0.0, 0.97 * fit)
            low, high = mesh.bounds()
        size = high - low
        spare = np.maximum(np.array(half) - size[:2] / 2, 0)
        for _ in range(4):
            centre = rng.uniform(-1, 1, 2) * spare
            first = ((centre - 0.4 * size[:2] + half) / _CELL_M).astype(int).clip(0)
            last = ((centre + 0.4 * size[:2] + half) / _CELL_M).astype(int) + 1
            under = level[first[0] : last[0], first[1] : last[1]]
            z = float(np.quantile(under, 0.7))
            if z + size[2] < 1.35 * deep_m:
                np.maximum(under, z + 0.75 * size[2], out=under)
                middle = (low + high) / 2
                parts.append(mesh.moved((centre[0] - middle[0], centre[1] - middle[1], z + 0.001 - float(low[2]))))
                break
    return merge(parts) if parts else None


def strong(palette: Palette) -> Callable[[Mesh], Mesh]:
    """Return a painter in a colour that plastic containers and machines have."""
    rng = palette.rng
    colours = (
        *((0.45, 0.02, 0.02), (0.02, 0.06, 0.35), (0.1, 0.2, 0.45), (0.02, 0.02, 0.025), (0.18, 0.19, 0.2)),
        *((0.5, 0.52, 0.55), (0.75, 0.75, 0.72), (0.6, 0.35, 0.02), (0.02, 0.2, 0.08), (0.55, 0.15, 0.02)),
    )
    colour = np.array(colours[int(rng.integers(len(colours)))]) * rng.uniform(0.6, 1.4)
    return plain(palette, [float(c) for c in colour.clip(0, 0.9)], float(rng.uniform(0.05, 0.5)))
