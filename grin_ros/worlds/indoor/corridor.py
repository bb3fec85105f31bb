# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The world of corridors: doors on both sides, some open into furnished rooms, things along the walls, and stairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.indoor import cloth, foliage, furniture, goods, stairs, wall_fittings
from grin_ros.worlds.indoor.camera_placement import keep_deep
from grin_ros.worlds.indoor.empty_room import build_shell
from grin_ros.worlds.indoor.furnished_room import lit_scene, new_furnisher
from grin_ros.worlds.indoor.furnisher import Furnisher
from grin_ros.worlds.indoor.shell import Opening
from grin_ros.worlds.indoor.side_rooms import furnish_side_rooms
from grin_ros.worlds.scene import Placement, Scene
from grin_ros.worlds.shapes.bodies import Body
from grin_ros.worlds.surfaces.palette import Palette


@dataclass(frozen=True)
class HallScene(Scene):
    """A corridor with stairs. ``floors`` (n, 2, 3) are the lower and upper corners of the steps and landings."""

    floors: NDArray[np.float64]


def build(seed: int, assets: Assets) -> HallScene:
    """Return the corridor of a seed. The same seed and assets give the same scene."""
    rng = np.random.default_rng([seed, 0xC0441])
    palette = Palette(rng, assets.tiles)
    stepped = rng.random() < 0.45
    wide = float(rng.uniform(2.6, 6.0) if stepped else rng.uniform(1.3, 3.0))
    size = (
        wide,
        float(rng.uniform(7, 22)),
        float(rng.uniform(3.2, 5.5) if stepped and rng.random() < 0.6 else rng.uniform(2.3, 3.3)),
    )
    shell = build_shell(palette, size=size, openings=_openings(rng, size))
    room = new_furnisher(rng, palette, shell, assets)
    floors = _climb(room) if stepped else np.zeros((0, 2, 3))
    furnish_side_rooms(room)
    _along(room)
    wall_fittings.fill_walls(room)
    scene = lit_scene(room)
    ends = np.array([[wide / 2, 0.3, 1.2], [wide / 2, size[1] - 0.3, 1.2]])
    return HallScene(**{**scene.__dict__, "targets": np.concatenate([scene.targets, ends]), "floors": floors})


def _openings(rng: Generator, size: tuple[float, float, float]) -> list[Opening]:
    """Return doors, passages or windows along the long sides, and windows, doors or passages at the ends."""
    made = []
    open_share = float(rng.uniform(0.1, 0.6))
    windows = rng.random() < 0.25
    for side in (1, 3):
        along = float(rng.uniform(0.8, 2.5))
        while along < size[1] - 2.0:
            width = float(rng.uniform(0.8, 1.0))
            kind = "passage" if rng.random() < open_share else "door"
            if windows and side == 1:
                made.append(Opening(side, along, along + 1.2, 0.9, min(2.1, size[2] - 0.1), "window"))
            else:
                made.append(Opening(side, along, along + width, 0.0, 2.02, kind))
            along += width + float(rng.choice([1.6, 2.4, 3.2]) * rng.uniform(0.9, 1.2))
    for side in (0, 2):
        middle, kind = size[0] / 2, str(rng.choice(["window", "door", "passage", ""]))
        if kind == "window" and size[0] > 1.4:
            made.append(Opening(side, middle - 0.5, middle + 0.5, float(rng.choice([0.1, 0.9])), 2.05, kind))
        elif kind:
            made.append(Opening(side, middle - 0.45, middle + 0.45, 0.0, 2.02, kind))
    return made


def _climb(room: Furnisher) -> NDArray[np.float64]:
    """Add stairs to a landing along a wall or at the far end, and return their steps in the world, (n, 2, 3)."""
    rng, shell = room.rng, room.shell
    most = int((shell.height - 2.05) / 0.19)
    count = int(rng.integers(2, max(most, 3) + 1))
    across = rng.random() < 0.4
    wide = shell.width - 0.02 if across else float(min(rng.uniform(0.9, 1.6), shell.width * 0.45))
    landing = float(rng.uniform(1.0, 2.5))
    made = stairs.flight(room.palette, count, wide, landing)
    long = float(made.landing[1, 1])
    if long > shell.depth - 3:
        return np.zeros((0, 2, 3))
    x = shell.width / 2 if across else (wide / 2 + 0.02 if rng.random() < 0.5 else shell.width - wide / 2 - 0.02)
    y = shell.depth - long - 0.01
    room.put(Body(made.mesh), x, y, 0.0, 0.0, check=False, solid=False)
    steps = made.steps + np.array([x, y, 0.0])
    for low, high in steps:
        room.solids.append((low, high))
        room.targets.append((float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2, float(high[2])))
    room.footprints.append((x - wide / 2, y - 0.8, x + wide / 2, shell.depth))
    return np.asarray(steps)


def _along(room: Furnisher) -> None:
    """Add cupboards, shelves, seats, plants, bins and boxes along the walls. A way through stays free."""
    rng, shell, palette = room.rng, room.shell, room.palette
    deepest = shell.width * 0.4
    for _ in range(int(rng.poisson(shell.depth * 0.5))):
        kind = int(rng.integers(7))
        if kind == 0:
            body = foliage.plant(palette, float(rng.uniform(0.5, 1.7)))
        elif kind == 1:
            body = (cloth.basket, goods.parcel, cloth.bag)[int(rng.integers(3))](palette)
        elif kind == 2:
            body = room.model_or_built("chair", furniture.seat, 0.85)
        elif kind == 3:
            body = furniture.shelf(palette)
        else:
            body = room.model_or_built(
                "wall", furniture.cabinet, 0.8, "cabinet|shel|locker|dresser|chest|bookcase|wardrobe|piano|radiator"
            )
        if body.size[1] > deepest:
            continue
        before = len(room.surfaces)
        if room.put_against_wall(body):
            for top, origin, yaw in room.surfaces[before:]:
                recipe = "shelf" if top.clearance_m < 0.99 else ("seat" if top.z < 0.55 else "worktop")
                room.fill(top, origin, yaw, recipe, float(rng.uniform(2, 12)))
    for _ in range(int(rng.poisson(1.5))):
        room.put_anywhere(room.filler.thing("floor"), 3)


def ground_under(scene: HallScene, x: float, y: float) -> float:
    """Return the height in metres of the step, landing or floor at a place."""
    on = np.all((scene.floors[:, 0, :2] < [x, y]) & (scene.floors[:, 1, :2] > [x, y]), axis=1)
    return float(scene.floors[on, 1, 2].max(initial=0.0))


def place(rng: Generator, scene: Scene) -> Placement | None:
    """Draw a camera on a robot or in a hand above the floor, a step or a landing, mostly looking along the corridor.

    Return None if the drawn place is too high or inside something solid.
    """
    low, high = scene.bounds
    x, y = rng.uniform(low[0] + 0.2, high[0] - 0.2), rng.uniform(low[1] + 0.2, high[1] - 0.2)
    ground = ground_under(scene, x, y) if isinstance(scene, HallScene) else 0.0
    robot = rng.random() < 0.5
    height = float(
        np.exp(rng.uniform(np.log(0.15), np.log(1.5))) if robot else np.clip(rng.normal(1.45, 0.2), 0.9, 1.9)
    )
    position = np.array([x, y, ground + height])
    if rng.random() < 0.55:
        yaw = np.pi / 2 * (1 if rng.random() < 0.5 else -1) + rng.normal(0, 0.35)
    elif rng.random() < 0.7:
        target = scene.targets[int(rng.integers(len(scene.targets)))]
        yaw = np.arctan2(target[1] - y, target[0] - x) + rng.normal(0, 0.2)
    else:
        yaw = rng.uniform(0, 2 * np.pi)
    pitch = np.radians(np.clip(rng.normal(3, 7) if robot else rng.normal(10, 12), -25, 45))
    if position[2] > high[2] - 0.15:
        return None
    if scene.blocks(position):
        return None
    return Placement(position, float(yaw), float(pitch), float(rng.normal(0, np.radians(3))), height)


def keep(range_m: NDArray[np.float32], camera: Camera) -> float:
    """Return the probability of keeping a view, see ``keep_deep``."""
    return keep_deep(range_m, camera, least=0.25, one_plane_share=0.1)
