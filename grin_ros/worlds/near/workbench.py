# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Table-tops as robots see them from 0.3 to 1.4 m, with a few things on a plain top up to a full workbench."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.indoor import cloth, furniture, goods
from grin_ros.worlds.indoor.empty_room import build_shell
from grin_ros.worlds.indoor.furnished_room import furnish_free_space, lit_scene, new_furnisher
from grin_ros.worlds.indoor.furnisher import Furnisher
from grin_ros.worlds.indoor.shell import YAWS
from grin_ros.worlds.near.bin import filled, hovering
from grin_ros.worlds.near.views import NearScene
from grin_ros.worlds.shapes.bodies import Body, Top
from grin_ros.worlds.shapes.mesh import box, boxes, merge
from grin_ros.worlds.surfaces.materials import made_of
from grin_ros.worlds.surfaces.palette import Palette
from grin_ros.worlds.surfaces.textures import checker

_RECIPES = ("desk", "dining", "worktop", "bench", "bench", "stock", "toys", "shelf")


def build(seed: int, assets: Assets) -> NearScene:
    """Return the scene of a seed. The same seed and the same assets give the same scene."""
    rng = np.random.default_rng([seed, 0xBE7C4])
    palette = Palette(rng, assets.tiles)
    room = new_furnisher(rng, palette, build_shell(palette, small=rng.random() < 0.5), assets)
    focus = _bench(room)
    tips = hovering(room, focus) if rng.random() < 0.3 else np.zeros((0, 3))
    furnish_free_space(room, 0.4)
    scene = lit_scene(room, focus, mirrors=False)
    return NearScene(**{**scene.__dict__, "tips": tips})


def _bench(room: Furnisher) -> NDArray[np.float64]:
    """Add a table with things on it, free or at a wall. Return points on it (n, 3)."""
    rng, palette, shell = room.rng, room.palette, room.shell
    x, y, z = float(rng.uniform(0.7, 2.0)), float(rng.uniform(0.5, 1.0)), float(rng.choice([0.45, 0.74, 0.9])) + 0.04
    body = _plain(palette, (x, y, z)) if rng.random() < 0.5 else furniture.table(palette, (x, y, z))
    side = int(rng.integers(4))
    reach = max(x, y) / 2
    along = float(np.clip(rng.uniform(0.3, 0.7) * shell.length(side), reach, max(shell.length(side) - reach, reach)))
    gap = 0.04 if rng.random() < 0.4 else float(rng.uniform(0.3, 1.0))
    u, v = shell.at(side, along, y / 2 + gap)
    yaw = YAWS[side]
    room.put(body, u, v, 0.0, yaw, check=False)
    room.surfaces = room.surfaces[: -len(body.tops)]
    room.footprints.append((u - reach - 0.6, v - reach - 0.6, u + reach + 0.6, v + reach + 0.6))
    top = _covered(room, body.tops[0], (u, v), yaw)
    recipe = str(rng.choice(_RECIPES))
    room.fill(top, (u, v, 0.0), yaw, recipe, float(np.exp(rng.uniform(np.log(1.5), np.log(50)))))
    if rng.random() < 0.25:
        tray = filled(palette, (0.35, 0.25, float(rng.uniform(0.06, 0.2))), "parts" if recipe == "bench" else "retail")
        room.put(tray, u, v, top.z, yaw + float(rng.normal(0, 0.4)), check=False, solid=False)
    spots = rng.uniform(-0.75, 0.75, (6, 2)) * [top.half_x, top.half_y]
    c, s = np.cos(yaw), np.sin(yaw)
    return np.stack(
        [u + c * spots[:, 0] - s * spots[:, 1], v + s * spots[:, 0] + c * spots[:, 1], np.full(6, top.z + 0.04)], 1
    )


def _plain(palette: Palette, size: tuple[float, float, float]) -> Body:
    """Return a laboratory's table: a plain white, grey, black, steel or wooden top on a frame of square bars."""
    rng = palette.rng
    x, y, z = size
    shade = float(rng.choice([0.8, 0.7, 0.5, 0.2, 0.03]))
    top = box((x, y, 0.03))
    colour = [shade, shade, shade * float(rng.uniform(0.9, 1.0))]
    kind = rng.random()
    tile = palette.tile("Wood", "Planks", "Chipboard", "Metal", "Marble") if kind < 0.4 else None
    painted = top.painted(colour if tile is None else (0.9, 0.9, 0.9), -1 if tile is None else tile, 0.2)
    frame = made_of(palette, "metal")
    legs = [
        frame(box((0.045, 0.045, z - 0.03))).moved((s * (x / 2 - 0.04), t * (y / 2 - 0.04), 0))
        for s in (-1, 1)
        for t in (-1, 1)
    ]
    return Body(merge([painted.moved((0, 0, z - 0.03)), *legs]), (Top(0, 0, x / 2 - 0.02, y / 2 - 0.02, z),))


def _covered(room: Furnisher, top: Top, at: tuple[float, float], yaw: float) -> Top:
    """Lay a cloth, a mat, a board of squares, sheets of paper or nothing on a top. Return what things then stand on."""
    rng, palette = room.rng, room.palette
    kind = rng.random()
    if kind < 0.15:
        over = cloth.draped(palette, (top.half_x, top.half_y), float(rng.uniform(0.05, 0.4)))
        room.put(over, *at, top.z + 0.003, yaw, check=False, solid=False)
        return Top(0, 0, top.half_x - 0.02, top.half_y - 0.02, top.z + 0.014)
    if kind < 0.45:
        w, d = (float(rng.uniform(0.3, 0.9)) * 2 * side for side in (top.half_x, top.half_y))
        layer = palette.add(checker(rng)) if rng.random() < 0.4 else palette.any()
        mat = boxes(np.array([[-w / 2, -d / 2, 0.0]]), np.array([[w / 2, d / 2, 0.003]]), layer=layer)
        room.put(Body(mat), *at, top.z + 0.0005, yaw, check=False, solid=False)
    elif kind < 0.6:
        for _ in range(int(rng.integers(2, 6))):
            spot = rng.uniform(-0.7, 0.7, 2) * [top.half_x, top.half_y]
            u = at[0] + np.cos(yaw) * spot[0] - np.sin(yaw) * spot[1]
            v = at[1] + np.sin(yaw) * spot[0] + np.cos(yaw) * spot[1]
            room.put(goods.papers(palette), float(u), float(v), top.z + 0.0005, yaw, check=False, solid=False)
    return top
