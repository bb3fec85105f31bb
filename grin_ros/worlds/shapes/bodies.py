# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The type of things in rooms: a mesh with the surfaces that other things may stand on."""

from __future__ import annotations

from dataclasses import dataclass, field

from grin_ros.worlds.shapes.mesh import Mesh


@dataclass(frozen=True)
class Top:
    """A horizontal surface that things may stand on, in the frame of its body.

    x, y and z are the centre, half_x and half_y the half sizes, clearance_m the free height above. All in metres.
    """

    x: float
    y: float
    half_x: float
    half_y: float
    z: float
    clearance_m: float = 1.0


@dataclass(frozen=True)
class Body:
    """A mesh that stands on z = 0 around the origin with its back towards +y, and the surfaces that it offers."""

    mesh: Mesh
    tops: tuple[Top, ...] = field(default=())

    @property
    def size(self) -> tuple[float, float, float]:
        """The width, depth and height in metres, the height counted from z = 0."""
        low, high = self.mesh.bounds()
        return float(high[0] - low[0]), float(high[1] - low[1]), float(high[2])
