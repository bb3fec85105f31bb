# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Collects what stands on the land, and keeps the books that cameras need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from grin_ros.worlds.assets.models import Piece, load_model
from grin_ros.worlds.outdoor.materials import Materials
from grin_ros.worlds.outdoor.sky import light_outdoors
from grin_ros.worlds.outdoor.terrain import Path, Terrain
from grin_ros.worlds.scene import Scene
from grin_ros.worlds.shapes.mesh import Mesh, merge

MAX_TRIANGLES = 220_000
CELL_M = 18.0  # small things of a cell are drawn at once
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class OutdoorScene(Scene):
    """A scene that knows its land. lanes (n, 3): x, y, heading of places where cars drive; walks (n, 3): where people
    and robots go."""

    terrain: Terrain
    lanes: Floats
    walks: Floats


class Site:
    """Places bodies on the land.

    solids: lower and upper corners of boxes that a camera must stay out of. taken: (x, y, radius) of what stands there.
    """

    def __init__(self, materials: Materials, terrain: Terrain, pieces: Mapping[str, Sequence[Piece]]) -> None:
        self.materials, self.terrain, self.pieces = materials, terrain, pieces
        self.meshes: list[Mesh] = []
        self.solids: list[tuple[Floats, Floats]] = []
        self.targets: list[Floats] = []
        self.lanes: list[tuple[float, float, float]] = []
        self.walks: list[tuple[float, float, float]] = []
        self.triangles = 0
        self._layers: dict[str, int] = {}
        self._pools: dict[str, list[Mesh]] = {}

    def reused(self, kind: str, make: Callable[[], Mesh], most: int) -> Mesh:
        """One of at most ``most`` bodies of a kind in this scene; a new one until there are so many."""
        made = self._pools.setdefault(kind, [])
        if len(made) < most:
            made.append(make())
            return made[-1]
        return made[int(self.materials.rng.integers(len(made)))]

    def model(self, role: str) -> Mesh | None:
        """A random model of a role, or None where there is none or the scene is detailed enough."""
        found = self.pieces.get(role, ())
        if not found or self.triangles > MAX_TRIANGLES:
            return None
        piece = found[int(self.materials.rng.integers(len(found)))]
        model = load_model(piece)
        if model is None:
            return None
        if piece.model not in self._layers:
            self._layers[piece.model] = len(self.materials.palette.images)
            self.materials.palette.images.extend(model.textures)
        start = self._layers[piece.model]
        layer = np.where(model.mesh.layer >= 0, model.mesh.layer + start, -1).astype(np.int32)
        return replace(model.mesh, layer=layer)

    def add_ground(self, mesh: Mesh) -> None:
        """Adds ground that already lies on the land."""
        self.meshes.append(mesh)
        self.triangles += len(mesh.indices)

    def put(
        self,
        mesh: Mesh,
        x: float,
        y: float,
        yaw: float,
        *,
        core_m: float | None = None,
        drape: bool = True,
        lift_m: float = 0.0,
    ) -> None:
        """Stands a body on the land; drape bends it to the slope, else it stands at the height of (x, y).

        core_m: half the width of what is solid about its foot, the whole body where None.
        """
        placed = mesh.moved((x, y, lift_m), yaw)
        placed = self.terrain.drape(placed) if drape else placed.moved((0.0, 0.0, self.terrain.at(x, y)))
        self.meshes.append(placed)
        self.triangles += len(placed.indices)
        low, high = (v.astype(np.float64) for v in placed.bounds())
        if core_m is None:
            self.solids.append((low, high))
        else:
            lower, upper = (x - core_m, y - core_m, low[2]), (x + core_m, y + core_m, high[2])
            self.solids.append((np.array(lower, np.float64), np.array(upper, np.float64)))
        self.targets.append((low + high) / 2)

    def put_beside(
        self,
        path: Path,
        s: float,
        t: float,
        mesh: Mesh,
        turn: float = 0.0,
        *,
        core_m: float | None = None,
        drape: bool = True,
        lift_m: float = 0.0,
    ) -> None:
        """Stands a body at (s, t) of a path, turned with it; x of the body is along the path."""
        x, y = path.point(s, t)
        self.put(mesh, x, y, path.turn(s) + turn, core_m=core_m, drape=drape, lift_m=lift_m)

    def is_clear(self, x: float, y: float, radius_m: float) -> bool:
        """Whether nothing solid stands within a square of this half size."""
        if not self.solids:
            return True
        boxes = np.array(self.solids)
        inside = (
            (boxes[:, 0, 0] < x + radius_m)
            & (boxes[:, 1, 0] > x - radius_m)
            & (boxes[:, 0, 1] < y + radius_m)
            & (boxes[:, 1, 1] > y - radius_m)
        )
        return not bool(inside.any())

    def scene(self, room: tuple[Floats, Floats]) -> OutdoorScene:
        """What was collected; room: lower and upper corner of where cameras may be."""
        low, high = (np.array(room[0], np.float64), np.array(room[1], np.float64))
        middle, half = (low + high) / 2, np.full(3, 110.0)
        lighting = light_outdoors(self.materials.palette, (middle - half, middle + half))
        return OutdoorScene(
            _grouped(self.meshes),
            0,
            self.materials.palette.images,
            lighting,
            np.array(self.solids, np.float64).reshape(-1, 2, 3),
            np.array(self.targets, np.float64).reshape(-1, 3),
            (low, high),
            self.terrain,
            np.array(self.lanes, np.float64).reshape(-1, 3),
            np.array(self.walks, np.float64).reshape(-1, 3),
        )


def _grouped(meshes: Sequence[Mesh]) -> list[Mesh]:
    """The same meshes, the small ones of a cell of the land merged."""
    cells: dict[tuple[int, int], list[Mesh]] = {}
    large = []
    for mesh in meshes:
        low, high = mesh.bounds()
        if float(np.linalg.norm(high - low)) > 1.5 * CELL_M:
            large.append(mesh)
            continue
        x, y = ((low + high)[:2] / 2 / CELL_M).astype(int)
        cells.setdefault((int(x), int(y)), []).append(mesh)
    return [*(merge(found) for _, found in sorted(cells.items())), *large]
