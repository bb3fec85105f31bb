# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a thing in a room is: a mesh with surfaces that others may stand on; and paint for built things."""

from __future__ import annotations

from dataclasses import dataclass, field

from grin_ros.worlds.shapes.mesh import Mesh


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
