# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A room as a box with holes: its size, its openings, and places along its walls."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from grin_ros.worlds.shapes.mesh import Mesh

# Of things with their back to the wall at y = depth, x = 0, y = 0, x = width.
YAWS = (0.0, np.pi / 2, np.pi, -np.pi / 2)


@dataclass(frozen=True)
class Opening:
    """A hole in a wall side: from a to b along the wall, from low to high above the floor (metres).

    kind: 'window', 'door' (a closed leaf before the whole wall) or 'passage'.
    """

    side: int
    a: float
    b: float
    low: float
    high: float
    kind: str

    @property
    def width(self) -> float:
        return self.b - self.a

    @property
    def middle(self) -> float:
        """Along the wall."""
        return (self.a + self.b) / 2

    def meets(self, side: int, a: float, b: float) -> bool:
        """Whether it shares a part of the stretch from a to b of a wall."""
        return self.side == side and self.a < b and self.b > a


@dataclass(frozen=True)
class SideRoom:
    """The room behind a passage: how deep, and how far it reaches to both sides of the opening (metres)."""

    opening: Opening
    deep: float
    left: float
    right: float


@dataclass
class Shell:
    """A room of width x depth x height metres with its corner at the origin.

    meshes cast shadows; panes (windows) do not. solids: lower and upper corners of inner walls and pillars.
    """

    width: float
    depth: float
    height: float
    openings: list[Opening] = field(default_factory=list)
    meshes: list[Mesh] = field(default_factory=list)
    panes: list[Mesh] = field(default_factory=list)
    solids: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = field(default_factory=list)
    side_rooms: list[SideRoom] = field(default_factory=list)

    def length(self, side: int) -> float:
        return self.width if side in (0, 2) else self.depth

    def at(self, side: int, along: float, off: float) -> tuple[float, float]:
        """Floor point at a distance off from a wall; along runs left to right as seen from inside, facing the wall."""
        w, d = self.width, self.depth
        return ((along, d - off), (off, along), (w - along, off), (w - off, d - along))[side]

    def stick(self, mesh: Mesh, side: int, along: float, off: float, z: float) -> Mesh:
        """The mesh with its back plane y = 0 turned to the wall."""
        x, y = self.at(side, along, off)
        return mesh.moved((x, y, z), YAWS[side])
