# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The world of yards: gardens, parks, squares, campus lawns, car parks and building sites, some of them sloped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.outdoor import buildings, plants, street_furniture, surroundings, vehicles, yard_objects
from grin_ros.worlds.outdoor.materials import Materials
from grin_ros.worlds.outdoor.site import OutdoorScene, Site
from grin_ros.worlds.outdoor.terrain import Path, random_terrain, winding_path, with_varied_tone
from grin_ros.worlds.shapes.mesh import Mesh, box
from grin_ros.worlds.surfaces.palette import Palette

_KINDS = ("park", "garden", "square", "campus", "parking", "works")
# The mean numbers of trees, bushes, buildings, boundaries, objects, people and vehicles.
_COUNTS: dict[str, tuple[float, float, float, float, float, float, float]] = {
    "park": (26, 22, 2, 5, 14, 5, 1),
    "garden": (10, 22, 3, 9, 10, 2, 1),
    "square": (8, 6, 9, 4, 26, 12, 5),
    "campus": (16, 14, 7, 6, 16, 8, 4),
    "parking": (9, 8, 4, 5, 10, 4, 40),
    "works": (5, 5, 4, 8, 30, 5, 9),
}


def build_yard(seed: int, assets: Assets) -> OutdoorScene:
    """Return the yard of a seed. The same seed and assets give the same scene."""
    rng = np.random.default_rng([seed, 0x9A2D])
    materials = Materials(Palette(rng, assets.tiles))

    kind = _KINDS[int(rng.choice(len(_KINDS), p=[0.28, 0.24, 0.14, 0.16, 0.1, 0.08]))]
    steep = float(rng.choice([0.002, 0.03, 0.09], p=[0.4, 0.35, 0.25])) * (
        0.3 if kind in ("square", "parking") else 1.0
    )
    terrain = random_terrain(rng, steep)
    site = Site(materials, terrain, assets.pieces_by_role())
    half = float(rng.uniform(10, 18)) if kind == "garden" else float(rng.uniform(18, 38))
    base = {"square": "paving", "parking": "asphalt", "works": "soil"}.get(kind, "grass")
    ground = materials.get(base)
    site.add_ground(
        with_varied_tone(
            ground.on(terrain.sheet((-half, -half), (half, half), 2.0, ground.tile_m, 0.0)), rng, 0.2, 12.0
        )
    )
    outer = ground if rng.random() < 0.6 else materials.get(str(rng.choice(["grass", "paving", "asphalt"])))
    for reach, cell, under in ((90.0, 5.0, 0.12), (260.0, 18.0, 0.7)):
        far = terrain.sheet((-reach, -reach), (reach, reach), cell, outer.tile_m, under)
        site.add_ground(with_varied_tone(outer.on(far), rng, 0.3, 40.0))
    paths = _paths(site, half, kind)
    _edge(site, half, kind)
    counts = [int(rng.poisson(mean * float(rng.uniform(0.4, 1.3)))) for mean in _COUNTS[kind]]
    _buildings(site, half, counts[2])
    _stand(site, half, counts, kind, paths)
    surroundings.add_yard_backdrop(site, half, kind)
    _walks(site, half, paths)
    z = terrain.height(*np.meshgrid([-half, 0.0, half], [-half, 0.0, half]))
    return site.scene((np.array([-half, -half, z.min() - 1.0]), np.array([half, half, z.max() + 6.0])))


def _paths(site: Site, half: float, kind: str) -> list[Path]:
    """Add paths through the yard, and return them."""
    rng, m = site.materials.rng, site.materials
    paths = []
    for _ in range(int(rng.integers(1, 4))):
        line = winding_path(rng, site.terrain, -half * 1.2, half * 1.2, float(rng.uniform(12, 60)))
        heading, shift = float(rng.uniform(0, 2 * np.pi)), rng.normal(0, half * 0.25, 2)
        path = line.moved(heading, shift)
        paths.append(path)
        if kind in ("square", "parking") and rng.random() < 0.6:
            continue
        surface = m.get(str(rng.choice(["paving", "soil", "asphalt", "concrete"])))
        wide = float(rng.uniform(0.5, 2.2))
        rise = 0.012 + 0.004 * len(paths)
        strip = path.sweep(path.start_m, path.end_m, [(-wide, rise), (0.0, rise), (wide, rise)], surface.tile_m)
        site.add_ground(with_varied_tone(surface.on(strip), rng, 0.15, 5.0))
        if rng.random() < 0.3:
            kerb = m.get("concrete")
            for side in (1, -1):
                a, b = side * wide, side * (wide + 0.1)
                site.add_ground(
                    kerb.on(path.sweep(path.start_m, path.end_m, [(a, 0.0), (a, 0.09), (b, 0.09), (b, 0.0)]))
                )
    return paths


def _edge(site: Site, half: float, kind: str) -> None:
    """Add walls, hedges and fences at the four sides of the yard. Some sides stay open."""
    rng = site.materials.rng
    shut = 0.85 if kind == "garden" else 0.4
    for quarter in range(4):
        if rng.random() > shut:
            continue
        yaw = quarter * np.pi / 2
        c, n = np.cos(yaw), np.sin(yaw)
        make = _boundary(site, tall=kind == "garden")
        reach = half + float(rng.uniform(-3, 3))
        for along in np.arange(-half, half, 6.0):
            if rng.random() < 0.1:
                continue
            body = make()
            x, y = c * along + n * reach, n * along - c * reach
            site.put(body, float(x), float(y), yaw)


def _boundary(site: Site, tall: bool) -> Callable[[], Mesh]:
    """Return a function that makes 6 m of one kind of boundary along x."""
    rng, m = site.materials.rng, site.materials
    kind = int(rng.choice(4, p=[0.3, 0.3, 0.25, 0.15]))
    high = float(rng.uniform(1.5, 2.6) if tall else rng.uniform(0.5, 1.8))
    if kind == 0:
        stone = m.get(str(rng.choice(["brick", "stone", "render", "concrete"])))
        wall = stone.on(box((6.0, 0.25, high + 0.5), stone.tile_m)).moved((3.0, 0, -0.5))
        return lambda: wall
    if kind == 1:
        deep = float(rng.uniform(0.5, 1.2))
        return lambda: site.reused("edge hedge", lambda: plants.hedge(m, 6.0, deep, high), 3)
    if kind == 2:
        fence = street_furniture.fence(m, 6.0)
        return lambda: fence
    bars = street_furniture.railings(m, 6.0)
    return lambda: bars


def _free(site: Site, half: float, paths: list[Path], radius_m: float) -> tuple[float, float] | None:
    """Return a free place away from the paths, or None if none was found."""
    rng = site.materials.rng
    for _ in range(8):
        x, y = (float(v) for v in rng.uniform(-half * 0.95, half * 0.95, 2))
        away = min(float(np.hypot(p.xy[:, 0] - x, p.xy[:, 1] - y).min()) for p in paths)
        if away > radius_m + 0.8 and site.is_clear(x, y, radius_m):
            return x, y
    return None


def _buildings(site: Site, half: float, count: int) -> None:
    """Add buildings around the yard with their fronts towards the middle, and sometimes one in it."""
    rng, m = site.materials.rng, site.materials
    shared = [buildings.style(m) for _ in range(2)]
    for k in range(count):
        bearing = float(rng.uniform(0, 2 * np.pi))
        far = half * float(rng.uniform(0.35, 0.6)) if k == 0 and half > 16 else half * float(rng.uniform(1.05, 1.7))
        x, y = far * np.cos(bearing), far * np.sin(bearing)
        body = site.model("building") if rng.random() < 0.3 else None
        if body is not None:
            low, _ = body.bounds()
            body = body.moved((0, -float(low[1]), 0.0))
        else:
            floors = int(rng.choice([1, 2, 3, 5], p=[0.3, 0.4, 0.2, 0.1]))
            ground = str(rng.choice(["house", "shop", "garage"], p=[0.65, 0.2, 0.15]))
            roof = str(rng.choice(["gable", "side", "flat"], p=[0.45, 0.2, 0.35]))
            wide, deep = float(rng.uniform(5, 22)), float(rng.uniform(5, 11))
            body = buildings.building(m, shared[k % 2], wide, deep, floors, ground, roof)
        low, high = body.bounds()
        if not site.is_clear(float(x), float(y), float(high[0] - low[0]) / 2):
            continue
        turn = float(rng.choice([0.0, np.pi / 2])) if rng.random() < 0.3 else bearing - np.pi / 2
        site.put(body, float(x), float(y), turn, drape=False)


def _stand(site: Site, half: float, counts: list[int], kind: str, paths: list[Path]) -> None:
    """Add trees, bushes, objects, people and vehicles to the yard. For ``counts`` see _COUNTS."""
    rng, m = site.materials.rng, site.materials
    for _ in range(min(counts[0], 45)):
        place = _free(site, half * 1.1, paths, 0.8)
        if place is not None:
            tree = site.reused("tree", lambda: plants.tree(m, float(rng.uniform(3, 14))), 6)
            size = float(rng.uniform(0.7, 1.3))
            site.put(tree.moved((0, 0, 0), 0.0, size), *place, float(rng.uniform(0, 6.3)), core_m=0.35)
    for _ in range(counts[1]):
        place = _free(site, half, paths, 0.7)
        if place is not None:
            bush = site.reused(
                "bush", lambda: plants.bush(m, float(rng.uniform(0.4, 2.4)), float(rng.uniform(0.3, 2.0))), 7
            )
            site.put(bush, *place, float(rng.uniform(0, 6.3)))
    if kind in ("park", "garden", "campus") and rng.random() < 0.7:
        n = 1500
        xy = rng.uniform(-half, half, (n, 2)) if rng.random() < 0.5 else rng.normal(0, half / 4, (n, 2))
        away = np.min([np.hypot(*(p.xy[:, None] - xy[None]).transpose(2, 0, 1)).min(axis=0) for p in paths], axis=0)
        xy = xy[away > 1.5]
        places = np.column_stack([xy, site.terrain.height(xy[:, 0], xy[:, 1])])
        site.add_ground(plants.tufts(m, places, float(rng.uniform(0.05, 0.5))))
    for _ in range(counts[4]):
        place = _free(site, half, paths, 0.6)
        if place is not None:
            site.put(_thing(site, kind), *place, float(rng.choice([0, 1, 2, 3]) * np.pi / 2 + rng.normal(0, 0.2)))
    play = site.model("play") if kind in ("park", "campus") and rng.random() < 0.3 else None
    place = _free(site, half, paths, 5.0) if play is not None else None
    if play is not None and place is not None:
        site.put(play, *place, float(rng.uniform(0, 6.3)))
    for _ in range(counts[5]):
        x, y = (float(v) for v in rng.uniform(-half, half, 2))
        if site.is_clear(x, y, 0.4):
            person = site.reused("person", lambda: street_furniture.person(m), 5)
            site.put(person, x, y, float(rng.uniform(0, 6.3)))
    _vehicles(site, half, counts[6], kind, paths)


def _thing(site: Site, kind: str) -> Mesh:
    """Return a random object that fits the kind of yard."""
    rng, m = site.materials.rng, site.materials
    if rng.random() < 0.3:
        found = site.model("prop")
        if found is not None:
            return found
    if kind == "works" and rng.random() < 0.8:
        return site.reused("works", lambda: yard_objects.building_site_object(m), 10)
    if kind in ("park", "garden") and rng.random() < 0.6:
        street = street_furniture.bench, street_furniture.rock, street_furniture.planter
        makers = (*street, yard_objects.climbing_frame, yard_objects.garden_table)
        return site.reused("garden", lambda: makers[int(rng.integers(len(makers)))](m), 8)
    if rng.random() < 0.2:
        return site.reused("bicycle", lambda: vehicles.bicycle(m), 2)
    return site.reused("fitting", lambda: street_furniture.any_pavement_object(m), 12)


def _vehicles(site: Site, half: float, count: int, kind: str, paths: list[Path]) -> None:
    rng, m = site.materials.rng, site.materials

    def one() -> Mesh:
        model = site.model("car") if rng.random() < 0.35 else None
        if model is not None:
            return model.moved((0, 0, 0), np.pi / 2)
        return site.reused("car", lambda: vehicles.any_vehicle(m, 0.15 if kind == "works" else 0.02), 7)

    if kind == "parking":
        for y in np.arange(-half + 3, half - 3, 8.5):
            for x in np.arange(-half + 2, half - 2, 2.7):
                mark = box((0.1, 4.6, 0.004)).painted((0.65,) * 3, -1, 0.05)
                site.add_ground(site.terrain.drape(mark.moved((float(x) - 1.35, float(y), 0.012))))
                if rng.random() < 0.02 * count and site.is_clear(float(x), float(y), 1.3):
                    site.put(
                        one(), float(x), float(y), float(rng.choice([-1, 1])) * np.pi / 2 + float(rng.normal(0, 0.04))
                    )
        return
    for _ in range(count):
        place = _free(site, half, paths, 2.0)
        if place is not None:
            site.put(one(), *place, float(rng.uniform(0, 6.3)))


def _walks(site: Site, half: float, paths: list[Path]) -> None:
    """Add the places of cameras: along the paths, and some anywhere in the yard."""
    rng = site.materials.rng
    for path in paths:
        for k in range(0, len(path.xy), 1):
            x, y = (float(v) for v in path.xy[k])
            if abs(x) < half and abs(y) < half:
                site.walks.append((x, y, float(path.heading_rad[k])))
    for _ in range(25):
        x, y = (float(v) for v in rng.uniform(-half * 0.8, half * 0.8, 2))
        site.walks.append((x, y, float(rng.uniform(0, 2 * np.pi))))
