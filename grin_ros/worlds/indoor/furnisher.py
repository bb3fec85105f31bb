# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The placement of things in a room, and the record of what stands where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.worlds.assets.models import Piece, load_model
from grin_ros.worlds.indoor.model_materials import with_room_material
from grin_ros.worlds.indoor.shell import YAWS, Shell
from grin_ros.worlds.indoor.surface_filler import SurfaceFiller
from grin_ros.worlds.rendering.environment import Map
from grin_ros.worlds.shapes.bodies import Body, Top
from grin_ros.worlds.shapes.mesh import Mesh
from grin_ros.worlds.surfaces.palette import Palette

MAX_SCENE_TRIANGLES = 260_000  # no more models are added to a scene with more triangles


class Furnisher:
    """A room to which things are added.

    Attributes:
        rng: The random generator of the scene.
        palette: The textures and paints of the scene.
        shell: The empty room.
        pieces: The models of the assets by role.
        light_maps: The radiance maps of the assets.
        meshes: The meshes placed so far.
        footprints: Floor rectangles (x0, y0, x1, y1) that must not overlap.
        solids: Lower and upper corners of boxes that a camera must stay out of.
        surfaces: Surfaces that things may stand on, with the position and yaw of their body.
        targets: Points that cameras may look at.
        triangles: The number of triangles placed so far.
        filler: The maker of small things.
    """

    def __init__(
        self,
        rng: Generator,
        palette: Palette,
        shell: Shell,
        pieces: Mapping[str, Sequence[Piece]],
        light_maps: Sequence[Map] = (),
    ) -> None:
        self.rng, self.palette, self.shell, self.pieces, self.light_maps = rng, palette, shell, pieces, light_maps
        self.meshes: list[Mesh] = []
        self.footprints: list[tuple[float, float, float, float]] = []
        self.solids: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        self.surfaces: list[tuple[Top, tuple[float, float, float], float]] = []
        self.targets: list[tuple[float, float, float]] = []
        self.triangles = 0
        self.filler = SurfaceFiller(rng, palette, self._small_model)

        for low, high in shell.solids:
            self.footprints.append((low[0], low[1], high[0], high[1]))
            self.solids.append((low, high))
        for o in shell.openings:  # the floor before doors and passages stays free
            if o.kind != "window":
                x, y = shell.at(o.side, o.middle, 0.4)
                self.footprints.append((x - 0.4, y - 0.4, x + 0.4, y + 0.4))

    def model(self, pieces: Sequence[Piece]) -> Body | None:
        """Return a random one of these models as a body, or None if there is none or the scene has enough triangles."""
        if not pieces or self.triangles > MAX_SCENE_TRIANGLES:
            return None
        piece = pieces[int(self.rng.integers(len(pieces)))]
        model = load_model(piece)
        if model is None:
            return None
        mesh = model.mesh.with_layers_from(self.palette.add_model(piece.model, model.textures))
        mesh = with_room_material(mesh, piece, self.palette)
        stretch = np.clip(self.rng.normal(1, 0.07, 3), 0.85, 1.15)
        mesh = mesh.moved((0, 0, 0), 0.0, [float(v) for v in stretch])
        tops: tuple[Top, ...] = ()
        if piece.top_m is not None and piece.role not in ("rug", "ceiling", "hung", "small"):
            seat = piece.top_m < piece.size[2] * 0.8
            share = 0.25 if seat else (0.34 if "round" in piece.name.lower() or piece.role == "floor" else 0.44)
            shift = -0.1 * piece.size[1] if seat else 0.0
            top = Top(0, shift, piece.size[0] * share, piece.size[1] * share, piece.top_m * float(stretch[2]))
            tops = (top,) if top.z < 1.6 else ()
        return Body(mesh, tops)

    def is_free(self, rect: tuple[float, float, float, float], margin: float = 0.0) -> bool:
        """Return True if a floor rectangle (x0, y0, x1, y1) is inside the room and touches no footprint."""
        x0, y0, x1, y1 = rect
        if x0 < 0 or y0 < 0 or x1 > self.shell.width or y1 > self.shell.depth:
            return False
        return not any(
            x0 < c + margin and x1 > a - margin and y0 < d + margin and y1 > b - margin
            for a, b, c, d in self.footprints
        )

    def put(
        self,
        body: Body,
        x: float,
        y: float,
        z: float,
        yaw: float,
        *,
        solid: bool = True,
        check: bool = True,
        margin: float = 0.03,
    ) -> bool:
        """Add a body at (x, y, z), rotated by ``yaw``.

        Args:
            body: The body.
            x: Its position.
            y: Its position.
            z: Its position.
            yaw: Its rotation about z in radians.
            solid: Whether cameras must stay out of it.
            check: Whether it needs a free place on the floor, and then occupies it.
            margin: The least distance to other footprints in metres.

        Returns:
            False if the body is higher than the room or its place is not free. It is not added then.
        """
        mesh = body.mesh.moved((x, y, z), yaw)
        low, high = (v.astype(np.float64) for v in mesh.bounds())
        if high[2] > self.shell.height:
            return False
        rect = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        if check:
            if not self.is_free(rect, margin):
                return False
            self.footprints.append(rect)
        self.meshes.append(mesh)
        self.triangles += len(mesh.indices)
        if solid:
            self.solids.append((low, high))
        x_m, y_m, z_m = (float(v) for v in (low + high) / 2 + [0, 0, (high[2] - low[2]) * 0.25])
        self.targets.append((x_m, y_m, z_m))
        self.surfaces += [(top, (x, y, z), yaw) for top in body.tops]
        return True

    def free_wall_stretches(self, width_m: float) -> Iterator[tuple[int, float]]:
        """Yield random parts of walls of this width that have no openings, as (side, position of the middle along it).

        Six positions are drawn.
        """
        for _ in range(6):
            side = int(self.rng.integers(4))
            length = self.shell.length(side)
            if length < width_m + 0.1:
                continue
            along = float(self.rng.uniform(width_m / 2, length - width_m / 2))
            if not any(
                o.meets(side, along - width_m / 2 - 0.1, along + width_m / 2 + 0.1) for o in self.shell.openings
            ):
                yield side, along

    def put_against_wall(self, body: Body) -> tuple[float, float, float] | None:
        """Place the body with its back to a wall. Return its x, y and yaw, or None if no free place was found."""
        width, depth, height = body.size
        for _ in range(8):
            side = int(self.rng.integers(4))
            room = self.shell.length(side) - width
            if room < 0.02:
                continue
            along = width / 2 + float(self.rng.uniform(0.0, room))
            hides_window = any(
                o.kind == "window" and o.low < height and o.meets(side, along - width / 2, along + width / 2)
                for o in self.shell.openings
            )
            if hides_window and self.rng.random() < 0.8:
                continue
            x, y = self.shell.at(side, along, depth / 2 + 0.032 + float(self.rng.exponential(0.02)))
            if self.put(body, x, y, 0.0, YAWS[side]):
                return x, y, YAWS[side]
        return None

    def put_anywhere(self, body: Body, tries: int = 8, yaw: float | None = None) -> tuple[float, float, float] | None:
        """Place the body anywhere on the floor. Return its x, y and yaw, or None if no free place was found."""
        for _ in range(tries):
            x = float(self.rng.uniform(0.2, self.shell.width - 0.2))
            y = float(self.rng.uniform(0.2, self.shell.depth - 0.2))
            turn = float(self.rng.uniform(0, 2 * np.pi)) if yaw is None else yaw
            if self.put(body, x, y, 0.0, turn):
                return x, y, turn
        return None

    def model_or_built(
        self, role: str, make: Callable[[Palette], Body], models: float = 0.75, pattern: str = "."
    ) -> Body:
        """Return a model of a role with the probability ``models``, otherwise the body that ``make`` builds.

        ``pattern`` is a regular expression that the name of the model must contain.
        """
        if self.rng.random() < models:
            found = self.model([p for p in self.pieces.get(role, []) if re.search(pattern, p.name.lower())])
            if found is not None:
                return found
        return make(self.palette)

    def _small_model(self) -> Body | None:
        return self.model(self.pieces.get("small", []))

    def fill(self, top: Top, origin: tuple[float, float, float], yaw: float, recipe: str, density: float) -> None:
        """Put small things of a recipe on a surface of a body at ``origin`` with rotation ``yaw``.

        ``density`` is the number of things per square metre.
        """
        shelf = recipe in ("shelf", "stock")
        full = float(np.clip(0.5 + density / 50, 0.3, 0.97))
        things = self.filler.line_up(top, recipe, full) if shelf else self.filler.scatter(top, recipe, density)
        if things is not None:
            self.put(Body(things), *origin, yaw, solid=False, check=False)
