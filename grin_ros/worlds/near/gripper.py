# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The end of a robot's arm: fingers or suction cups, the wrist and the next links."""

from __future__ import annotations

import numpy as np

from grin_ros.worlds.near.heaps import strong
from grin_ros.worlds.shapes.mesh import Mesh, box, cylinder, lathe, merge, tube
from grin_ros.worlds.surfaces.materials import made_of, plain
from grin_ros.worlds.surfaces.palette import Palette


def gripper(palette: Palette) -> Mesh:
    """Return a gripper that points down, with its tip at the origin and the arm that holds it above."""
    rng = palette.rng
    shell = strong(palette) if rng.random() < 0.5 else made_of(palette, "metal", "plastic")
    dark = plain(palette, (0.02, 0.02, 0.022), 0.3)
    if rng.random() < 0.6:
        parts, height = _fingers(palette)
    else:
        parts, height = _suction(palette)
    radius = float(rng.uniform(0.03, 0.05))
    parts.append(dark(cylinder(radius, 0.03)).moved((0, 0, height)))
    parts.append(shell(cylinder(1.15 * radius, 0.12)).moved((0, 0, height + 0.03)))
    bearing, reach, rise = rng.uniform(0, 2 * np.pi), float(rng.uniform(0.1, 0.45)), float(rng.uniform(0.3, 0.8))
    start = np.array([0.0, 0.0, height + 0.1])
    elbow = start + np.array([reach * np.cos(bearing), reach * np.sin(bearing), rise])
    path = np.linspace(start, elbow, 6) + np.array([[0, 0, 0.0]] * 6)
    path[1:-1, 2] += 0.05
    parts.append(shell(tube(path, 1.2 * radius, 14)))
    parts.append(dark(cylinder(1.4 * radius, 0.1)).moved(tuple(float(v) for v in elbow - [0, 0, 0.05])))
    cable = path + np.array([1.5 * radius, 0.0, 0.02])
    parts.append(dark(tube(cable, 0.006, 5)))
    return merge(parts)


def _fingers(palette: Palette) -> tuple[list[Mesh], float]:
    """Return two or three fingers under a palm, and the height of the palm's back above the tip (metres)."""
    rng = palette.rng
    long, spread = float(rng.uniform(0.05, 0.12)), float(rng.uniform(0.01, 0.06))
    tip, body = plain(palette, (0.03, 0.03, 0.03), 0.1), made_of(palette, "metal", "plastic")
    parts = []
    for side in (-1, 1):
        finger = box((0.012, float(rng.uniform(0.015, 0.03)), long))
        parts.append((tip if rng.random() < 0.5 else body)(finger).moved((side * spread, 0, 0)))
        parts.append(body(box((0.03, 0.04, 0.03))).moved((side * spread, 0, long)))
    parts.append(body(box((float(rng.uniform(0.1, 0.17)), 0.07, 0.09))).moved((0, 0, long + 0.03)))
    return parts, long + 0.12


def _suction(palette: Palette) -> tuple[list[Mesh], float]:
    """Return one to four suction cups on tubes, and the height of their holder's back above the tip (metres)."""
    rng = palette.rng
    radius, long = float(rng.uniform(0.008, 0.025)), float(rng.uniform(0.06, 0.2))
    rubber = plain(
        palette, [float(v) for v in rng.choice([[0.02, 0.02, 0.02], [0.3, 0.1, 0.03], [0.1, 0.2, 0.4]])], 0.2
    )
    bellows = [(radius * (1.0 if k % 2 else 0.75), 0.006 * k) for k in range(5)]
    rod = made_of(palette, "metal")(cylinder(0.35 * radius, long, 10)).moved((0, 0, 0.024))
    cup = merge([rubber(lathe([(0, 0.003), *bellows, (0, 0.026)], 14)), rod])
    places = [(0.0, 0.0)] if rng.random() < 0.5 else [(s * 0.035, t * 0.03) for s in (-1, 1) for t in (-1, 1)]
    parts = [cup.moved((x, y, 0)) for x, y in places]
    parts.append(made_of(palette, "metal", "plastic")(box((0.1, 0.09, 0.03))).moved((0, 0, long)))
    return parts, long + 0.03
