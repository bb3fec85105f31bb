# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The world of furnished rooms: large things along walls, tables with seats, small things everywhere, and lights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.indoor import furniture, furniture_groups, wall_fittings
from grin_ros.worlds.indoor.cloth import bed
from grin_ros.worlds.indoor.empty_room import build_shell
from grin_ros.worlds.indoor.furnisher import MAX_SCENE_TRIANGLES, Furnisher
from grin_ros.worlds.indoor.lights import light_room, mean_albedo
from grin_ros.worlds.indoor.mirrors import hang_mirrors
from grin_ros.worlds.indoor.recipes import recipe_for
from grin_ros.worlds.indoor.room_light_map import light_map
from grin_ros.worlds.indoor.shell import Shell
from grin_ros.worlds.indoor.side_rooms import furnish_side_rooms
from grin_ros.worlds.scene import Scene
from grin_ros.worlds.seeds import sibling_generator
from grin_ros.worlds.shapes.bodies import Body
from grin_ros.worlds.shapes.mesh import box
from grin_ros.worlds.surfaces.materials import finish
from grin_ros.worlds.surfaces.palette import Palette

# The name and probability of each theme, and a pattern of the names of the models along its walls.
_THEMES = (
    ("living", 0.22, r"sofa|couch|tv|television|bookcase|shelves|piano|fireplace|dresser|chest|winchester"),
    ("bedroom", 0.15, r"bed|wardrobe|dresser|cupboard|chest|crib|shelves|bedside"),
    ("office", 0.19, r"bookcase|shelves|cabinet|safe|locker|cupboard"),
    ("kitchen", 0.18, r"fridge|cabinet|freezer|radiator|oven"),
    ("basement", 0.07, r"washing|dryer|furnace|shelves|cabinet|locker|freezer|chest|clothes rack|bicycle"),
    ("bath", 0.05, r"bath|toilet|vanity|washbasin|bidet|radiator|shower"),
    ("any", 0.14, r"."),
)
# What is built along the walls if there is no model, by theme; cabinets for the other themes.
_BUILT = {"living": furniture.sofa, "bedroom": furniture.cabinet, "office": furniture.shelf}
_MOST_LARGE = 18  # the largest number of large things along walls


def build_room(seed: int, assets: Assets) -> Scene:
    """Return the furnished room of a seed. The same seed and assets give the same scene."""
    return furnish_room(np.random.default_rng([seed, 0x5CE7E]), assets)


def furnish_room(
    rng: Generator, assets: Assets, size: tuple[float, float, float] | None = None, share: float = 1.0
) -> Scene:
    """Return a furnished room. ``size`` is its width, depth and height in metres, random by default.

    ``share`` scales the number of things.
    """
    palette = Palette(rng, assets.tiles)
    room = new_furnisher(rng, palette, build_shell(palette, size=size), assets)
    furnish_free_space(room, share)
    return lit_scene(room)


def new_furnisher(rng: Generator, palette: Palette, shell: Shell, assets: Assets) -> Furnisher:
    """Return the furnisher of an empty room, with the models and light maps of the assets."""
    return Furnisher(rng, palette, shell, assets.pieces_by_role(), assets.light_maps)


def furnish_free_space(room: Furnisher, share: float = 1.0) -> None:
    """Furnish the free space of a room in a random theme. ``share`` scales the number of things."""
    rng, area = room.rng, room.shell.width * room.shell.depth
    things = share * min(area, 45.0) * float(rng.beta(3.0, 1.5))
    theme, _, pattern = _THEMES[int(rng.choice(len(_THEMES), p=[chance for _, chance, _ in _THEMES]))]
    done = len(room.surfaces)
    _rugs(room)
    if theme == "kitchen":
        furniture_groups.put_kitchen(room)
    if theme == "bedroom":
        room.put_against_wall(bed(room.palette))
    _along_walls(room, things, theme, pattern)
    _tables(room)
    _about_the_floor(room, things)
    _clutter(room, things, theme, done)
    furnish_side_rooms(room)
    wall_fittings.fill_walls(room)


def lit_scene(room: Furnisher, targets: NDArray[np.float64] | None = None, mirrors: bool = True) -> Scene:
    """Light a room, and return its scene.

    Args:
        room: The furnished room.
        targets: The points that cameras may look at, (n, 3); all things by default.
        mirrors: Whether the room may have mirrors.
    """
    shell = room.shell
    images = room.palette.images
    floor, walls = mean_albedo(shell.meshes[:1], images), mean_albedo(shell.meshes[1:6], images)
    ceiling = room.pieces.get("ceiling", [])
    lighting, fixtures = light_room(room.rng, shell, lambda: room.model(ceiling), floor, walls)
    faces = [mean_albedo([mesh], images) for mesh in shell.meshes[:6]]
    around = light_map(sibling_generator(room.rng, 0x11), shell, lighting, faces, room.light_maps)
    lighting = replace(lighting, around=around)
    glass = hang_mirrors(sibling_generator(room.rng, 0x12), room) if mirrors else ()
    shadowless = [*fixtures, *shell.panes]
    return Scene(
        [*shell.meshes, *room.meshes, *shadowless],
        len(shadowless),
        room.palette.images,
        lighting,
        np.array(room.solids, np.float64).reshape(-1, 2, 3),
        np.array(room.targets if targets is None else targets, np.float64).reshape(-1, 3),
        (np.zeros(3), np.array([shell.width, shell.depth, shell.height])),
        mirrors=glass,
    )


def _rugs(room: Furnisher) -> None:
    rng, shell = room.rng, room.shell
    for _ in range(int(rng.choice([0, 1, 2], p=[0.55, 0.35, 0.1]))):
        rug = room.model(room.pieces.get("rug", [])) if rng.random() < 0.4 else None
        if rug is None:
            flat = box((rng.uniform(0.8, 2.4), rng.uniform(0.6, 1.8), 0.012), 0.0)
            rug = Body(finish(flat, room.palette, 0.95))
        x, y = float(rng.uniform(0.5, shell.width - 0.5)), float(rng.uniform(0.5, shell.depth - 0.5))
        room.put(rug, x, y, 0.0, float(rng.choice([0, np.pi / 2])), solid=False, check=False)


def _along_walls(room: Furnisher, things: float, theme: str, pattern: str) -> None:
    """Put large things with their backs to the walls, and desks with a seat."""
    rng, palette = room.rng, room.palette
    for _ in range(min(int(rng.poisson(2.5 + 0.5 * things)), _MOST_LARGE) + 1):
        choice = rng.random()
        if room.triangles > MAX_SCENE_TRIANGLES:
            return
        if choice < 0.45:
            room.put_against_wall(room.model_or_built("wall", _BUILT.get(theme, furniture.cabinet), 0.75, pattern))
        elif choice < 0.65:
            room.put_against_wall(furniture.shelf(palette))
        elif choice < 0.75:
            room.put_against_wall(furniture.cabinet(palette))
        else:
            desk = room.model_or_built("desk", furniture.table, 0.6)
            place = room.put_against_wall(desk)
            if place is not None:
                furniture_groups.put_seats(room, desk.size, place, (2,))


def _tables(room: Furnisher) -> None:
    """Put tables into the room, high ones with seats on all sides, and single chairs."""
    rng = room.rng
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.15, 0.5, 0.25, 0.1]))):
        low = rng.random() < 0.3
        body = room.model_or_built("low_table" if low else "table", furniture.table, 0.6)
        place = room.put_anywhere(body, 12, float(rng.choice([0, np.pi / 2]) + rng.normal(0, 0.1)))
        if place is not None and not low:
            furniture_groups.put_seats(room, body.size, place, (0, 1, 2, 3))
    for _ in range(int(rng.integers(0, 3))):
        room.put_anywhere(room.model_or_built("chair", furniture.seat, 0.85))


def _about_the_floor(room: Furnisher, things: float) -> None:
    """Put models of all kinds, poles, stands and piles of boxes on the floor."""
    rng = room.rng
    for _ in range(int(rng.poisson(1.5 + 0.25 * things))):
        kind = rng.random()
        if kind < 0.55:
            room.put_anywhere(room.model_or_built("floor", furniture.poles, 0.8))
        elif kind < 0.7:
            room.put_anywhere(furniture.poles(room.palette))
        else:
            furniture_groups.put_pile(room)


def _clutter(room: Furnisher, things: float, theme: str, done: int) -> None:
    """Put small things on the floor and on all surfaces except the first ``done``; seats get fewer."""
    rng = room.rng
    density = float(np.exp(rng.normal(2.9, 0.6)))
    for top, origin, yaw in room.surfaces[done:]:
        if room.triangles > MAX_SCENE_TRIANGLES:
            return
        seat = top.z < 0.55 and top.clearance_m == 1.0
        recipe = "seat" if seat else ("shelf" if top.clearance_m < 0.99 else recipe_for(theme, top, rng))
        room.fill(top, origin, yaw, recipe, density * (0.25 if seat else 1.0) * float(rng.uniform(0.3, 1.8)))
    for _ in range(int(rng.poisson(1.5 + 0.4 * things))):
        room.put_anywhere(room.filler.thing("floor"), 3)
