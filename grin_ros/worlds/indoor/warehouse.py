# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The world of halls with rows of racks: warehouses with pallets, shops with goods, book shops and archives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.indoor import furniture_groups, goods, wall_fittings
from grin_ros.worlds.indoor.camera_placement import keep_deep, place_in_room
from grin_ros.worlds.indoor.empty_room import build_shell
from grin_ros.worlds.indoor.furnished_room import lit_scene, new_furnisher
from grin_ros.worlds.indoor.furnisher import MAX_SCENE_TRIANGLES, Furnisher
from grin_ros.worlds.scene import Placement, Scene
from grin_ros.worlds.shapes.bodies import Body
from grin_ros.worlds.shapes.mesh import Mesh, box, boxes, merge
from grin_ros.worlds.surfaces.materials import made_of, muted
from grin_ros.worlds.surfaces.palette import Palette

_KINDS = ("store", "shop", "books")


def build(seed: int, assets: Assets) -> Scene:
    """Return the hall of a seed. The same seed and assets give the same scene."""
    rng = np.random.default_rng([seed, 0x3A6E0])
    palette = Palette(rng, assets.tiles)
    kind = str(rng.choice(_KINDS, p=[0.45, 0.35, 0.2]))
    tall = {"store": (3.5, 9.0), "shop": (2.7, 5.0), "books": (2.5, 3.8)}[kind]
    size = (float(rng.uniform(7, 20)), float(rng.uniform(8, 24)), float(rng.uniform(*tall)))
    shell = build_shell(palette, size=size)
    room = new_furnisher(rng, palette, shell, assets)
    _rows(room, kind)
    _between(room, kind)
    wall_fittings.fill_walls(room)
    return lit_scene(room, mirrors=False)


def _rows(room: Furnisher, kind: str) -> None:
    """Add rows of racks with aisles between them. There are only a few different racks."""
    rng, shell, palette = room.rng, room.shell, room.palette
    top = shell.height - 0.3
    tall = float(
        {
            "store": rng.uniform(2.0, min(7.0, top)),
            "shop": rng.uniform(1.3, min(2.3, top)),
            "books": rng.uniform(1.6, min(2.6, top)),
        }[kind]
    )
    long = float({"store": 2.7, "shop": 1.25, "books": 1.0}[kind] * rng.uniform(0.85, 1.15))
    deep = float({"store": 1.05, "shop": 0.5, "books": 0.32}[kind] * rng.uniform(0.85, 1.15))
    levels = max(int(tall / {"store": 1.25, "shop": 0.38, "books": 0.36}[kind]), 2)
    frame = made_of(palette, "metal", "plastic") if kind != "books" else made_of(palette, "wood")
    racks = [rack(palette, kind, (long, deep, tall), levels, frame) for _ in range(int(rng.integers(4, 8)))]
    aisle = float(rng.uniform(1.1, 3.2 if kind == "store" else 2.0))
    x = deep / 2 + (0.05 if rng.random() < 0.7 else aisle)
    first, last = float(rng.uniform(0.8, 2.5)), shell.depth - float(rng.uniform(0.8, 2.5))
    cross = float(rng.uniform(0.35, 0.65)) * shell.depth if rng.random() < 0.5 else -9.0
    turned = True
    while x < shell.width - deep / 2:
        y = first
        while y + long < last:
            if abs(y + long / 2 - cross) > 1.2 + long / 2 and rng.random() < 0.95:
                body = racks[int(rng.integers(len(racks)))]
                yaw = np.pi / 2 if turned else -np.pi / 2  # fronts towards the aisle
                if room.triangles < MAX_SCENE_TRIANGLES:
                    room.put(body, x, y + long / 2, 0.0, yaw, margin=-0.06)
            y += long
        x += deep + (aisle if turned else 0.04)
        turned = not turned


def rack(
    palette: Palette, kind: str, size: tuple[float, float, float], levels: int, frame: Callable[[Mesh], Mesh]
) -> Body:
    """Return a filled rack of size (x, y, z).

    ``kind`` is 'store' (beams and pallets), 'shop' (rows of goods) or 'books'. ``frame`` paints the frame.
    """
    x, y, z = size
    post = 0.045 if kind == "store" else 0.02
    corners = np.array([[sx * (x / 2 - post), sy * (y / 2 - post), 0.0] for sx in (-1, 1) for sy in (-1, 1)])
    parts = [frame(boxes(corners - np.array([post, post, 0]), corners + np.array([post, post, z])))]
    heights = np.linspace(0.08, z * (0.98 if kind == "books" else 0.86), levels + (kind == "books"))
    gap = float(heights[1] - heights[0])
    board = made_of(palette, "wood", "metal") if kind == "store" else frame
    shelf = board(box((x - 0.02, y - 0.02, 0.025), 0.0))
    if kind != "store":
        parts.append(made_of(palette, "wood", "metal", "plastic")(box((x, 0.012, z))).moved((0, y / 2 - 0.006, 0)))
        if kind == "books":
            parts += [frame(box((0.02, y, z))).moved((s * (x / 2 - 0.01), 0, 0)) for s in (-1, 1)]
    for level in heights:
        parts.append(shelf.moved((0, 0, float(level))))
        if kind == "store":
            beams = np.array([[-x / 2, s * (y / 2 - 0.03) - 0.025, level - 0.1] for s in (-1, 1)])
            parts.append(frame(boxes(beams, beams + np.array([x, 0.05, 0.1]))))
        foot = float(level) + 0.026
        if kind == "books" and level < heights[-1]:
            parts.append(goods.books(palette, x - 0.05, gap - 0.04, y - 0.03).mesh.moved((0, 0, foot)))
        elif kind == "shop":
            parts.append(_goods(palette, x - 0.06, y - 0.04, min(gap - 0.05, 0.4)).moved((0, 0, foot)))
        elif kind == "store":
            parts += [bay.moved((0, 0, foot)) for bay in _bay(palette, x - 0.15, y, min(gap - 0.2, 1.5))]
    return Body(merge(parts))


def _goods(palette: Palette, wide: float, deep: float, tall: float) -> Mesh:
    """Return packages along a shelf: a few of each kind, side by side and behind one another."""
    rng = palette.rng
    low, high, layer, tone = [], [], [], []
    x = -wide / 2
    while x < wide / 2 - 0.05:
        w, h, d = float(rng.uniform(0.05, 0.2)), float(rng.uniform(0.3, 0.98)) * tall, float(rng.uniform(0.05, 0.2))
        face, shade = goods.printed_layer(palette, "package", 10), rng.uniform(0.6, 1.0)
        for _ in range(int(rng.integers(1, 6))):
            if x + w > wide / 2:
                break
            front = -deep / 2 + abs(float(rng.normal(0, 0.02)))
            for k in range(int(rng.integers(1, 3))):
                if rng.random() < 0.93:
                    low.append([x + 0.002, front + k * d, 0.0])
                    high.append([x + w - 0.002, front + (k + 0.97) * d, h * (1 if rng.random() < 0.9 else 0.8)])
                    layer.append(face)
                    tone.append([shade] * 3)
            x += w
        x += float(rng.exponential(0.01)) + (0.15 if rng.random() < 0.06 else 0.0)
    if not low:
        return box((0.1, 0.1, 0.1), 0.0)
    return boxes(np.array(low), np.array(high), np.array(tone), np.array(layer), gloss=0.3)


def _bay(palette: Palette, wide: float, deep: float, tall: float) -> list[Mesh]:
    """Return the loaded pallets on one level of a rack. Some places stay empty."""
    rng = palette.rng
    made, x = [], -wide / 2
    while x < wide / 2 - 0.4:
        width = float(rng.uniform(0.6, 1.2))
        if x + width > wide / 2:
            break
        if rng.random() < 0.82:
            made.append(
                load_of(
                    palette, width - 0.06, deep * float(rng.uniform(0.7, 1.0)), tall * float(rng.uniform(0.4, 1.0))
                ).moved((x + width / 2, 0, 0))
            )
        x += width
    return made


def load_of(palette: Palette, wide: float, deep: float, tall: float) -> Mesh:
    """Return cartons or crates on a pallet."""
    rng = palette.rng
    n = (int(rng.integers(1, 4)), int(rng.integers(1, 3)), max(int(tall / rng.uniform(0.2, 0.6)), 1))
    cell = np.array([wide / n[0], deep / n[1], max(tall - 0.14, 0.1) / n[2]])
    index = np.stack(np.meshgrid(*[np.arange(k) for k in n], indexing="ij"), -1).reshape(-1, 3)
    whole = (index[:, 2] < n[2] - 1) | (rng.random(len(index)) < 0.7)
    index = index[whole] if whole.any() else index[:1]
    low = index * cell + np.array([-wide / 2, -deep / 2, 0.13]) + rng.uniform(0.0, 0.012, (len(index), 3)) * [1, 1, 0]
    kind = rng.random()
    if kind < 0.65:
        layer, tone = goods.printed_layer(palette, "carton", 5), np.full(3, rng.uniform(0.6, 1.0))
    elif kind < 0.85:
        layer, tone = goods.printed_layer(palette, "package", 10), np.full(3, rng.uniform(0.6, 1.0))
    else:
        layer, tone = goods.printed_layer(palette, "grain", 5), np.array(muted(rng, 0.4))
    cartons = boxes(low, low + cell - rng.uniform(0.004, 0.02, (len(index), 3)), np.tile(tone, (len(index), 1)), layer)
    slats = np.linspace(-deep / 2, deep / 2 - 0.09, 5)
    feet = np.array([[-wide / 2, -deep / 2, 0.0], [-0.05, -deep / 2, 0.0], [wide / 2 - 0.1, -deep / 2, 0.0]])
    wood = made_of(palette, "wood")
    planks = boxes(
        np.stack([np.full(5, -wide / 2), slats, np.full(5, 0.1)], 1),
        np.stack([np.full(5, wide / 2), slats + 0.09, np.full(5, 0.125)], 1),
    )
    return merge([cartons, wood(planks), wood(boxes(feet, feet + np.array([0.1, deep, 0.1])))])


def _between(room: Furnisher, kind: str) -> None:
    """Add things that were left in the aisles: pallets, boxes and models."""
    rng = room.rng
    for _ in range(int(rng.poisson(6))):
        if kind == "store" and rng.random() < 0.6:
            load = load_of(
                room.palette, float(rng.uniform(0.8, 1.2)), float(rng.uniform(0.8, 1.0)), float(rng.uniform(0.2, 1.6))
            )
            room.put_anywhere(Body(load), 10, float(rng.choice([0, np.pi / 2]) + rng.normal(0, 0.1)))
        elif rng.random() < 0.5:
            body = room.model(room.pieces.get("floor", []))
            if body is not None:
                room.put_anywhere(body, 8)
        elif rng.random() < 0.5:
            furniture_groups.put_pile(room)
        else:
            room.put_anywhere(room.filler.thing("floor"), 5)


def place(rng: Generator, scene: Scene) -> Placement | None:
    """Draw a camera as in any room; a third of them look along an aisle.

    Return None if the place is inside something solid.
    """
    found = place_in_room(rng, scene)
    if found is None or rng.random() > 0.35:
        return found
    yaw = float(rng.choice([-1, 1]) * np.pi / 2 + rng.normal(0, 0.25))
    return Placement(found.position, yaw, float(rng.normal(0.05, 0.12)), found.roll_rad, found.height_m)


def keep(range_m: NDArray[np.float32], camera: Camera) -> float:
    """Return the probability of keeping a view, see ``keep_deep``."""
    return keep_deep(range_m, camera, least=0.2, one_plane_share=0.15)
