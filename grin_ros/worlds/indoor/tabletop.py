# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The world of still lifes: a table, desk, worktop, workbench, shelf, seat or part of the floor, full of things.

The rest of the room is furnished as usual. All cameras look at this stage from 0.5 to 4 m.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.indoor import cloth, foliage, furniture, gadgets, goods
from grin_ros.worlds.indoor.camera_placement import aimed_at, hand_held, shows_one_plane
from grin_ros.worlds.indoor.empty_room import build_shell
from grin_ros.worlds.indoor.furnished_room import furnish_free_space, lit_scene, new_furnisher
from grin_ros.worlds.indoor.furnisher import Furnisher
from grin_ros.worlds.indoor.shell import YAWS
from grin_ros.worlds.scene import Placement, Scene
from grin_ros.worlds.shapes.bodies import Body, Top
from grin_ros.worlds.shapes.mesh import Mesh, box, merge, quad
from grin_ros.worlds.surfaces.materials import made_of
from grin_ros.worlds.surfaces.palette import Palette

_STAGES = ("table", "desk", "worktop", "bench", "shelf", "floor", "seat")
_CHANCES = (0.26, 0.2, 0.13, 0.12, 0.09, 0.12, 0.08)
SHALLOW = 2.5  # above this ratio of far to near ranges, a view shows a room rather than a stage
_RECIPES = {"table": ("dining", "toys", "desk", "shelf"), "floor": ("toys", "floor"), "seat": ("seat",)}


def build(seed: int, assets: Assets) -> Scene:
    """Return the scene of a seed. The same seed and assets give the same scene."""
    rng = np.random.default_rng([seed, 0x7AB1E])
    palette = Palette(rng, assets.tiles)
    shell = build_shell(palette, small=rng.random() < 0.6)
    room = new_furnisher(rng, palette, shell, assets)
    stage = str(rng.choice(_STAGES, p=_CHANCES))
    focus = _set(room, stage)
    furnish_free_space(room, 0.5)
    return lit_scene(room, focus)


def _set(room: Furnisher, stage: str) -> NDArray[np.float64]:
    """Put up the stage with its things, and return the points to look at, (n, 3)."""
    rng, shell, palette = room.rng, room.shell, room.palette
    body = _support(room, stage)
    width, depth, height = body.size
    side = int(rng.integers(4))
    along = float(
        np.clip(
            rng.uniform(0.2, 0.8) * shell.length(side),
            width / 2 + 0.05,
            max(shell.length(side) - width / 2 - 0.05, width / 2 + 0.05),
        )
    )
    gap = 0.04 if stage in ("worktop", "shelf") or rng.random() < 0.4 else float(rng.uniform(0.1, 1.2))
    x, y = shell.at(side, along, depth / 2 + gap)
    yaw = YAWS[side] + (0.0 if gap < 0.1 else float(rng.normal(0, 0.2)))
    room.put(body, x, y, 0.0, yaw, check=False, solid=stage != "floor")
    reach = 0.5 * max(width, depth) + 0.1
    room.footprints.append((x - reach, y - reach, x + reach, y + reach))
    front = np.array([np.sin(yaw), -np.cos(yaw), 0.0])  # the space in front of the stage stays free
    clear = np.array([x, y, 0.0]) + front * (reach + 0.5)
    room.footprints.append((clear[0] - 0.6, clear[1] - 0.6, clear[0] + 0.6, clear[1] + 0.6))
    dense = float(np.exp(rng.normal(3.7, 0.5)))
    names = _RECIPES.get(stage, (stage,))
    recipe = names[int(rng.integers(len(names)))]
    points = []
    for top in body.tops:
        room.fill(top, (x, y, 0.0), yaw, recipe if top.clearance_m >= 0.99 else "shelf", dense)
        points.append((x, y, top.z + 0.1))
    if stage in ("table", "seat", "floor") and rng.random() < 0.6:
        _piece(room, body, (x, y), yaw)
    if gap > 0.08 or rng.random() < 0.35:
        _background(room, (x, y), yaw, depth / 2 + min(gap, 0.35) * 0.6, width, height)
    if rng.random() < 0.5:  # something beside it
        beside = (foliage.plant(palette, float(rng.uniform(0.5, 1.6))), cloth.bag(palette), goods.parcel(palette))
        thing = beside[int(rng.integers(3))]
        off = (width / 2 + thing.size[0] / 2 + 0.05) * (1 if rng.random() < 0.5 else -1)
        room.put(thing, x + off * np.cos(yaw), y + off * np.sin(yaw), 0.0, yaw)
    return np.array(points or [(x, y, height)])


def _support(room: Furnisher, stage: str) -> Body:
    rng, palette = room.rng, room.palette
    if stage == "floor":
        w, d = float(rng.uniform(0.8, 1.8)), float(rng.uniform(0.5, 1.2))
        mat = made_of(palette, "cloth", "wood")(box((w, d, 0.008)))
        return Body(mat, (Top(0, 0, w / 2, d / 2, 0.008),))
    if stage == "shelf":
        return furniture.shelf(palette)
    if stage == "seat":
        return room.model_or_built("chair", furniture.seat, 0.7, "arm|chair")
    if stage == "worktop":
        return furniture.cabinet(palette, (float(rng.uniform(1.0, 2.6)), 0.62, float(rng.uniform(0.84, 0.92))))
    if stage == "table" and rng.random() < 0.35:
        w, d = float(rng.uniform(0.5, 1.2)), float(rng.uniform(0.5, 0.9))
        z = float(rng.uniform(0.4, 0.76))
        bare_table = furniture.table(palette, (w, d, z))
        over = cloth.draped(palette, (w / 2, d / 2), float(rng.uniform(0.1, 0.45))).mesh.moved((0, 0, z + 0.004))
        return Body(merge([bare_table.mesh, over]), (Top(0, 0, w / 2 - 0.02, d / 2 - 0.02, z + 0.014),))
    size = (float(rng.uniform(0.9, 2.0)), float(rng.uniform(0.55, 0.95)), float(rng.uniform(0.68, 0.8)))
    role = "desk" if stage == "desk" else "table"
    return room.model_or_built(role, lambda p: furniture.table(p, size), 0.4)


def _piece(room: Furnisher, body: Body, at: tuple[float, float], yaw: float) -> None:
    """Put one large thing on the stage: a plant, a box under a cloth, a soft toy, a model or a bag."""
    rng, palette = room.rng, room.palette
    if not body.tops:
        return
    top = body.tops[0]
    kind = int(rng.integers(4))
    if kind == 0:
        thing = foliage.plant(palette, float(rng.uniform(0.3, 0.8)))
    elif kind == 1:
        crate = goods.parcel(palette, 0.35)
        x, y, z = crate.size
        over = cloth.draped(palette, (x / 2 + 0.01, y / 2 + 0.01), z * float(rng.uniform(0.5, 0.98))).mesh
        thing = Body(merge([crate.mesh, over.moved((0, 0, z + 0.006))]))
    elif kind == 2:
        thing = gadgets.toy(palette)
    else:
        thing = room.model([p for p in room.pieces.get("small", []) if max(p.size) > 0.25]) or cloth.bag(palette)
    c, s = np.cos(yaw), np.sin(yaw)
    lx, ly = top.x + float(rng.uniform(-0.4, 0.4)) * top.half_x, top.y + 0.4 * top.half_y
    x, y = at[0] + c * lx - s * ly, at[1] + s * lx + c * ly
    room.put(thing, float(x), float(y), top.z + 0.001, yaw + float(rng.normal(0, 0.6)), solid=False, check=False)


def _background(room: Furnisher, at: tuple[float, float], yaw: float, back: float, width: float, height: float) -> None:
    """Put a hanging cloth, a board, or a board with posters right behind the stage."""
    rng, palette = room.rng, room.palette
    wide, tall = (
        width + float(rng.uniform(0.2, 1.2)),
        min(height + float(rng.uniform(0.5, 1.3)), room.shell.height - 0.1),
    )
    kind = rng.random()
    if kind < 0.45:
        mesh = cloth.hanging(palette, wide, tall, float(rng.uniform(0.02, 0.08))).mesh
    elif kind < 0.75:
        mesh = made_of(palette, "wood", "plastic")(box((wide, 0.02, tall)))
    else:
        board = made_of(palette, "wood", "plastic", "cloth")(box((wide, 0.02, tall)))
        sheets: list[Mesh] = []
        for _ in range(int(rng.integers(4, 16))):
            w, h = float(rng.uniform(0.12, 0.5)), float(rng.uniform(0.12, 0.5))
            origin = (
                float(rng.uniform(-wide / 2, wide / 2 - w)),
                -0.012 - 0.001 * len(sheets),
                float(rng.uniform(min(height, tall - h), tall - h)),
            )
            leaf = quad(origin, (w, 0, 0), (0, 0, h), 0.0)
            sheets.append(leaf.painted((1, 1, 1), goods.printed_layer(palette, "poster", 8), 0.1))
        mesh = merge([board, *sheets])
    x, y = at[0] - np.sin(yaw) * back, at[1] + np.cos(yaw) * back
    room.put(Body(mesh), float(x), float(y), 0.0, yaw, check=False, solid=True)


def place(rng: Generator, scene: Scene) -> Placement | None:
    """Draw a camera 0.6 to 4.2 m from the stage, level with it or above it.

    Return None if the place is outside the room, above 2.1 m, or inside something solid.
    """
    target = scene.targets[int(rng.integers(len(scene.targets)))]
    distance = float(np.exp(rng.uniform(np.log(0.6), np.log(4.2))))
    bearing, slope = rng.uniform(0, 2 * np.pi), float(np.clip(rng.normal(0.4, 0.28), -0.1, 1.2))
    position, yaw, pitch = aimed_at(rng, target, distance, bearing, slope, 0.1)
    return hand_held(rng, scene, position, yaw, pitch) if position[2] <= 2.1 else None


def keep(range_m: NDArray[np.float32], camera: Camera) -> float:
    """Return the probability of keeping a view with these ranges (h, w).

    It is 0 if 40 % has no surface or the median range is above 4.5 m. It is lower for near views, for views with a far
    background, and for views that show one plane only.
    """
    seen = range_m[~np.isnan(range_m)]
    if np.mean(np.isfinite(seen)) < 0.6 or np.median(seen) > 4.5:
        return 0.0
    first, last = np.percentile(seen[np.isfinite(seen)], [5, 95])
    # From its front, a stage has a near background. From other sides the view shows the room, which is another world.
    shallow = 1.0 if last < SHALLOW * first else 0.4
    # Near placements are proposed more often than real cameras are that near.
    return shallow * min(1.0, float(np.median(seen)) / 1.8) * (0.1 if shows_one_plane(range_m, camera) else 1.0)
