# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Furnishes a room: large things along walls, tables with seats, clutter on every surface and on the floor, and lights."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.data.scenes import bodies
from grin_ros.data.scenes.assets import Piece, load
from grin_ros.data.scenes.bodies import Body, Top
from grin_ros.data.scenes.lights import light_room
from grin_ros.data.scenes.mesh import Mesh, box, quad
from grin_ros.data.scenes.renderer import Lighting
from grin_ros.data.scenes.room import YAWS, Shell, build_shell
from grin_ros.data.scenes.textures import Image, Palette, picture

MAX_TRIANGLES = 260_000
_THEMES = {
    "living": r"sofa|couch|tv|television|bookcase|shelves|piano|fireplace|dresser|chest|winchester",
    "bedroom": r"bed|wardrobe|dresser|cupboard|chest|crib|shelves|bedside",
    "office": r"bookcase|shelves|cabinet|safe|locker|cupboard",
    "kitchen": r"fridge|cabinet|freezer|radiator|oven",
    "bath": r"bath|toilet|vanity|washbasin|bidet|radiator|shower",
    "any": r".",
}


@dataclass(frozen=True)
class Scene:
    """meshes (the last ``shadowless`` of them cast no shadow), textures, lighting, the solid boxes (n, 2, 3) a camera must stay out of, and
    points of interest (m, 3) to look at. room: lower and upper corner."""

    meshes: list[Mesh]
    shadowless: int
    textures: list[Image]
    lighting: Lighting
    solids: NDArray[np.float64]
    targets: NDArray[np.float64]
    room: tuple[NDArray[np.float64], NDArray[np.float64]]


def box_mapped(mesh: Mesh, layer: int, metres: float, colour: Sequence[float]) -> Mesh:
    """Covers the untextured part of a model with a texture projected along the main axis of each normal."""
    bare = mesh.layer < 0
    axis = np.abs(mesh.normals).argmax(axis=1)
    pairs = np.array([[1, 2], [0, 2], [0, 1]])[axis]
    uv = np.take_along_axis(mesh.vertices, pairs, axis=1) / np.float32(metres)
    return replace(
        mesh,
        uv=np.where(bare[:, None], uv, mesh.uv).astype(np.float32),
        layer=np.where(bare, np.int32(layer), mesh.layer).astype(np.int32),
        colour=np.where(bare[:, None], 0.25 * mesh.colour + 0.75 * np.asarray(colour), mesh.colour).astype(np.float32),
    )


class Furnisher:
    """Places bodies in a shell and keeps the books: footprints that must not overlap, solid boxes, and surfaces still bare."""

    def __init__(self, rng: Generator, palette: Palette, shell: Shell, pieces: dict[str, list[Piece]]) -> None:
        self.rng, self.palette, self.shell, self.pieces = rng, palette, shell, pieces
        self.meshes: list[Mesh] = []
        self.footprints: list[tuple[float, float, float, float]] = []
        self.solids: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        self.surfaces: list[tuple[Top, tuple[float, float, float], float]] = []
        self.targets: list[tuple[float, float, float]] = []
        self.triangles = 0
        self._layers: dict[str, int] = {}
        for low, high in shell.solids:
            self.footprints.append((low[0], low[1], high[0], high[1]))
            self.solids.append((low, high))
        for o in shell.openings:  # keep doors and passages free
            if o.kind != "window":
                x, y = shell.at(o.side, (o.a + o.b) / 2, 0.4)
                self.footprints.append((x - 0.4, y - 0.4, x + 0.4, y + 0.4))

    def model(self, pieces: list[Piece]) -> Body | None:
        """A random model of these as a body; None when there is none or the scene is detailed enough already."""
        if not pieces or self.triangles > MAX_TRIANGLES:
            return None
        piece = pieces[int(self.rng.integers(len(pieces)))]
        model = load(piece)
        if model is None:
            return None
        if piece.model not in self._layers:
            self._layers[piece.model] = len(self.palette.images)
            self.palette.images.extend(model.textures)
        start, mesh, rng = self._layers[piece.model], model.mesh, self.rng
        mesh = replace(mesh, layer=np.where(mesh.layer >= 0, mesh.layer + start, -1).astype(np.int32))
        kind = rng.random()
        if kind < 0.3:
            mesh = box_mapped(
                mesh, self.palette.any(), float(rng.uniform(0.2, 1.2)), [float(v) for v in 1 - 0.5 * rng.random(3)]
            )
        elif kind < 0.7:
            tint = np.asarray(bodies.albedo(rng), np.float32)
            mix = np.float32(rng.uniform(0, 0.8))
            mesh = replace(mesh, colour=(mesh.colour * (1 - mix + mix * tint / tint.max())).astype(np.float32))
        stretch = np.clip(rng.normal(1, 0.07, 3), 0.85, 1.15)
        mesh = mesh.moved((0, 0, 0), 0.0, [float(v) for v in stretch])
        tops: tuple[Top, ...] = ()
        if piece.top_m is not None and piece.role not in ("rug", "ceiling", "hung", "small"):
            seat = piece.top_m < piece.size[2] * 0.8
            share = 0.25 if seat else (0.34 if "round" in piece.name.lower() or piece.role == "floor" else 0.44)
            shift = -0.1 * piece.size[1] if seat else 0.0
            top = Top(0, shift, piece.size[0] * share, piece.size[1] * share, piece.top_m * float(stretch[2]))
            tops = (top,) if top.z < 1.6 else ()
        return Body(mesh, tops)

    def free(self, rect: tuple[float, float, float, float], margin: float = 0.0) -> bool:
        """Whether a floor rectangle (x0, y0, x1, y1) is inside the room and clear of all footprints."""
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
        """Adds the body; False when its floor place is taken."""
        mesh = body.mesh.moved((x, y, z), yaw)
        low, high = (v.astype(np.float64) for v in mesh.bounds())
        if high[2] > self.shell.height:
            return False
        rect = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        if check:
            if not self.free(rect, margin):
                return False
            self.footprints.append(rect)
        self.meshes.append(mesh)
        self.triangles += len(mesh.indices)
        if solid:
            self.solids.append((low, high))
        self.targets.append(tuple(float(v) for v in (low + high) / 2 + [0, 0, (high[2] - low[2]) * 0.25]))  # type: ignore[arg-type]
        self.surfaces += [(top, (x, y, z), yaw) for top in body.tops]
        return True

    def against_wall(self, body: Body, tries: int = 8) -> tuple[float, float, float] | None:
        """Puts the body with its back to a wall; its place (x, y, yaw)."""
        width, depth, height = body.size
        for _ in range(tries):
            side = int(self.rng.integers(4))
            room = self.shell.length(side) - width
            if room < 0.02:
                continue
            along = width / 2 + float(self.rng.uniform(0.0, room))
            if any(
                o.side == side
                and o.kind == "window"
                and o.low < height
                and o.a < along + width / 2
                and o.b > along - width / 2
                for o in self.shell.openings
            ):
                if self.rng.random() < 0.8:
                    continue
            x, y = self.shell.at(side, along, depth / 2 + 0.032 + float(self.rng.exponential(0.02)))
            if self.put(body, x, y, 0.0, YAWS[side]):
                return x, y, YAWS[side]
        return None

    def somewhere(self, body: Body, tries: int = 8, yaw: float | None = None) -> tuple[float, float, float] | None:
        """Puts the body anywhere on the floor."""
        for _ in range(tries):
            x, y = (
                float(self.rng.uniform(0.2, self.shell.width - 0.2)),
                float(self.rng.uniform(0.2, self.shell.depth - 0.2)),
            )
            turn = float(self.rng.uniform(0, 2 * np.pi)) if yaw is None else yaw
            if self.put(body, x, y, 0.0, turn):
                return x, y, turn
        return None

    def either(self, role: str, make: Callable[[Palette], Body], models: float = 0.75, pattern: str = ".") -> Body:
        """A model of a role by chance, else a procedural body."""
        if self.rng.random() < models:
            found = self.model([p for p in self.pieces.get(role, []) if re.search(pattern, p.name.lower())])
            if found is not None:
                return found
        return make(self.palette)

    def small(self) -> Body:
        """A piece of clutter."""
        rng = self.rng
        make = bodies.CLUTTER[int(rng.integers(len(bodies.CLUTTER)))]
        return self.either("small", make, 0.5)

    def clutter(self, top: Top, origin: tuple[float, float, float], yaw: float, density: float) -> None:
        """Small things on a surface, about density per square metre."""
        rng = self.rng
        count = int(rng.poisson(density * 4 * top.half_x * top.half_y))
        placed: list[tuple[float, float, float]] = []
        c, s = np.cos(yaw), np.sin(yaw)
        for _ in range(min(count, 24)):
            body = self.small()
            width, depth, height = body.size
            limit = min(
                1.0, top.clearance_m / max(height, 1e-3), 1.9 * min(top.half_x, top.half_y) / max(width, depth, 1e-3)
            )
            if limit < 0.35:
                continue
            if limit < 1.0:
                body = Body(body.mesh.moved((0, 0, 0), 0.0, limit))
                width, depth, height = body.size
            turn = float(rng.normal(0, 0.3) if rng.random() < 0.6 else rng.uniform(0, 6.28))
            radius = 0.42 * max(width, depth)
            for _ in range(5):
                reach_x, reach_y = max(top.half_x - width / 2, 0.0), max(top.half_y - depth / 2, 0.0)
                px, py = float(rng.uniform(-reach_x, reach_x)), float(rng.uniform(-reach_y, reach_y))
                if all(np.hypot(px - a, py - b) > radius + r for a, b, r in placed):
                    placed.append((px, py, radius))
                    lx, ly = top.x + px, top.y + py
                    x, y = origin[0] + c * lx - s * ly, origin[1] + s * lx + c * ly
                    self.put(body, float(x), float(y), origin[2] + top.z + 0.0005, yaw + turn, solid=False, check=False)
                    break

    def seats(self, size: tuple[float, float, float], place: tuple[float, float, float], sides: Sequence[int]) -> None:
        """Chairs around a table, mostly of one kind, facing it."""
        rng = self.rng
        model = self.either("chair", bodies.seat, 0.8)
        for k in sides:
            turn = place[2] + k * np.pi / 2
            across, out = (size[0], size[1]) if k % 2 == 0 else (size[1], size[0])
            for shift in np.linspace(-0.5, 0.5, max(int(across / 0.65), 1) + 2)[1:-1] * across:
                if rng.random() < 0.3:
                    continue
                body = model if rng.random() < 0.8 else self.either("chair", bodies.seat, 0.8)
                away = out / 2 + body.size[1] / 2 + float(rng.uniform(-0.05, 0.25))
                direction = np.array([-np.sin(turn), np.cos(turn)])
                side = np.array([np.cos(turn), np.sin(turn)])
                x, y = np.array(place[:2]) + direction * away + side * shift
                self.put(body, float(x), float(y), 0.0, float(turn + rng.normal(0, 0.2)), margin=-0.04)

    def kitchen_row(self) -> None:
        """A run of units along a wall with a worktop, and cupboards above."""
        rng, shell = self.rng, self.shell
        side = int(rng.integers(4))
        length = shell.length(side)
        start, end = float(rng.uniform(0, 0.3 * length)), float(rng.uniform(0.7 * length, length))
        make = lambda palette: bodies.cabinet(palette, (float(rng.choice([0.4, 0.6, 0.8])), 0.6, 0.88))  # noqa: E731
        upper = lambda palette: bodies.cabinet(
            palette, (float(rng.choice([0.4, 0.6, 0.8])), 0.34, float(rng.uniform(0.5, 0.75)))
        )
        regular, hung = make(self.palette), upper(self.palette)
        along = start
        while along < end:
            body = (
                regular
                if rng.random() < 0.5
                else self.either("kitchen", make, 0.7, "cabinet|sink|dryer|washing|drawers")
            )
            width, depth, _ = body.size
            if along + width > end:
                break
            x, y = shell.at(side, along + width / 2, depth / 2 + 0.03)
            self.put(body, x, y, 0.0, YAWS[side], margin=-0.03)
            if rng.random() < 0.6:
                above = hung if rng.random() < 0.7 else self.either("hung", upper, 0.8, "cabinet")
                x, y = shell.at(side, along + width / 2, above.size[1] / 2 + 0.02)
                at_window = any(o.side == side and o.a < along + width and o.b > along for o in shell.openings)
                if not at_window:
                    self.put(above, x, y, float(rng.uniform(1.38, 1.45)), YAWS[side], check=False)
            along += width + 0.004

    def pile(self) -> None:
        """Boxes and things stacked on the floor."""
        rng = self.rng
        x, y = float(rng.uniform(0.4, self.shell.width - 0.4)), float(rng.uniform(0.4, self.shell.depth - 0.4))
        if not self.free((x - 0.25, y - 0.25, x + 0.25, y + 0.25)):
            return
        self.footprints.append((x - 0.3, y - 0.3, x + 0.3, y + 0.3))
        z = 0.0
        for _ in range(int(rng.integers(2, 6))):
            size = (float(rng.uniform(0.2, 0.6)), float(rng.uniform(0.2, 0.5)), float(rng.uniform(0.08, 0.4)))
            mesh = bodies.finish(box(size, 0.0), self.palette, 0.9)
            body = Body(mesh, (Top(0, 0, size[0] / 2, size[1] / 2, size[2]),))
            self.put(
                body,
                x + float(rng.normal(0, 0.04)),
                y + float(rng.normal(0, 0.04)),
                z,
                float(rng.normal(0, 0.4)),
                check=False,
            )
            z += size[2]

    def hang(self) -> None:
        """Pictures, cupboards, clocks and the like on the walls."""
        rng, shell = self.rng, self.shell
        body = (
            None
            if rng.random() < 0.5
            else self.model([p for p in self.pieces.get("hung", []) if not re.search("door|window", p.name.lower())])
        )
        elevation = float(rng.uniform(1.1, 1.7))
        if body is None:
            size = np.exp(rng.normal(-0.8, 0.45, 2)).clip(0.15, 1.5)
            frame = box((size[0], 0.03, size[1])).painted(bodies.albedo(rng), -1, 0.3)
            inner = float(rng.uniform(0.8, 1.0))
            print_ = quad(
                (-size[0] * inner / 2, -0.017, size[1] * (1 - inner) / 2),
                (size[0] * inner, 0, 0),
                (0, 0, size[1] * inner),
                0.0,
            )
            art = print_.painted(
                (1, 1, 1),
                self.palette.add(picture(rng)) if rng.random() < 0.8 else self.palette.any(),
                float(rng.uniform(0, 0.5)),
            )
            body = Body(bodies.merge([frame, art]))
            elevation = float(rng.uniform(1.0, 1.9)) - float(size[1]) / 2
        width, depth, height = body.size
        for _ in range(6):
            side = int(rng.integers(4))
            if shell.length(side) < width + 0.1:
                continue
            along = float(rng.uniform(width / 2, shell.length(side) - width / 2))
            if any(
                o.side == side and o.a < along + width / 2 + 0.1 and o.b > along - width / 2 - 0.1
                for o in shell.openings
            ):
                continue
            x, y = shell.at(side, along, depth / 2 + 0.004)
            z = max(min(elevation, shell.height - height - 0.02), 0.0)
            low = np.array([x - width / 2, y - width / 2, z])
            if not any(np.all(low < h) and np.all(low + [width, width, height] > g) for g, h in self.solids):
                self.put(body, x, y, z, YAWS[side], solid=depth > 0.1, check=False)
                return


def furnish(seed: int, pieces: list[Piece], tiles: dict[str, list[Image]]) -> Scene:
    """The scene of a seed: the same seed and the same assets give the same scene."""
    rng = np.random.default_rng([seed, 0x5CE7E])
    palette = Palette(rng, tiles)
    shell = build_shell(palette)
    roles: dict[str, list[Piece]] = {}
    for piece in pieces:
        roles.setdefault(piece.role, []).append(piece)
    f = Furnisher(rng, palette, shell, roles)
    area = shell.width * shell.depth
    fullness = float(rng.beta(3.0, 1.5))
    theme = str(rng.choice(list(_THEMES), p=[0.24, 0.15, 0.19, 0.18, 0.05, 0.19]))
    for _ in range(int(rng.choice([0, 1, 2], p=[0.55, 0.35, 0.1]))):
        rug = f.model(roles.get("rug", [])) if rng.random() < 0.4 else None
        if rug is None:
            rug = Body(bodies.finish(box((rng.uniform(0.8, 2.4), rng.uniform(0.6, 1.8), 0.012), 0.0), palette, 0.95))
        x, y = float(rng.uniform(0.5, shell.width - 0.5)), float(rng.uniform(0.5, shell.depth - 0.5))
        f.put(rug, x, y, 0.0, float(rng.choice([0, np.pi / 2])), solid=False, check=False)
    if theme == "kitchen":
        f.kitchen_row()
    pattern = _THEMES[theme]
    makers = {"living": bodies.sofa, "bedroom": bodies.sofa, "office": bodies.shelf}
    for k in range(int(rng.poisson(2.5 + 0.5 * area * fullness)) + 1):
        if k > 18:
            break
        choice = rng.random()
        if choice < 0.45:
            f.against_wall(f.either("wall", makers.get(theme, bodies.cabinet), 0.75, pattern))
        elif choice < 0.65:
            f.against_wall(bodies.shelf(palette))
        elif choice < 0.75:
            f.against_wall(bodies.cabinet(palette))
        else:
            desk = f.either("desk", bodies.table, 0.6)
            place = f.against_wall(desk)
            if place is not None:
                f.seats(desk.size, place, (2,))
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.15, 0.5, 0.25, 0.1]))):
        low = rng.random() < 0.3
        body = f.either("low_table" if low else "table", bodies.table, 0.6)
        place = f.somewhere(body, 12, float(rng.choice([0, np.pi / 2]) + rng.normal(0, 0.1)))
        if place is not None and not low:
            f.seats(body.size, place, (0, 1, 2, 3))
    for _ in range(int(rng.integers(0, 3))):
        f.somewhere(f.either("chair", bodies.seat, 0.85))
    for _ in range(int(rng.poisson(1.5 + 0.25 * area * fullness))):
        kind = rng.random()
        if kind < 0.55:
            f.somewhere(f.either("floor", bodies.poles, 0.8))
        elif kind < 0.7:
            f.somewhere(bodies.poles(palette))
        else:
            f.pile()
    density = float(np.exp(rng.normal(2.8, 0.6)))
    for top, origin, yaw in list(f.surfaces):
        f.clutter(
            top,
            origin,
            yaw,
            density * (0.35 if top.z < 0.55 and top.clearance_m == 1.0 else 1.0) * float(rng.uniform(0.3, 1.8)),
        )
    for _ in range(int(rng.poisson(2.0 + 0.5 * area * fullness))):
        body = f.small()
        f.somewhere(Body(body.mesh.moved((0, 0, 0), 0.0, float(rng.uniform(1.0, 1.8)))), 3)
    for _ in range(int(rng.poisson(6))):
        f.hang()
    lighting, fixtures = light_room(rng, shell, lambda: f.model(roles.get("ceiling", [])))
    shadowless = [*fixtures, *shell.panes]
    solids = np.array(f.solids, np.float64).reshape(-1, 2, 3)
    room = (np.zeros(3), np.array([shell.width, shell.depth, shell.height]))
    targets = np.array(f.targets, np.float64).reshape(-1, 3)
    return Scene(
        [*shell.meshes, *f.meshes, *shadowless], len(shadowless), palette.images, lighting, solids, targets, room
    )
