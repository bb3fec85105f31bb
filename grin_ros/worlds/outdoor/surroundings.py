# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The land around streets and yards: the ground to the horizon, and far trees and houses that close the view."""

from __future__ import annotations

import numpy as np

from grin_ros.worlds.outdoor import buildings, plants
from grin_ros.worlds.outdoor.site import Site
from grin_ros.worlds.outdoor.terrain import Path, with_varied_tone
from grin_ros.worlds.shapes.mesh import Mesh, box
from grin_ros.worlds.surfaces.materials import Material


def add_land(site: Site, path: Path, around: Material) -> None:
    """Add the land to the horizon, a little below everything that lies on it."""
    rng = site.materials.rng
    low, high = path.xy.min(axis=0) - 60, path.xy.max(axis=0) + 60
    near = site.terrain.sheet(low, high, 5.0, around.tile_m, 0.16)
    site.add_ground(with_varied_tone(around.on(near), rng, 0.25, 30.0))
    for k, grow in enumerate((200.0,)):
        far = site.terrain.sheet(low - grow, high + grow, 16.0, around.tile_m, 0.6 + 0.4 * k)
        site.add_ground(with_varied_tone(around.on(far), rng, 0.4, 80.0))


def add_street_backdrop(site: Site, path: Path, kind: str) -> None:
    """Add trees, houses and towers at 50 to 200 m, at the sides and where the road ends."""
    rng, m = site.materials.rng, site.materials
    style = buildings.style(m)
    leafy = {"urban": 0.4, "suburban": 0.65, "rural": 0.95, "highway": 0.85, "works": 0.5}[kind]
    low, high = path.xy.min(axis=0), path.xy.max(axis=0)
    for _ in range(int(rng.integers(25, 70))):
        end = rng.random() < 0.4
        if end:
            x, y = path.point(path.end_m, 0.0)
            x, y = x + float(rng.uniform(5, 60)), y + float(rng.normal(0, 40))
        else:
            x = float(rng.uniform(low[0] - 20, high[0] + 40))
            side = float(rng.choice([-1, 1]))
            y = float(np.interp(x, path.xy[:, 0], path.xy[:, 1])) + side * float(rng.uniform(45, 150))
        if not site.is_clear(x, y, 3.0):
            continue
        if rng.random() < leafy:
            _put_far_tree(site, x, y, sunk_m=0.3, largest=1.6)
        else:

            def tower() -> Mesh:
                floors = int(rng.choice([2, 4, 8, 14], p=[0.4, 0.3, 0.2, 0.1]))
                return buildings.building(m, style, float(rng.uniform(12, 30)), 14.0, floors, "blank", "flat", False)

            site.put(site.reused("tower", tower, 4), x, y, float(rng.uniform(0, 6.3)), drape=False)
    if rng.random() < 0.4 + 0.5 * leafy:  # woods along the horizon
        tall = float(rng.uniform(4, 12))
        for side in (1, -1):
            far = float(rng.uniform(35, 110))
            for s in np.arange(path.start_m, path.end_m + 40, 22.0):
                x, y = path.point(min(float(s), path.end_m), side * far)
                x += max(float(s) - path.end_m, 0.0)
                if rng.random() < 0.85 and site.is_clear(x, y, 2.0):
                    body = site.reused("horizon", lambda: plants.thicket(m, 24.0, tall, 6.0), 3)
                    site.put(body, x, y, path.turn(float(s)) + (0.0 if side > 0 else np.pi), core_m=0.5, lift_m=-0.5)
    if rng.random() < 0.3:  # a mast or a crane against the sky
        mast = box((0.8, 0.8, float(rng.uniform(20, 45)))).painted((0.3, 0.25, 0.2), -1, 0.2)
        site.put(mast, float(high[0]) - 20, float(rng.uniform(-60, 60)), 0.0, core_m=1.0)


def add_yard_backdrop(site: Site, half: float, kind: str) -> None:
    """Add trees and houses around a yard of half size ``half``, up to 200 m away."""
    rng, m = site.materials.rng, site.materials
    style = buildings.style(m)
    leafy = {"park": 0.9, "garden": 0.7}.get(kind, 0.55)

    def house() -> Mesh:
        floors, roof = int(rng.choice([2, 3, 6])), str(rng.choice(["gable", "flat"]))
        return buildings.building(m, style, float(rng.uniform(8, 25)), 10.0, floors, "blank", roof, False)

    for _ in range(int(rng.integers(15, 60))):
        bearing, far = float(rng.uniform(0, 2 * np.pi)), half * 1.4 + float(rng.exponential(45.0))
        x, y = float(far * np.cos(bearing)), float(far * np.sin(bearing))
        if far > 210 or not site.is_clear(x, y, 4.0):
            continue
        if rng.random() < leafy:
            _put_far_tree(site, x, y, sunk_m=0.2, largest=1.5)
        else:
            site.put(site.reused("far house", house, 4), x, y, bearing - np.pi / 2, drape=False)


def _put_far_tree(site: Site, x: float, y: float, sunk_m: float, largest: float) -> None:
    """Add one of a few trees with little detail, scaled by a random factor of up to ``largest``."""
    rng = site.materials.rng
    body = site.reused("far tree", lambda: plants.tree(site.materials, float(rng.uniform(5, 16)), 0.4), 5)
    body = body.moved((0, 0, -sunk_m), 0.0, float(rng.uniform(0.8, largest)))
    site.put(body, x, y, float(rng.uniform(0, 6.3)), core_m=0.4)
