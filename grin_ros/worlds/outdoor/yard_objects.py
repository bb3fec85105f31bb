# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Objects of gardens, playgrounds and building sites, on z = 0 around the origin."""

from __future__ import annotations

import numpy as np

from grin_ros.worlds.outdoor import plants, street_furniture
from grin_ros.worlds.outdoor.materials import Materials, grey_material
from grin_ros.worlds.shapes.mesh import Mesh, box, cylinder, merge, tube


def garden_table(m: Materials) -> Mesh:
    """Return a garden table with two benches."""
    wood, rng = m.get("timber"), m.rng
    wide = float(rng.uniform(1.2, 2.0))
    parts = [box((wide, 0.75, 0.05), wood.tile_m).moved((0, 0, 0.7))]
    parts += [box((wide, 0.28, 0.05), wood.tile_m).moved((0, y, 0.42)) for y in (-0.65, 0.65)]
    for x in (-wide * 0.38, wide * 0.38):
        parts += [box((0.08, 1.4, 0.06)).moved((x, 0, 0.38)), box((0.08, 0.08, 0.72)).moved((x, 0.3, 0))]
        parts += [box((0.08, 0.08, 0.72)).moved((x, -0.3, 0)), box((0.08, 0.08, 0.42)).moved((x, 0.65, 0))]
    return wood.on(merge(parts))


def climbing_frame(m: Materials) -> Mesh:
    """Return a climbing frame or the frame of a swing."""
    rng = m.rng
    colour = [float(v) for v in rng.uniform(0.02, 0.7, 3)]
    wide, tall = float(rng.uniform(1.5, 3.5)), float(rng.uniform(1.2, 2.4))
    parts = []
    for x in (-wide / 2, wide / 2):
        parts += [tube(np.array([[x, y, 0], [x, 0, tall]]), 0.04, 6) for y in (-0.7, 0.7)]
    parts.append(tube(np.array([[-wide / 2, 0, tall], [wide / 2, 0, tall]]), 0.045, 6))
    for x in np.linspace(-0.3, 0.3, 3) * wide:
        rope = tube(np.array([[x, 0, tall], [x, 0, 0.45]]), 0.012, 4)
        parts.append(rope)
    return merge(parts).painted(colour, -1, 0.3)


def building_site_object(m: Materials) -> Mesh:
    """Return a container, a pile of soil, pallets, pipes, scaffolding or a cone."""
    rng = m.rng
    kind = int(rng.integers(6))
    if kind == 0:
        colour = [float(v) for v in rng.uniform(0.03, 0.5, 3)]
        metal = m.get("metal")
        return box((6.06, 2.44, 2.59), metal.tile_m).painted(colour, metal.layer, 0.2)
    if kind == 1:
        rock = m.get("soil")
        return plants.blob(
            rng, np.zeros(3), rng.uniform(0.7, 2.5, 3) * [1, 1, 0.6], np.array(rock.colour), rock.layer, 14
        )
    if kind == 2:
        wood = m.get("timber")
        rows = int(rng.integers(1, 8))
        parts = [box((1.2, 0.8, 0.03), wood.tile_m).moved((0, 0, 0.14 * k + 0.11)) for k in range(rows)]
        parts += [box((0.1, 0.8, 0.11)).moved((x, 0, 0.14 * k)) for k in range(rows) for x in (-0.5, 0.0, 0.5)]
        return wood.on(merge(parts))
    if kind == 3:
        radius, grey = float(rng.uniform(0.1, 0.5)), grey_material(rng, 0.1, 0.5, 0.1)
        pipe = cylinder(radius, float(rng.uniform(2, 5)), 16).tilted(1, np.pi / 2)
        places = [(0.0, -radius, radius), (0.0, radius, radius), (0.0, 0.0, radius * 2.73)]
        return grey.on(merge([pipe.moved(p) for p in places]))
    if kind == 4:
        steel, wood = grey_material(rng, 0.2, 0.5, 0.3), m.get("timber")
        parts = []
        for x in (-2.0, 0.0, 2.0):
            for y in (0.0, 0.9):
                parts.append(steel.on(tube(np.array([[x, y, 0], [x, y, 6.2]]), 0.03, 6)))
        for z in (2.0, 4.0, 6.0):
            parts.append(wood.on(box((4.2, 0.9, 0.05), wood.tile_m)).moved((0, 0.45, z)))
            parts.append(steel.on(tube(np.array([[-2.1, 0, z + 1], [2.1, 0, z + 1]]), 0.025, 5)))
        return merge(parts)
    return street_furniture.cone(m)
