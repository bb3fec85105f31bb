# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a thing in a room is: a mesh with surfaces that others may stand on; and paint for built things."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from numpy.random import Generator

from grin_ros.worlds.shapes.mesh import Mesh
from grin_ros.worlds.surfaces.materials import made_of, muted
from grin_ros.worlds.surfaces.textures import Palette


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
    """A linear colour: mostly white, grey, black or brownish; saturated by a quarter of the chance given."""
    return muted(rng, 0.25 * saturation)


def finish(mesh: Mesh, palette: Palette, textured: float = 0.6) -> Mesh:
    """The mesh in one material of the scene; by chance (a fifth of ``textured``) in any texture whatever."""
    if palette.rng.random() < 0.2 * textured:
        return mesh.painted((1, 1, 1), palette.any(), float(palette.rng.beta(0.7, 2.5)))
    return made_of(palette)(mesh)


def timber(palette: Palette) -> Callable[[Mesh], Mesh]:
    """A material of furniture: wood, board or lacquer, to paint several parts alike."""
    return made_of(palette, "wood")
