# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The world of streets: towns, suburbs, country roads, motorways and industrial areas, with traffic and people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.outdoor import plants, plots, street_furniture, surroundings, vehicles
from grin_ros.worlds.outdoor.materials import Materials, grey_material
from grin_ros.worlds.outdoor.road import KERB_M, Section, lay_road, random_section
from grin_ros.worlds.outdoor.site import OutdoorScene, Site
from grin_ros.worlds.outdoor.terrain import Path, random_terrain, winding_path
from grin_ros.worlds.shapes.mesh import Mesh, box
from grin_ros.worlds.surfaces.palette import Palette

BEGIN_M, END_M = -40.0, 210.0  # the ends of the road along its path
CAMERAS_M = (0.0, 45.0)  # the part of the road where cameras are placed
Gaps = list[tuple[int, float, float]]
"""The openings of side streets as (side, s0, s1): 1 is the left side, -1 the right one; metres along the path."""
_KINDS = ("urban", "suburban", "rural", "highway", "works")


def build_street(seed: int, assets: Assets) -> OutdoorScene:
    """Return the street of a seed. The same seed and assets give the same scene."""
    rng = np.random.default_rng([seed, 0x57EE7])
    materials = Materials(Palette(rng, assets.tiles))

    kind = _KINDS[int(rng.choice(len(_KINDS), p=[0.32, 0.3, 0.18, 0.1, 0.1]))]
    terrain = random_terrain(rng, float(rng.choice([0.001, 0.008, 0.03], p=[0.5, 0.3, 0.2])))
    sharpest = float("inf") if rng.random() < 0.45 else float(rng.uniform(90, 500))
    path = winding_path(rng, terrain, BEGIN_M, END_M, max(sharpest, 350.0 if kind == "highway" else 0.0))
    site = Site(materials, terrain, assets.pieces_by_role())
    road = random_section(materials, kind)
    green = kind in ("rural", "highway") or rng.random() < (0.25 if kind == "urban" else 0.75)
    around = materials.get("grass") if green else materials.get(str(rng.choice(["paving", "asphalt", "soil"])))
    gaps = _side_streets(site, path, road, kind)
    lay_road(site, path, road, gaps, around)
    surroundings.add_land(site, path, around)
    _driving(site, path, road, kind)
    if road.parking_m:
        _parked(site, path, road, gaps)
    plots.along(site, path, road, kind, gaps)
    if road.walk_m:
        _pavements(site, path, road, kind, gaps)
    else:
        _verges(site, path, road, kind)
    surroundings.add_street_backdrop(site, path, kind)
    for s in np.arange(CAMERAS_M[0], CAMERAS_M[1], 2.0):
        for t, heading in road.lanes:
            x, y = path.point(float(s), t)
            if heading > 0 or abs(t) < 2.5 or rng.random() < 0.3:
                site.lanes.append((x, y, path.turn(float(s))))
        reach = road.edge_m - road.walk_m / 2 if road.walk_m else road.half_m + 0.5
        for side in (1, -1):
            x, y = path.point(float(s), side * reach)
            site.walks.append((x, y, path.turn(float(s))))
    return site.scene(_room(site))


def _room(site: Site) -> tuple[np.ndarray, np.ndarray]:
    places = np.array([*site.lanes, *site.walks])[:, :2]
    z = site.terrain.height(places[:, 0], places[:, 1])
    return np.append(places.min(axis=0) - 5, z.min() - 1), np.append(places.max(axis=0) + 5, z.max() + 5)


def _side_streets(site: Site, path: Path, road: Section, kind: str) -> Gaps:
    """Add side streets, and return their openings."""
    rng = site.materials.rng
    chances = {"urban": 0.6, "suburban": 0.55, "rural": 0.25, "highway": 0.0, "works": 0.4}
    gaps = []
    surface = site.materials.get("asphalt")
    for side in (1, -1):
        if rng.random() > chances[kind]:
            continue
        s, wide = float(rng.uniform(12, 150)), float(rng.uniform(4.5, 9.0))
        x, y = path.point(s, side * (road.half_m - 0.1))
        heading = path.turn(s) + side * np.pi / 2
        away = winding_path(rng, site.terrain, 0.0, 110.0, float("inf"))
        lane = away.moved(heading, (x, y))
        for s0 in np.arange(0, 108, 36.0):
            strip = lane.sweep(float(s0), float(s0) + 36, [(-wide / 2, 0.005), (wide / 2, 0.005)], surface.tile_m)
            site.add_ground(surface.on(strip))
        if rng.random() < 0.6:
            stop = lane.sweep(0.6, 1.0, [(-wide / 2 + 0.2, 0.017), (0.0, 0.017)])
            site.add_ground(stop.painted((0.7,) * 3, -1, 0.05))
        for _ in range(int(rng.integers(0, 4))):
            car = site.reused("car", lambda: vehicles.any_vehicle(site.materials, 0.05), 7)
            place = float(rng.uniform(8, 90)), float(rng.choice([-1, 1])) * (wide / 2 - 1.2)
            site.put_beside(lane, *place, car, float(rng.choice([0.0, np.pi])))
        gaps.append((side, s - wide / 2, s + wide / 2))
    return gaps


def _open(gaps: Gaps, side: int, s: float, margin: float) -> bool:
    """Return True if s is in the opening of a side street or within the margin of one."""
    return any(which == side and a - margin < s < b + margin for which, a, b in gaps)


def _closed(gaps: Gaps, side: int, places: np.ndarray, margin: float) -> Iterator[float]:
    """Yield the places along the road that are neither in the opening of a side street nor within the margin of one."""
    return (float(s) for s in places if not _open(gaps, side, float(s), margin))


def _vehicle(site: Site, heavy: float = 0.08) -> Mesh:
    """Return a vehicle with its front towards +x, made of boxes or read from a model."""
    rng = site.materials.rng
    if rng.random() < 0.4:
        body = site.model("truck" if rng.random() < heavy * 2 else "car")
        if body is not None:
            return body.moved((0, 0, 0), np.pi / 2)  # the front of models is -y
    return site.reused("car", lambda: vehicles.any_vehicle(site.materials, heavy), 9)


def _driving(site: Site, path: Path, road: Section, kind: str) -> None:
    """Add vehicles in the lanes."""
    rng = site.materials.rng
    density = float(rng.choice([0.004, 0.012, 0.03], p=[0.45, 0.4, 0.15]))
    for t, heading in road.lanes:
        s = BEGIN_M + float(rng.exponential(1 / density))
        while s < END_M - 10:
            if s < -5 or s > 8:
                body = _vehicle(site, 0.2 if kind in ("highway", "works") else 0.08)
                jitter = float(rng.normal(0, 0.2))
                site.put_beside(path, s, t + jitter, body, (0.0 if heading > 0 else np.pi) + float(rng.normal(0, 0.02)))
            s += 9.0 + float(rng.exponential(1 / density))


def _parked(site: Site, path: Path, road: Section, gaps: Gaps) -> None:
    """Add parked cars beside the lanes."""
    rng = site.materials.rng
    full = float(rng.uniform(0.1, 0.9))
    for side in (1, -1):
        if rng.random() < 0.25:
            continue
        s = BEGIN_M + 3
        while s < END_M - 5:
            if rng.random() < full and not _open(gaps, side, s, 4.0):
                t = side * (road.half_m - road.parking_m / 2 + float(rng.normal(0, 0.08)))
                along = side < 0 if rng.random() < 0.85 else side > 0
                body = _vehicle(site, 0.03)
                site.put_beside(path, s, t, body, (0.0 if along else np.pi) + float(rng.normal(0, 0.03)))
            s += float(rng.uniform(5.4, 7.0))


def _pavements(site: Site, path: Path, road: Section, kind: str, gaps: Gaps) -> None:
    """Add lamps, trees, street furniture, bicycles and people on the pavements."""
    rng, m = site.materials.rng, site.materials
    lamp = street_furniture.lamp_post(m)
    lamp_gap, lamp_sides = float(rng.uniform(22, 40)), ((1,), (-1,), (1, -1))[int(rng.integers(3))]
    rows = rng.random() < (0.55 if road.walk_m + road.strip_m > 2.4 else 0.2)
    tree_gap, tall_m = float(rng.uniform(7, 16)), float(rng.uniform(5, 13))
    at_kerb = road.half_m + 0.15 + max(road.strip_m / 2, 0.35)
    for side in (1, -1):
        begin = BEGIN_M + float(rng.uniform(0, 15))
        if side in lamp_sides:
            for s in _closed(gaps, side, np.arange(begin, END_M, lamp_gap), 0.5):
                site.put_beside(path, s, side * at_kerb, lamp, _facing(side), core_m=0.15, lift_m=KERB_M)
        if rows and rng.random() < 0.8:
            places = _closed(gaps, side, np.arange(begin + 4, END_M, tree_gap), 3.0)
            _street_trees(site, path, side * at_kerb, places, tall_m)
        _fittings(site, path, road, gaps, side)
        _walkers(site, path, road, kind, side)
        if rng.random() < 0.3:
            _bicycles(site, path, road, side)
    if rng.random() < 0.3:
        light = street_furniture.traffic_light(m)
        s = float(rng.uniform(18, 90))
        for side in (1, -1):
            t = side * (road.half_m + 0.5)
            site.put_beside(path, s, t, light, _facing(side), core_m=0.2, lift_m=KERB_M)


def _facing(side: int) -> float:
    """Return the turn of a thing on this side of the road that faces the road."""
    return 0.0 if side > 0 else np.pi


def _street_trees(site: Site, path: Path, t: float, places: Iterable[float], tall_m: float) -> None:
    """Add a tree at most of the places in a row."""
    rng, m = site.materials.rng, site.materials
    for s in places:
        if rng.random() < 0.85:
            trunk = site.reused("street tree", lambda: plants.tree(m, tall_m * float(rng.uniform(0.8, 1.2))), 4)
            site.put_beside(path, s, t, trunk, float(rng.uniform(0, 2 * np.pi)), core_m=0.35, lift_m=KERB_M)


def _fittings(site: Site, path: Path, road: Section, gaps: Gaps, side: int) -> None:
    """Add benches, bins, signs and other street furniture on one side."""
    rng, m = site.materials.rng, site.materials
    s = BEGIN_M + 5
    while s < END_M:
        s += float(rng.exponential(9.0))
        if _open(gaps, side, s, 1.5):
            continue
        body = site.model("prop") if rng.random() < 0.25 else None
        if body is None:
            body = site.reused("fitting", lambda: street_furniture.any_pavement_object(m), 14)
        near = road.half_m + 0.5 if rng.random() < 0.5 else road.edge_m - 0.4
        site.put_beside(path, s, side * near, body, _facing(side), lift_m=KERB_M)


def _walkers(site: Site, path: Path, road: Section, kind: str, side: int) -> None:
    """Add people on the pavement of one side."""
    rng, m = site.materials.rng, site.materials
    for _ in range(int(rng.poisson(5.0 if kind == "urban" else 1.5))):
        s = float(rng.uniform(3, 110))
        t = side * float(rng.uniform(road.half_m + 0.5, road.edge_m))
        walker = site.reused("person", lambda: street_furniture.person(m), 6)
        site.put_beside(path, s, t, walker, float(rng.uniform(0, 2 * np.pi)), lift_m=KERB_M)


def _bicycles(site: Site, path: Path, road: Section, side: int) -> None:
    """Add a row of bicycles that stand across the pavement of one side."""
    rng, m = site.materials.rng, site.materials
    s, t = float(rng.uniform(6, 60)), side * (road.edge_m - 0.9)
    for k in range(int(rng.integers(2, 9))):
        bike = site.reused("bicycle", lambda: vehicles.bicycle(m), 3)
        site.put_beside(path, s + 0.65 * k, t, bike, np.pi / 2 + float(rng.normal(0, 0.1)), lift_m=KERB_M)


def _verges(site: Site, path: Path, road: Section, kind: str) -> None:
    """Add barriers, posts, poles with wires and grass beside a road without pavements."""
    rng, m = site.materials.rng, site.materials
    for side in (1, -1):
        edge = side * (road.half_m + 0.45)
        if kind == "highway" or rng.random() < 0.25:
            _barrier(site, path, edge, side, bool(rng.random() < 0.75))
        elif rng.random() < 0.4:
            post = box((0.1, 0.1, 0.95)).painted((0.8,) * 3, -1, 0.1)
            for s in np.arange(BEGIN_M, END_M, float(rng.choice([25, 50]))):
                site.put_beside(path, float(s), edge, post)
        count = 700
        s, t = rng.uniform(BEGIN_M, 60, count), side * (road.half_m + 0.3 + rng.exponential(1.2, count))
        places = path.place(s, t)
        height = site.terrain.height(places[:, 0], places[:, 1])
        site.add_ground(plants.tufts(m, np.column_stack([places, height]), float(rng.uniform(0.15, 0.45))))
    if rng.random() < 0.4:
        which, far = float(rng.choice([-1, 1])), road.half_m + float(rng.uniform(1.5, 6))
        tall = float(rng.uniform(7, 10))
        pole = m.get("bark").on(box((0.22, 0.22, tall)))
        for s in np.arange(BEGIN_M, END_M, 38.0):
            site.put_beside(path, float(s), which * far, pole, core_m=0.2)
        for lift in (tall - 0.3, tall - 0.9):
            wire = [(which * far - 0.01, lift), (which * far + 0.01, lift)]
            site.add_ground(path.sweep(BEGIN_M, END_M, wire).painted((0.02,) * 3, -1, 0.1))
    if kind == "highway" and rng.random() < 0.5:
        lamp = street_furniture.lamp_post(m)
        for s in np.arange(BEGIN_M, END_M, 35.0):
            site.put_beside(path, float(s), road.half_m + 1.2, lamp, 0.0, core_m=0.2)


def _barrier(site: Site, path: Path, t: float, side: int, steel: bool) -> None:
    """Add a crash barrier: a steel rail on posts, or a concrete wall."""
    rng, m = site.materials.rng, site.materials
    if steel:
        grey = grey_material(rng, 0.25, 0.5, 0.35)
        rail = [(t, 0.45), (t - side * 0.07, 0.5), (t, 0.58), (t, 0.62), (t - side * 0.07, 0.7), (t, 0.76)]
        for s0 in np.arange(BEGIN_M, END_M - 1, 40.0):
            site.add_ground(grey.on(path.sweep(float(s0), float(s0) + 40, rail)))
        post = grey.on(box((0.08, 0.12, 0.74)))
        for s in np.arange(BEGIN_M, 120, 4.0):
            site.put_beside(path, float(s), t + side * 0.08, post)
        return
    concrete = m.get("concrete")
    wall = [(t - 0.3, 0.0), (t - 0.12, 0.3), (t - 0.1, 0.85), (t + 0.1, 0.85), (t + 0.12, 0.3), (t + 0.3, 0.0)]
    for s0 in np.arange(BEGIN_M, END_M - 1, 40.0):
        site.add_ground(concrete.on(path.sweep(float(s0), float(s0) + 40, wall, concrete.tile_m)))
