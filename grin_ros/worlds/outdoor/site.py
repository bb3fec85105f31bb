# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The site of an outdoor scene, on which objects are placed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grin_ros.worlds.assets.models import Piece, load_model
from grin_ros.worlds.outdoor.materials import Materials
from grin_ros.worlds.outdoor.sky import light_outdoors
from grin_ros.worlds.outdoor.terrain import Path, Terrain
from grin_ros.worlds.scene import Scene
from grin_ros.worlds.shapes.mesh import Mesh, merge

MAX_TRIANGLES = 220_000  # no more models are added to a scene with more triangles
CELL_M = 18.0  # the small objects in a cell of this size become one mesh
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class OutdoorScene(Scene):
    """An outdoor scene with its terrain.

    ``lanes`` (n, 3) are places where cars drive, as x, y and heading; ``walks`` (n, 3) are places of people and robots.
    """

    terrain: Terrain
    lanes: Floats
    walks: Floats


class Site:
    """A site that collects objects, and builds the scene from them.

    Attributes:
        materials: The materials of the scene.
        terrain: The terrain.
        pieces: The models of the assets by role.
        meshes: The meshes placed so far.
        solids: Lower and upper corners of boxes that a camera must stay out of.
        targets: Points that cameras may look at.
        lanes: Places where cars drive: x, y and heading.
        walks: Places of people and robots: x, y and heading.
        triangles: The number of triangles placed so far.
    """

    def __init__(self, materials: Materials, terrain: Terrain, pieces: Mapping[str, Sequence[Piece]]) -> None:
        self.materials, self.terrain, self.pieces = materials, terrain, pieces
        self.meshes: list[Mesh] = []
        self.solids: list[tuple[Floats, Floats]] = []
        self.targets: list[Floats] = []
        self.lanes: list[tuple[float, float, float]] = []
        self.walks: list[tuple[float, float, float]] = []
        self.triangles = 0

        self._pools: dict[str, list[Mesh]] = {}

    def reused(self, kind: str, make: Callable[[], Mesh], most: int) -> Mesh:
        """Return one of at most ``most`` bodies of a kind in this scene.

        The body is made new until there are that many, and then chosen from them.
        """
        made = self._pools.setdefault(kind, [])
        if len(made) < most:
            made.append(make())
            return made[-1]
        return made[int(self.materials.rng.integers(len(made)))]

    def model(self, role: str) -> Mesh | None:
        """Return a random model of a role, or None if there is none or the scene has enough triangles."""
        found = self.pieces.get(role, ())
        if not found or self.triangles > MAX_TRIANGLES:
            return None
        piece = found[int(self.materials.rng.integers(len(found)))]
        model = load_model(piece)
        if model is None:
            return None
        return model.mesh.with_layers_from(self.materials.palette.add_model(piece.model, model.textures))

    def add_ground(self, mesh: Mesh) -> None:
        """Add a mesh that already follows the terrain, such as a road."""
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
        """Place a body on the terrain.

        Args:
            mesh: The body, standing on z = 0.
            x: Its position.
            y: Its position.
            yaw: Its rotation about z in radians.
            core_m: Half the width of its solid part, such as the trunk of a tree. None: all of it is solid.
            drape: Whether the body is bent to the slope. Otherwise it stands upright at the height of (x, y).
            lift_m: A height that is added.
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
        """Place a body at (s, t) of a path. Its x axis points along the path, turned by ``turn``. See ``put``."""
        x, y = path.point(s, t)
        self.put(mesh, x, y, path.turn(s) + turn, core_m=core_m, drape=drape, lift_m=lift_m)

    def is_clear(self, x: float, y: float, radius_m: float) -> bool:
        """Return True if nothing solid stands in the square of this half size around (x, y)."""
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
        """Return the scene. ``room`` is the lower and upper corner of the space where cameras may be."""
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
    """Return the meshes with the small ones of each cell merged into one."""
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
