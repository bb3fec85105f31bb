# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The shell of a room: a box with openings in its walls.

The four walls are the sides 0 (y = depth), 1 (x = 0), 2 (y = 0) and 3 (x = width).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from grin_ros.worlds.shapes.mesh import Mesh

# For each side, the yaw of things that have their back to the wall.
YAWS = (0.0, np.pi / 2, np.pi, -np.pi / 2)


@dataclass(frozen=True)
class Opening:
    """An opening in a wall, from a to b along the wall and from low to high above the floor, in metres.

    ``kind`` is 'window', 'door' (closed, so the wall behind it has no hole) or 'passage'.
    """

    side: int
    a: float
    b: float
    low: float
    high: float
    kind: str

    @property
    def width(self) -> float:
        """The width in metres."""
        return self.b - self.a

    @property
    def middle(self) -> float:
        """The position of the middle along the wall."""
        return (self.a + self.b) / 2

    def meets(self, side: int, a: float, b: float) -> bool:
        """Return True if the opening overlaps the part of a wall from a to b."""
        return self.side == side and self.a < b and self.b > a


@dataclass(frozen=True)
class SideRoom:
    """The room behind a passage: its depth, and how far it reaches to both sides of the opening, in metres."""

    opening: Opening
    deep: float
    left: float
    right: float


@dataclass
class Shell:
    """A room with its corner at the origin.

    Attributes:
        width: The size along x in metres.
        depth: The size along y in metres.
        height: The size along z in metres.
        openings: The openings in its walls.
        meshes: The meshes that cast shadows. The first six are the floor, the ceiling and the four walls.
        panes: The meshes that cast no shadow: the views through windows.
        solids: Lower and upper corners of inner walls and pillars.
        side_rooms: The rooms behind passages.
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
        """Return the length of a wall in metres."""
        return self.width if side in (0, 2) else self.depth

    def at(self, side: int, along: float, off: float) -> tuple[float, float]:
        """Return the x and y of a point at the distance ``off`` from a wall.

        ``along`` runs from left to right for someone inside who faces the wall.
        """
        w, d = self.width, self.depth
        return ((along, d - off), (off, along), (w - along, off), (w - off, d - along))[side]

    def at_wall(self, mesh: Mesh, side: int, along: float, off: float, z: float) -> Mesh:
        """Return the mesh moved to a wall, with its back (y = 0) at the distance ``off`` from the wall."""
        x, y = self.at(side, along, off)
        return mesh.moved((x, y, z), YAWS[side])
