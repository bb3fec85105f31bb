# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Buildings with window grids, doors, shops, balconies and roofs.

They stand on z = 0, centred in x. The front wall is at y = 0 and faces -y; the building is behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from grin_ros.worlds.outdoor.materials import Materials, grey_material
from grin_ros.worlds.shapes.mesh import Mesh, box, merge, quad, quad_faces, surface
from grin_ros.worlds.surfaces.materials import Material
from grin_ros.worlds.surfaces.textures import label

Rectangle = tuple[float, float, float, float, float]
"""An upright rectangle that faces -y: left x, y, lower z, width and height."""
FOOT_M = 1.5  # walls reach this far below the ground, because the ground may be sloped


@dataclass(frozen=True)
class Style:
    """The properties that the buildings of a row share. Lengths are in metres.

    ``depth_m`` is the thickness of the window frames, which stand out from the wall.
    """

    wall: Material
    trim: Material
    roof: Material
    storey_m: float
    bay_m: float
    window: tuple[float, float]  # width, height
    sill_m: float
    depth_m: float


def style(materials: Materials) -> Style:
    """Return a random style."""
    rng = materials.rng
    wall = materials.get(
        str(rng.choice(["render", "brick", "boards", "concrete", "stone"], p=[0.5, 0.25, 0.1, 0.1, 0.05]))
    )
    storey = float(rng.uniform(2.7, 3.5))
    window = (float(rng.uniform(0.8, 1.7)), float(rng.uniform(1.1, min(2.0, storey - 0.8))))
    bay = window[0] + float(rng.uniform(0.5, 2.0))
    sill = float(rng.uniform(0.5, max(0.55, storey - window[1] - 0.35)))
    trim = grey_material(rng, 0.05, 0.75, 0.1) if rng.random() < 0.6 else grey_material(rng, 0.5, 0.8, 0.1)
    return Style(wall, trim, materials.get("roof"), storey, bay, window, sill, float(rng.uniform(0.02, 0.1)))


def _panels(rows: list[Rectangle]) -> Mesh:
    """Return upright rectangles that face -y."""
    r = np.array(rows, np.float64)
    x, y, z, w, h = r.T
    corners = np.stack([np.stack(c, -1) for c in ((x, y, z), (x + w, y, z), (x + w, y, z + h), (x, y, z + h))], 1)
    uv = np.tile(np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float64), (len(r), 1))
    return surface(corners.reshape(-1, 3), np.tile([0.0, -1.0, 0.0], (4 * len(r), 1)), uv, quad_faces(len(r)))


@dataclass(frozen=True)
class _Windows:
    """The upright rectangles of the windows of a wall, as `_panels` takes them."""

    frames: list[Rectangle] = field(default_factory=list)
    panes: list[Rectangle] = field(default_factory=list)
    blinds: list[Rectangle] = field(default_factory=list)

    def add(self, rng: np.random.Generator, s: Style, x: float, low: float, w: float) -> None:
        """Add a window of width ``w`` with its middle at ``x`` and its lower edge at ``low``, some with a blind."""
        h, d = s.window[1], s.depth_m
        self.frames.append((x - w / 2 - 0.09, -d, low - 0.09, w + 0.18, h + 0.18))
        self.frames.append((x - w / 2 - 0.15, -d - 0.06, low - 0.14, w + 0.3, 0.06))  # the sill
        halves = 2 if w > 0.9 else 1
        for j in range(halves):
            left = x - w / 2 + j * w / halves + 0.03
            self.panes.append((left, -d - 0.012, low, w / halves - 0.06, h))
        if rng.random() < 0.2:
            drop = h * float(rng.uniform(0.2, 1.0))
            self.blinds.append((x - w / 2, -d - 0.024, low + h - drop, w, drop))


def _openings(materials: Materials, s: Style, width: float, floors: int, ground: str, plainness: float) -> list[Mesh]:
    """Return the windows and doors of one wall along x, which stands at y = 0 and faces -y.

    ``plainness`` is the probability that a window is missing. For ``ground`` see ``building``.
    """
    rng = materials.rng
    bays = max(1, int((width - 0.6) / s.bay_m))
    step = width / bays
    parts: list[Mesh] = []
    windows = _Windows()
    door = int(rng.integers(bays)) if ground == "house" else -1
    balconies = rng.random() < 0.25 and floors > 1 and ground != "blank"
    for floor in range(floors):
        z = floor * s.storey_m
        if floor == 0 and ground in ("shop", "garage"):
            parts += (_shop if ground == "shop" else _garage)(materials, s, width)
            continue
        for k in range(bays):
            x = (k + 0.5) * step - width / 2
            if rng.random() < plainness:
                continue
            if floor == 0 and k == door:
                parts += _door(materials, s, x)
                continue
            windows.add(rng, s, x, z + s.sill_m, min(s.window[0], step - 0.25))
            if balconies and floor > 0 and k % 2 == 0:
                parts += _balcony(s, x, z, min(step * 0.95, 3.0))
    glass, cloth = materials.glass(), grey_material(rng, 0.2, 0.8, 0.05)
    for rows, material in ((windows.frames, s.trim), (windows.panes, glass), (windows.blinds, cloth)):
        if rows:
            parts.append(material.on(_panels(rows)))
    return parts


def _door(materials: Materials, s: Style, x: float) -> list[Mesh]:
    rng = materials.rng
    colour = grey_material(rng, 0.02, 0.5, 0.3)
    parts = [
        s.trim.on(box((1.15, 0.1, 2.3))).moved((x, -0.05, 0)),
        colour.on(box((0.95, 0.06, 2.1))).moved((x, -0.1, 0.1)),
        grey_material(rng, 0.2, 0.5, 0.05).on(box((1.5, 0.9, 0.16))).moved((x, -0.45, 0)),
    ]
    if rng.random() < 0.4:
        parts.append(s.trim.on(box((1.8, 1.0, 0.1))).moved((x, -0.5, 2.45)))
    return parts


def _shop(materials: Materials, s: Style, width: float) -> list[Mesh]:
    """Return a ground floor of shop windows with a sign board and sometimes an awning."""
    rng = materials.rng
    front = grey_material(rng, 0.02, 0.5, 0.3)
    height = min(s.storey_m - 0.5, 2.9)
    parts = [front.on(box((width * 0.98, 0.08, height + 0.5))).moved((0, -0.04, 0))]
    count = max(1, int(width / 2.5))
    glass = materials.glass()
    for k in range(count):
        w = width / count
        pane = quad((-width / 2 + k * w + 0.12, -0.1, 0.35), (w - 0.24, 0, 0), (0, 0, height - 0.4))
        parts.append(glass.on(pane))
    layer = materials.palette.add(label(rng))
    board = box((width * float(rng.uniform(0.4, 0.95)), 0.14, 0.5), 0.0).painted((1, 1, 1), layer, 0.2)
    parts.append(board.moved((0, -0.1, height + 0.0)))
    if rng.random() < 0.4:
        reach = float(rng.uniform(0.8, 1.6))
        cloth = grey_material(rng, 0.1, 0.7, 0.05)
        colour = [c * float(f) for c, f in zip(cloth.colour, rng.uniform(0.3, 1.2, 3), strict=True)]
        slope = quad((-width * 0.45, -reach, height - 0.45), (width * 0.9, 0, 0), (0, reach - 0.05, 0.5))
        parts.append(slope.painted(colour, -1, 0.05))
    return parts


def _garage(materials: Materials, s: Style, width: float) -> list[Mesh]:
    rng = materials.rng
    count = max(1, int(width / 3.2))
    door = grey_material(rng, 0.03, 0.7, 0.2)
    parts = []
    for k in range(count):
        x = (k + 0.5) * width / count - width / 2
        wide = min(2.6, width / count - 0.4)
        parts.append(s.trim.on(box((wide + 0.2, 0.06, 2.3))).moved((x, -0.03, 0)))
        parts.append(door.on(box((wide, 0.05, 2.15))).moved((x, -0.06, 0.02)))
        rib = s.trim.on(box((wide, 0.02, 0.03)))
        parts += [rib.moved((x, -0.09, float(z))) for z in np.arange(0.4, 2.0, 0.42)]
    return parts


def _balcony(s: Style, x: float, z: float, wide: float) -> list[Mesh]:
    parts = [s.trim.on(box((wide, 1.1, 0.16))).moved((x, -0.55, z - 0.1))]
    bar = s.trim.on(box((0.04, 0.04, 0.95)))
    parts += [bar.moved((x + float(k), -1.05, z)) for k in np.linspace(-wide / 2 + 0.05, wide / 2 - 0.05, 9)]
    parts.append(s.trim.on(box((wide, 0.06, 0.06))).moved((x, -1.06, z + 0.92)))
    return parts


def _gable(s: Style, width: float, depth: float, z: float, rise: float, along_x: bool) -> list[Mesh]:
    """Return a pitched roof over [-w/2, w/2] x [0, depth] with its ridge along x or y, and the gables below it."""
    over = 0.35
    w, d = width / 2 + over, depth + over
    drop = rise * over / (depth / 2 if along_x else width / 2)
    if along_x:
        m = depth / 2
        a = quad((-w, -over, z - drop), (2 * w, 0, 0), (0, m + over, rise + drop), s.roof.tile_m)
        b = quad((w, d, z - drop), (-2 * w, 0, 0), (0, -m - over, rise + drop), s.roof.tile_m)
        ends = [[(x, 0.0, z), (x, depth, z), (x, m, z + rise)] for x in (-width / 2, width / 2)]
    else:
        a = quad((-w, d, z - drop), (0, -depth - 2 * over, 0), (w, 0, rise + drop), s.roof.tile_m)
        b = quad((w, -over, z - drop), (0, depth + 2 * over, 0), (-w, 0, rise + drop), s.roof.tile_m)
        ends = [[(-width / 2, y, z), (width / 2, y, z), (0.0, y, z + rise)] for y in (0.0, depth)]
    parts = [s.roof.on(a), s.roof.on(b)]
    for corners in ends:
        p = np.array(corners, np.float64)
        normal = np.cross(p[1] - p[0], p[2] - p[0])
        across = p[:, 1] if along_x else p[:, 0]
        uv = np.stack([across, -p[:, 2]], -1) / s.wall.tile_m
        parts.append(s.wall.on(surface(p, np.tile(normal, (3, 1)), uv, np.array([[0, 1, 2]]))))
    return parts


def building(
    materials: Materials, s: Style, width: float, depth: float, floors: int, ground: str, roof: str, rich: bool = True
) -> Mesh:
    """Return a building.

    Args:
        materials: The materials of the scene.
        s: The style.
        width: The width along x in metres.
        depth: The depth along y in metres.
        floors: The number of floors.
        ground: The ground floor: 'house' (with a door), 'shop', 'garage' or 'blank'.
        roof: The roof: 'gable' (ridge along the street), 'side' (gable towards the street) or 'flat'.
        rich: Whether the sides and the back have windows. Far away nobody sees them.
    """
    rng = materials.rng
    height = floors * s.storey_m + 0.3
    walls = []
    for origin, along in (
        ((-width / 2, 0, -FOOT_M), (width, 0, 0)),
        ((width / 2, 0, -FOOT_M), (0, depth, 0)),
        ((width / 2, depth, -FOOT_M), (-width, 0, 0)),
        ((-width / 2, depth, -FOOT_M), (0, -depth, 0)),
    ):
        walls.append(s.wall.on(quad(origin, along, (0, 0, height + FOOT_M), s.wall.tile_m)))
    parts = walls
    if rng.random() < 0.4:
        parts.append(
            grey_material(rng, 0.1, 0.5, 0.05)
            .on(box((width + 0.06, depth + 0.06, FOOT_M + 0.5)))
            .moved((0, depth / 2, -FOOT_M))
        )
    plainness = float(rng.choice([0.0, 0.1, 0.3]))
    parts += _openings(materials, s, width, floors, ground, plainness)
    if rich:
        side = merge(_openings(materials, s, depth, floors, "blank", 0.5) or [s.trim.on(box((0.01, 0.01, 0.01)))])
        parts.append(side.moved((width / 2, depth / 2, 0), np.pi / 2))
        parts.append(side.moved((-width / 2, depth / 2, 0), -np.pi / 2))
        back = _openings(materials, s, width, floors, "blank", 0.3)
        if back:
            parts.append(merge(back).moved((0, depth, 0), np.pi))
    if roof == "flat":
        parts.append(s.trim.on(box((width + 0.3, depth + 0.3, 0.35))).moved((0, depth / 2, height - 0.05)))
        if rng.random() < 0.4:
            hut = box((min(3.0, width / 2), min(3.0, depth / 2), 2.2))
            parts.append(s.wall.on(hut).moved((float(rng.uniform(-1, 1)) * width / 5, depth / 2, height)))
    else:
        across = depth if roof == "gable" else width
        rise = min(across / 2 * float(np.tan(np.radians(rng.uniform(22, 48)))), 6.0)
        parts += _gable(s, width, depth, height, rise, roof == "gable")
        if rng.random() < 0.6:
            stack = s.wall.on(box((0.6, 0.5, rise + 0.9), s.wall.tile_m))
            parts.append(
                stack.moved((float(rng.uniform(-0.35, 0.35)) * width, depth * float(rng.uniform(0.3, 0.7)), height))
            )
    if rich and rng.random() < 0.6:  # drain pipe
        x = (width / 2 - 0.15) * float(rng.choice([-1, 1]))
        parts.append(s.trim.on(box((0.09, 0.09, height))).moved((x, -0.06, 0)))
    if floors > 1 and rng.random() < 0.3:
        parts.append(s.trim.on(box((width + 0.04, 0.12, 0.2))).moved((0, -0.05, s.storey_m - 0.1)))
    return merge(parts)
