# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bins, conveyors and shelf compartments as robots see them from 0.3 to 1.4 m, with and without a gripper."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.indoor import cloth, furniture
from grin_ros.worlds.indoor.empty_room import build_shell
from grin_ros.worlds.indoor.furnished_room import furnish_free_space, lit_scene, new_furnisher
from grin_ros.worlds.indoor.furnisher import Furnisher
from grin_ros.worlds.near.containers import Size, compartments, container, conveyor
from grin_ros.worlds.near.gripper import gripper
from grin_ros.worlds.near.heaps import CONTENTS, drawn, heap
from grin_ros.worlds.near.views import NearScene
from grin_ros.worlds.shapes.bodies import Body
from grin_ros.worlds.shapes.mesh import merge
from grin_ros.worlds.surfaces.palette import Palette

_STAGES = ("bins", "conveyor", "compartments")
_CHANCES = (0.62, 0.18, 0.2)


def build(seed: int, assets: Assets) -> NearScene:
    """Return the scene of a seed. The same seed and the same assets give the same scene."""
    rng = np.random.default_rng([seed, 0xB12])
    palette = Palette(rng, assets.tiles)
    room = new_furnisher(rng, palette, build_shell(palette, small=rng.random() < 0.5), assets)
    stage = str(rng.choice(_STAGES, p=_CHANCES))
    make = {"bins": _bins, "conveyor": _conveyor, "compartments": _compartments}[stage]
    focus = make(room)
    tips = hovering(room, focus) if stage != "compartments" and rng.random() < 0.5 else np.zeros((0, 3))
    furnish_free_space(room, 0.3)
    scene = lit_scene(room, focus, mirrors=False)
    return NearScene(**{**scene.__dict__, "tips": tips})


def hovering(room: Furnisher, focus: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hang a gripper over a point of focus (n, 3), and return its tip (1, 3)."""
    rng = room.rng
    tip = focus[int(rng.integers(len(focus)))] + np.append(rng.normal(0, 0.06, 2), rng.uniform(0.02, 0.35))
    mesh = gripper(room.palette).moved((0, 0, 0), float(rng.uniform(0, 2 * np.pi)))
    for axis in (0, 1):
        mesh = mesh.tilted(axis, float(rng.normal(0, 0.12)))
    room.meshes.append(mesh.moved(tuple(float(v) for v in tip)))
    room.solids.append((tip - [0.05, 0.05, 0.0], tip + np.array([0.05, 0.05, 0.3])))
    return np.asarray(tip[None])


def filled(palette: Palette, size: Size, kind: str) -> Body:
    """Return a container of an outer size with things of a kind heaped in it, from nothing to more than full."""
    rng = palette.rng
    parts = [container(palette, size)]
    volume = size[0] * size[1] * size[2]
    most = float(np.clip(volume / (0.008 if kind == "parcels" else 0.0009), 3, 70))
    count = int(most * rng.uniform(0.05, 1.2)) + int(rng.random() < 0.9)
    inside = heap(palette, drawn(palette, kind, count), (0.46 * size[0], 0.46 * size[1]), size[2]) if count else None
    if inside is not None:
        parts.append(inside.moved((0, 0, 0.01)))
    return Body(merge(parts))


def _size(rng: Generator) -> Size:
    """Return the size of a container in metres, from trays of small parts to pallet boxes."""
    x = float(np.exp(rng.uniform(np.log(0.22), np.log(0.75))))
    return x, x * float(rng.uniform(0.6, 0.95)), float(np.clip(x * rng.uniform(0.18, 0.75), 0.06, 0.45))


def _middle(room: Furnisher) -> tuple[float, float, float]:
    """Return a place (x, y) in the room away from its walls, and a yaw along them."""
    rng, shell = room.rng, room.shell
    x, y = (float(np.clip(rng.uniform(0.25, 0.75) * side, 0.8, side - 0.8)) for side in (shell.width, shell.depth))
    return x, y, float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.1))


def _clear(room: Furnisher, x: float, y: float, reach: float) -> None:
    """Keep the floor about a place free of furniture."""
    room.footprints.append((x - reach, y - reach, x + reach, y + reach))


def _bins(room: Furnisher) -> NDArray[np.float64]:
    """Add one to four containers on a table, a stand or the floor. Return their middles (n, 3)."""
    rng, palette = room.rng, room.palette
    x, y, yaw = _middle(room)
    size, kind = _size(rng), str(rng.choice(sorted(CONTENTS), p=[0.14, 0.14, 0.2, 0.4, 0.12]))
    count = int(rng.choice([1, 2, 3, 4], p=[0.55, 0.25, 0.1, 0.1]))
    step = size[0] + float(rng.uniform(0.03, 0.2))
    foot = 0.0
    if rng.random() < 0.7:
        foot = float(rng.uniform(0.4, 0.95))
        wide = count * step + float(rng.uniform(0.05, 0.6))
        table = furniture.table(palette, (wide, size[1] + float(rng.uniform(0.05, 0.5)), foot))
        room.put(table, x, y, 0.0, yaw, check=False)
        room.surfaces = room.surfaces[: -len(table.tops)]
        if rng.random() < 0.2:
            over = cloth.draped(palette, (wide / 2, size[1] / 2 + 0.1), 0.1)
            room.put(over, x, y, foot + 0.003, yaw, check=False, solid=False)
            foot += 0.012
    _clear(room, x, y, count * step / 2 + 0.9)
    shift = (np.arange(count) - (count - 1) / 2) * step
    points = []
    for k in shift:
        body = filled(palette, size, kind if rng.random() < 0.7 else "retail")
        u, v = x + float(k) * np.cos(yaw), y + float(k) * np.sin(yaw)
        room.put(body, float(u), float(v), foot, yaw + float(rng.normal(0, 0.05)), check=False, solid=False)
        room.solids.append((np.array([u, v, foot]) - [0.1, 0.1, 0], np.array([u, v, foot + 0.3 * size[2]]) + 0.1))
        points.append((float(u), float(v), foot + size[2] * float(rng.uniform(0.2, 0.7))))
    return np.array(points)


def _conveyor(room: Furnisher) -> NDArray[np.float64]:
    """Add a conveyor with goods on it. Return points along it (n, 3)."""
    rng, palette = room.rng, room.palette
    x, y, yaw = _middle(room)
    size = (float(rng.uniform(1.4, 3.0)), float(rng.uniform(0.3, 0.8)), float(rng.uniform(0.5, 1.0)))
    body = conveyor(palette, size)
    room.put(body, x, y, 0.0, yaw, check=False)
    room.surfaces = room.surfaces[:-1]
    _clear(room, x, y, size[0] / 2 + 0.6)
    things = room.filler.scatter(body.tops[0], str(rng.choice(["stock", "stock", "bench", "toys"])), rng.uniform(2, 25))
    if things is not None:
        room.put(Body(things), x, y, 0.0, yaw, check=False, solid=False)
    along = np.linspace(-0.4, 0.4, 5) * size[0]
    return np.stack([x + along * np.cos(yaw), y + along * np.sin(yaw), np.full(5, size[2] + 0.05)], 1)


def _compartments(room: Furnisher) -> NDArray[np.float64]:
    """Add a shelf of compartments that stands free. Return points before the backs of the compartments (n, 3)."""
    rng, palette = room.rng, room.palette
    x, y, yaw = _middle(room)
    columns, rows = int(rng.integers(1, 4)), int(rng.integers(2, 5))
    size = (
        columns * float(rng.uniform(0.25, 0.5)),
        float(rng.uniform(0.25, 0.5)),
        rows * float(rng.uniform(0.22, 0.42)),
    )
    foot = float(rng.uniform(0.1, 0.8))
    body = compartments(palette, size, columns, rows)
    room.put(body, x, y, foot, yaw, check=False)
    room.surfaces = room.surfaces[: -len(body.tops)]
    room.put(Body(furniture.table(palette, (size[0], size[1], foot)).mesh), x, y, 0.0, yaw, check=False)
    _clear(room, x, y, 1.2)
    points = []
    for top in body.tops:
        if rng.random() < 0.25:
            room.fill(top, (x, y, foot), yaw, "stock", float(rng.uniform(5, 40)))
        else:
            kind = str(rng.choice(["retail", "retail", "parts", "soft"]))
            things = heap(
                palette, drawn(palette, kind, int(rng.integers(1, 9))), (top.half_x, top.half_y), 0.6 * top.clearance_m
            )
            if things is not None:
                here = Body(things.moved((top.x, top.y, top.z)))
                room.put(here, x, y, foot, yaw, check=False, solid=False)
        ahead = -0.3 * size[1]
        points.append(
            (
                float(x + top.x * np.cos(yaw) - ahead * np.sin(yaw)),
                float(y + top.x * np.sin(yaw) + ahead * np.cos(yaw)),
                foot + top.z + 0.4 * top.clearance_m,
            )
        )
    return np.array(points)
