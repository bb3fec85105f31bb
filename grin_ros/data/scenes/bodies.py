# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a thing in a room is: a mesh with surfaces that other things may stand on; and the materials of built things."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from numpy.random import Generator

from grin_ros.data.scenes.mesh import Mesh
from grin_ros.data.scenes.textures import Palette, random_colour, wood


@dataclass(frozen=True)
class Top:
    """A surface in a body's own frame that things may stand on: centre, half sizes, height, clearance (metres)."""

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
