# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Things that are fixed to the walls of a room: pictures, boards with papers, shelves, radiators, switches, coats.

They have their back at y = 0 and face -y.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grin_ros.worlds.indoor import cloth, furniture_groups, goods
from grin_ros.worlds.indoor.furnisher import Furnisher
from grin_ros.worlds.indoor.shell import YAWS
from grin_ros.worlds.shapes.bodies import Body, Top
from grin_ros.worlds.shapes.mesh import box, boxes, merge, quad, tube
from grin_ros.worlds.surfaces.materials import made_of, plain
from grin_ros.worlds.surfaces.palette import Palette


def board(palette: Palette) -> Body:
    """Return a cork board or whiteboard with papers."""
    rng = palette.rng
    w, h = float(rng.uniform(0.5, 2.0)), float(rng.uniform(0.4, 1.2))
    cork = palette.tile("Cork", "Fabric") if rng.random() < 0.5 else None
    face = quad((-w / 2, -0.022, 0), (w, 0, 0), (0, 0, h), 0.5)
    ground = face.painted((1, 1, 1), cork, 0.0) if cork is not None else plain(palette, (0.85,) * 3, 0.4)(face)
    parts = [made_of(palette, "wood", "metal")(box((w + 0.04, 0.02, h + 0.04))).moved((0, -0.01, -0.02)), ground]
    for k in range(int(rng.integers(1, 14))):
        x, z = float(rng.uniform(0.1, 0.3)), float(rng.uniform(0.1, 0.35))
        if x > w or z > h:
            continue
        origin = (float(rng.uniform(-w / 2, w / 2 - x)), -0.024 - 0.001 * k, float(rng.uniform(0, h - z)))
        layer = goods.printed_layer(palette, "page" if rng.random() < 0.6 else "poster")
        parts.append(quad(origin, (x, 0, 0), (0, 0, z), 0.0).painted((1, 1, 1), layer, 0.02))
    return Body(merge(parts))


def posters(palette: Palette) -> Body:
    """Return posters, drawings or notes side by side."""
    rng = palette.rng
    parts = []
    for k in range(int(rng.integers(1, 7))):
        w, h = float(rng.uniform(0.15, 0.7)), float(rng.uniform(0.2, 0.9))
        origin = (float(rng.normal(0, 0.5)), -0.002 - 0.001 * k, float(rng.uniform(0, 0.6)))
        parts.append(
            quad(origin, (w, 0, 0), (0, 0, h), 0.0).painted((1, 1, 1), goods.printed_layer(palette, "poster", 8), 0.15)
        )
    return Body(merge(parts))


def radiator(palette: Palette) -> Body:
    """Return a ribbed radiator with a pipe."""
    rng = palette.rng
    w, h = float(rng.uniform(0.5, 1.6)), float(rng.choice([0.4, 0.6, 0.9]))
    n = int(w / 0.06)
    x = (np.arange(n) + 0.5) / n * w - w / 2
    low = np.stack([x - 0.024, np.full(n, -0.1), np.full(n, 0.1)], 1)
    high = np.stack([x + 0.024, np.full(n, -0.03), np.full(n, 0.1 + h)], 1)
    white = plain(palette, [float(rng.uniform(0.5, 0.85))] * 3, 0.3)
    pipe = np.array([[w / 2 - 0.03, -0.06, 0.0], [w / 2 - 0.03, -0.06, 0.15]])
    return Body(
        merge([white(boxes(low, high)), white(box((w, 0.02, 0.03))).moved((0, -0.065, 0.12)), white(tube(pipe, 0.012))])
    )


def wall_shelf(palette: Palette) -> Body:
    """Return one or several shelf boards."""
    rng = palette.rng
    w, d, n = float(rng.uniform(0.5, 1.8)), float(rng.uniform(0.16, 0.32)), int(rng.integers(1, 4))
    gap, paint = float(rng.uniform(0.25, 0.4)), made_of(palette, "wood")
    parts = [paint(box((w, d, 0.022))).moved((0, -d / 2, k * gap)) for k in range(n)]
    tops = tuple(Top(0, -d / 2, w / 2, d / 2, k * gap + 0.022, min(gap - 0.04, 0.9)) for k in range(n))
    return Body(merge(parts), tops)


def switches(palette: Palette) -> Body:
    """Return light switches or sockets, sometimes with a cable duct."""
    rng = palette.rng
    n, white = int(rng.integers(1, 4)), plain(palette, [float(rng.uniform(0.5, 0.9))] * 3, 0.3)
    parts = [white(box((0.08, 0.012, 0.08))).moved((k * 0.072, -0.006, 0)) for k in range(n)]
    parts += [white(box((0.05, 0.01, 0.05))).moved((k * 0.072, -0.012, 0.015)) for k in range(n)]
    if rng.random() < 0.4:
        parts.append(white(box((0.03, 0.02, float(rng.uniform(0.5, 1.3))))).moved((0.02, -0.01, 0.08)))
    return Body(merge(parts))


def rail(palette: Palette) -> Body:
    """Return a rail with towels."""
    rng = palette.rng
    w = float(rng.uniform(0.4, 0.9))
    parts = [made_of(palette, "metal", "wood")(tube(np.array([[-w / 2, -0.05, 0.6], [w / 2, -0.05, 0.6]]), 0.009))]
    for _ in range(int(rng.integers(1, 4))):
        wide = float(rng.uniform(0.1, 0.35))
        tall = float(rng.uniform(0.25, 0.58))
        towel = cloth.hanging(palette, wide, tall, 0.02).mesh
        parts.append(towel.moved((float(rng.uniform(-0.4, 0.4)) * w, -0.045, 0.6 - tall)))
    return Body(merge(parts))


# The maker of each fitting, the mean number in a usual room, and the lowest and highest height of its lower end.
_FITTINGS: tuple[tuple[Callable[[Palette], Body], float, float, float], ...] = (
    (board, 0.35, 0.9, 1.3),
    (posters, 0.7, 0.9, 1.4),
    (radiator, 0.4, 0.0, 0.05),
    (wall_shelf, 0.7, 1.0, 1.6),
    (switches, 1.2, 0.2, 1.2),
    (rail, 0.25, 0.7, 1.1),
    (cloth.coats, 0.25, 0.6, 0.8),
)


def fill_walls(room: Furnisher) -> None:
    """Hang fittings and pictures on the walls of a furnished room."""
    rng = room.rng
    share = float(np.clip((room.shell.width + room.shell.depth) / 8, 0.6, 1.6))
    for make, mean, low, high in _FITTINGS:
        for _ in range(int(rng.poisson(mean * share))):
            fix_to_wall(room, make(room.palette), float(rng.uniform(low, high)))
    for _ in range(int(rng.poisson(4 * share))):
        furniture_groups.hang_picture(room)


def fix_to_wall(room: Furnisher, body: Body, z: float) -> bool:
    """Fix a body to a free part of a wall with its lower end at z, and put things on its shelves.

    Return False if no free part was found.
    """
    rng, shell = room.rng, room.shell
    low, high = body.mesh.bounds()
    width, depth, height = float(high[0] - low[0]), float(high[1] - low[1]), float(high[2] - low[2])
    centred = body.mesh.moved((-float(low[0] + high[0]) / 2, -float(high[1]), -float(low[2])))
    z = max(min(z, shell.height - height - 0.02), 0.0)
    for side, along in room.free_wall_stretches(width):
        a, b = shell.at(side, along - width / 2, 0.0), shell.at(side, along + width / 2, depth)
        corner = np.array([min(a[0], b[0]), min(a[1], b[1]), z])
        other = np.array([max(a[0], b[0]), max(a[1], b[1]), z + height])
        if any(np.all(corner < h) and np.all(other > g) for g, h in room.solids):
            continue
        x, y = shell.at(side, along, 0.004)
        room.put(Body(centred), x, y, z, YAWS[side], solid=True, check=False)
        for top in body.tops:
            room.fill(top, (x, y, z), YAWS[side], "shelf" if rng.random() < 0.75 else "stock", 30.0)
        return True
    return False
