# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The plots of land along a street: houses, gardens, walls, parking, fields and woods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grin_ros.worlds.outdoor import buildings, plants, street_furniture, vehicles
from grin_ros.worlds.outdoor.road import Section
from grin_ros.worlds.outdoor.site import Site
from grin_ros.worlds.outdoor.terrain import Path, with_varied_tone
from grin_ros.worlds.shapes.mesh import Mesh

# For each kind of street, the probabilities of the kinds of plots.
_MIX: dict[str, dict[str, float]] = {
    "urban": {"row": 0.68, "wall": 0.08, "park": 0.09, "parking": 0.06, "house": 0.09},
    "suburban": {"house": 0.6, "row": 0.08, "garages": 0.08, "wall": 0.06, "park": 0.12, "parking": 0.06},
    "rural": {"field": 0.5, "wood": 0.2, "trees": 0.2, "house": 0.1},
    "highway": {"field": 0.3, "wood": 0.35, "trees": 0.2, "screen": 0.15},
    "works": {"hall": 0.45, "parking": 0.2, "wall": 0.15, "park": 0.1, "row": 0.1},
}
# The turn that makes the front of a body, -y, face the road from its left (1) or right (-1) side.
_BACK = {1: 0.0, -1: float(np.pi)}


@dataclass(frozen=True)
class Plot:
    """A piece of land beside a road.

    Attributes:
        path: The middle of the road.
        side: 1 on the left of the road, -1 on its right.
        s_m: Where the plot begins along the path.
        width_m: Its width along the path.
        edge_m: The distance between its front edge and the middle of the road.
        lift_m: The height of its ground above the road.
    """

    path: Path
    side: int
    s_m: float
    width_m: float
    edge_m: float
    lift_m: float


def along(site: Site, path: Path, road: Section, kind: str, gaps: list[tuple[int, float, float]]) -> None:
    """Fill both sides of the road with plots, but not the gaps (side, s0, s1) where side streets leave."""
    rng = site.materials.rng
    mix = _MIX[kind]
    shared = [buildings.style(site.materials) for _ in range(int(rng.integers(2, 5)))]
    setback = float(rng.choice([0.0, 1.0, 4.0], p=[0.5, 0.3, 0.2])) if kind == "urban" else float(rng.uniform(2.5, 9.0))
    for side in (1, -1):
        s = path.start_m
        while s < path.end_m - 6:
            name = str(rng.choice(list(mix), p=np.array(list(mix.values())) / sum(mix.values())))
            width = _width(site, name)
            stops = [(a, b) for which, a, b in gaps if which == side and a - 2.5 < s + width and b + 2.5 > s]
            if stops:
                width = min(a for a, _ in stops) - 2.5 - s
                if width < 5:
                    s = max(b for _, b in stops) + 2.5
                    continue
            width = min(width, path.end_m - s)
            style = shared[int(rng.integers(len(shared)))]
            _fill(site, Plot(path, side, s, width, road.edge_m, road.raise_m), name, style, setback)
            s += width + (0.0 if name == "row" else float(rng.uniform(0, 3)))


def _width(site: Site, name: str) -> float:
    rng = site.materials.rng
    low, high = {
        "row": (7, 22),
        "house": (12, 24),
        "garages": (6, 16),
        "wall": (6, 25),
        "park": (12, 35),
        "parking": (15, 40),
        "hall": (20, 50),
        "screen": (30, 70),
    }.get(name, (25, 70))
    return float(rng.uniform(low, high))


def _fill(site: Site, plot: Plot, name: str, style: buildings.Style, setback: float) -> None:
    rng, m = site.materials.rng, site.materials
    path, side, s, width, edge, lift = plot.path, plot.side, plot.s_m, plot.width_m, plot.edge_m, plot.lift_m
    if name in ("row", "house", "hall", "garages"):
        _house(site, plot, name, style, setback)
    elif name == "wall":
        _boundary(site, plot, edge + 0.3, tall=True)
        for _ in range(int(width / 6)):
            _plant(site, path, s + float(rng.uniform(0, width)), side * (edge + float(rng.uniform(2, 9))), lift)
    elif name == "screen":
        wall = m.get(str(rng.choice(["boards", "concrete"])))
        tall, t = float(rng.uniform(2.5, 5)), side * (edge + 3)
        site.add_ground(wall.on(path.sweep(s, s + width, [(t, -0.3), (t, tall), (t + side * 0.3, tall)], wall.tile_m)))
    elif name == "parking":
        _parking(site, plot)
    elif name in ("park", "field", "trees", "wood"):
        _green(site, plot, name)
    if name in ("house", "park", "parking") and rng.random() < 0.65:
        _boundary(site, plot, edge + 0.25, tall=False)
    if name in ("wood", "field") and rng.random() < 0.3:
        _boundary(site, plot, edge + float(rng.uniform(0.5, 4)), tall=False)
    if name == "park" and rng.random() < 0.4:
        prop = site.model("prop") or site.reused("bench", lambda: street_furniture.bench(m), 2)
        site.put_beside(path, s + width / 2, side * (edge + 2.5), prop, _BACK[side], lift_m=lift)


def _house(site: Site, plot: Plot, name: str, style: buildings.Style, setback: float) -> None:
    """Add a building with its front to the road, with a driveway or a front garden."""
    rng, m = site.materials.rng, site.materials
    path, side, s, width = plot.path, plot.side, plot.s_m, plot.width_m
    middle, back = s + width / 2, plot.edge_m + max(setback + float(rng.normal(0, 0.4)), 0.05)
    body: Mesh | None = None
    if rng.random() < (0.3 if name != "garages" else 0.0):
        body = site.model("building")
        if body is not None:
            low, high = body.bounds()
            deep, wide = -float(low[1]), float(high[0] - low[0])
            body = None if wide > width * 1.25 else body.moved((0, deep, 0.02), 0.0)
    if body is None:
        body = _built(site, name, width, style)
    site.put_beside(path, middle, side * back, body, _BACK[side], drape=False, lift_m=plot.lift_m)
    if name == "house":
        if rng.random() < 0.7:  # a driveway, sometimes with a car
            surface, t0 = m.get(str(rng.choice(["paving", "asphalt", "soil"]))), side * plot.edge_m
            at = s + width * float(rng.uniform(0.75, 0.95)) - 1.5
            strip = [(t0, plot.lift_m + 0.01), (t0 + side * (setback + 6), plot.lift_m + 0.01)]
            site.add_ground(surface.on(path.sweep(at, at + 2.8, strip, surface.tile_m)))
            if rng.random() < 0.6 and setback > 4.5:
                car = site.reused("car", lambda: vehicles.any_vehicle(m, 0.0), 9)
                turn = _BACK[side] + float(rng.choice([-1, 1])) * np.pi / 2
                site.put_beside(path, at + 1.4, t0 + side * (setback / 2 + 1), car, turn, lift_m=plot.lift_m)
        for _ in range(int(rng.poisson(2))):
            reach = plot.edge_m + float(rng.uniform(0.8, max(setback, 1.0)))
            _plant(site, path, s + float(rng.uniform(0, width)), side * reach, plot.lift_m, bushes=0.75)
    if rng.random() < 0.4:
        _plant(site, path, s + float(rng.uniform(0, width)), side * (back + 14 + float(rng.uniform(0, 8))), 0.0)


def _built(site: Site, name: str, width: float, style: buildings.Style) -> Mesh:
    rng, m = site.materials.rng, site.materials
    if name == "row":
        floors = int(rng.choice([1, 2, 3, 4, 5, 7], p=[0.06, 0.25, 0.3, 0.2, 0.14, 0.05]))
        ground = str(rng.choice(["house", "shop", "garage"], p=[0.5, 0.4, 0.1]))
        roof = str(rng.choice(["gable", "side", "flat"], p=[0.55, 0.1, 0.35]))
        return buildings.building(m, style, width, float(rng.uniform(8, 13)), floors, ground, roof, False)
    if name == "hall":
        from_tiles = m.get(str(rng.choice(["metal", "concrete", "brick"])))
        hall = buildings.Style(from_tiles, style.trim, style.roof, 4.5, 6.0, (2.5, 1.2), 2.6, 0.05)
        roof = str(rng.choice(["flat", "gable"], p=[0.7, 0.3]))
        return buildings.building(
            m, hall, width * 0.9, float(rng.uniform(15, 30)), int(rng.integers(1, 3)), "garage", roof
        )
    if name == "garages":
        return buildings.building(m, style, width, 6.0, 1, "garage", "flat")
    floors = int(rng.choice([1, 2, 3], p=[0.3, 0.6, 0.1]))
    wide = min(width * float(rng.uniform(0.5, 0.75)), 14.0)
    roof = str(rng.choice(["gable", "side", "flat"], p=[0.6, 0.3, 0.1]))
    return buildings.building(m, style, wide, float(rng.uniform(7, 11)), floors, "house", roof)


def _boundary(site: Site, plot: Plot, t: float, tall: bool) -> None:
    """Add a wall, hedge, fence or railings along a plot, at a distance t from the middle of the road."""
    rng, m = site.materials.rng, site.materials
    path, side, s, width, lift = plot.path, plot.side, plot.s_m, plot.width_m, plot.lift_m
    kind = str(rng.choice(["wall", "hedge", "fence", "bars"], p=[0.3, 0.35, 0.2, 0.15]))
    if kind == "wall":
        stone = m.get(str(rng.choice(["brick", "stone", "render", "concrete"])))
        high = float(rng.uniform(1.6, 3.0) if tall else rng.uniform(0.4, 1.3))
        a, b = side * t, side * (t + 0.25)
        profile = [(a, -0.3), (a, lift + high), (b, lift + high), (b, -0.3)]
        site.add_ground(stone.on(path.sweep(s, s + width, profile, stone.tile_m)))
        return
    deep, high = float(rng.uniform(0.5, 1.1)), float(rng.uniform(1.3, 2.6) if tall else rng.uniform(0.7, 1.7))
    at = s
    while at < s + width - 1.0:  # short straight pieces follow the bends
        piece = min(8.0, s + width - at)
        if kind == "hedge":
            body = plants.hedge(m, piece, deep, high)
        elif kind == "fence":
            body = (
                site.reused("fence", lambda: street_furniture.fence(m, 8.0), 1)
                if piece == 8.0
                else street_furniture.fence(m, piece)
            )
        else:
            body = (
                site.reused("bars", lambda: street_furniture.railings(m, 8.0), 1)
                if piece == 8.0
                else street_furniture.railings(m, piece)
            )
        start, end = path.point(at, side * t), path.point(at + piece, side * t)
        yaw = float(np.arctan2(end[1] - start[1], end[0] - start[0]))
        site.put(body, start[0], start[1], yaw, lift_m=lift)
        at += piece


def _plant(site: Site, path: Path, s: float, t: float, lift: float, bushes: float = 0.4) -> None:
    """Add a tree, or a bush with the probability ``bushes``."""
    rng, m = site.materials.rng, site.materials
    turn = float(rng.uniform(0, 2 * np.pi))
    if rng.random() < bushes:
        body = site.reused(
            "bush", lambda: plants.bush(m, float(rng.uniform(0.7, 2.5)), float(rng.uniform(0.5, 2.2))), 5
        )
        site.put_beside(path, s, t, body, turn, lift_m=lift)
        return
    near = s < 90
    kind, detail = ("tree", 1.0) if near else ("far tree", 0.4)
    tree = site.reused(kind, lambda: plants.tree(m, float(rng.uniform(4, 15)), detail), 5)
    size = float(rng.uniform(0.75, 1.25))
    site.put_beside(path, s, t, tree.moved((0, 0, 0), 0.0, size), turn, core_m=0.4, lift_m=lift)


def _parking(site: Site, plot: Plot) -> None:
    """Add a car park beside the road."""
    rng, m = site.materials.rng, site.materials
    path, side, s, width, edge, lift = plot.path, plot.side, plot.s_m, plot.width_m, plot.edge_m, plot.lift_m
    surface = m.get("asphalt" if rng.random() < 0.7 else "paving")
    deep = float(rng.uniform(14, 26))
    lot = [
        (side * (edge + 0.1), lift + 0.01),
        (side * (edge + deep / 2), lift + 0.01),
        (side * (edge + deep), lift + 0.01),
    ]
    site.add_ground(with_varied_tone(surface.on(path.sweep(s, s + width, lot, surface.tile_m)), rng, 0.15))
    full = float(rng.uniform(0.2, 0.9))
    for row in (edge + 3.0, edge + deep - 3.0):
        for at in np.arange(s + 1.5, s + width - 1.5, 2.7):
            line = path.sweep(
                float(at) - 1.4, float(at) - 1.3, [(side * (row - 2.4), lift + 0.02), (side * (row + 2.4), lift + 0.02)]
            )
            site.add_ground(line.painted((0.7,) * 3, -1, 0.05))
            if rng.random() < full:
                car = site.reused("car", lambda: vehicles.any_vehicle(m, 0.0), 9)
                turn = float(rng.choice([-1, 1])) * np.pi / 2 + float(rng.normal(0, 0.03))
                site.put_beside(path, float(at), side * row, car, turn, lift_m=lift)
    if rng.random() < 0.5:
        style = buildings.style(m)
        hall = buildings.building(m, style, width * 0.8, 10.0, int(rng.integers(1, 4)), "shop", "flat", False)
        site.put_beside(path, s + width / 2, side * (edge + deep + 3), hall, _BACK[side], drape=False, lift_m=lift)


def _green(site: Site, plot: Plot, name: str) -> None:
    """Add a park, a field, a row of trees or a wood."""
    rng, m = site.materials.rng, site.materials
    path, side, s, width, edge, lift = plot.path, plot.side, plot.s_m, plot.width_m, plot.edge_m, plot.lift_m
    if name == "field" and rng.random() < 0.7:
        crop = m.get(str(rng.choice(["grass", "soil"])), new=True)
        a, b = edge + float(rng.uniform(2, 8)), edge + 24.0
        rise = lift + 0.03
        profile = [(side * a, rise), (side * b, rise)]
        site.add_ground(with_varied_tone(crop.on(path.sweep(s, s + width, profile, crop.tile_m)), rng, 0.25))
    if name in ("wood", "trees") or rng.random() < 0.25:
        high = float(rng.uniform(2.5, 9.0)) if name != "field" else float(rng.uniform(1.5, 5.0))
        back = edge + (float(rng.uniform(1.5, 6)) if name != "field" else float(rng.uniform(8, 22)))
        at = s
        while at < s + width - 4:
            body = site.reused(f"thicket {high:.1f}", lambda: plants.thicket(m, 12.0, high, 3.0), 2)
            start, end = path.point(at, side * back), path.point(at + 12, side * back)
            yaw = float(np.arctan2(end[1] - start[1], end[0] - start[0]))
            if side < 0:
                start, yaw = end, yaw + np.pi
            site.put(body, start[0], start[1], yaw, core_m=1.0)
            at += 11.0
    count = {"park": width / 6, "field": width / 30, "trees": width / 7, "wood": width / 3.0}[name]
    for _ in range(int(count)):
        deep = 1.5 + float(rng.exponential(4.0 if name in ("wood", "trees") else 9.0))
        _plant(
            site, path, s + float(rng.uniform(0, width)), side * (edge + deep), 0.0, 0.35 if name != "trees" else 0.1
        )
