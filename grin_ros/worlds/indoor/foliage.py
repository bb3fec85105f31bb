# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Indoor plants with curved leaves: rosettes, palms and shrubs in pots, and cut flowers."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.worlds.shapes.bodies import Body
from grin_ros.worlds.shapes.mesh import Mesh, lathe, merge, sheet, tube
from grin_ros.worlds.surfaces.materials import grain_layer, made_of
from grin_ros.worlds.surfaces.palette import Palette


def blade(rng: Generator, long_m: float, wide_m: float, bend: float) -> NDArray[np.float64]:
    """Return the points (6, 3, 3) of a leaf from the origin towards +x. It bends down by ``bend`` radians."""
    t = np.linspace(0, 1, 6)
    angle = 0.9 - bend * t
    step = long_m / 5
    x = np.concatenate([[0], np.cumsum(np.cos(angle[1:]) * step)])
    z = np.concatenate([[0], np.cumsum(np.sin(angle[1:]) * step)])
    half = wide_m / 2 * np.sin(np.pi * np.clip(t, 0.04, 0.97)) ** 0.7
    fold = 0.25 * half * rng.uniform(-0.3, 1)
    return np.stack(
        [np.stack([x, s * half, z + abs(s) * fold], -1) for s in (-1.0, 0.0, 1.0)],
        axis=1,
    )


def leaves(palette: Palette, points: NDArray[np.float64], green: NDArray[np.float64]) -> Mesh:
    """Return a mesh of many leaves (n, rows, columns, 3), each in its own tone of a green."""
    rng = palette.rng
    layer = grain_layer(palette)
    parts = []
    for leaf in points:
        tone = [float(v) for v in np.minimum(green * rng.uniform(0.55, 1.3), 1.0)]
        parts.append(sheet(leaf).painted(tone, layer, 0.3))
    return merge(parts)


def _turned(points: NDArray[np.float64], yaw: float, start: NDArray[np.float64]) -> NDArray[np.float64]:
    c, s = np.cos(yaw), np.sin(yaw)
    return np.asarray(points @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]]) + start)


def green_of(rng: Generator) -> NDArray[np.float64]:
    """Return a linear leaf green (3,), from yellowish to bluish and dark."""
    return np.array([0.10, 0.20, 0.04]) * rng.uniform(0.35, 1.3) * rng.uniform(0.6, 1.4, 3)


def plant(palette: Palette, tall_m: float | None = None) -> Body:
    """Return a plant in a pot: a rosette, a palm, or a shrub with twigs. By default it is 0.15 to 0.7 m tall."""
    rng = palette.rng
    tall = float(np.exp(rng.uniform(np.log(0.15), np.log(0.7)))) if tall_m is None else tall_m
    pot = float(np.clip(0.22 * tall, 0.04, 0.2))
    height = pot * float(rng.uniform(1.2, 2.0))
    profile = [
        (0, 0),
        (pot * 0.7, 0),
        (pot, height),
        (pot * 0.9, height),
        (pot * 0.88, height * 0.85),
        (0, height * 0.85),
    ]
    parts = [made_of(palette, "stone", "plastic", "wood")(lathe(profile, 18))]
    green, kind = green_of(rng), rng.random()
    grown, made = tall - height, []
    if kind < 0.4:  # all leaves start at one point
        for _ in range(int(rng.integers(10, 34))):
            long = grown * float(rng.uniform(0.6, 1.3))
            shape = blade(rng, long, long * float(rng.uniform(0.08, 0.3)), float(rng.uniform(0.2, 2.4)))
            made.append(_turned(shape, float(rng.uniform(0, 6.28)), np.array([0, 0, height * 0.9])))
    else:  # twigs with leaves along them
        bark = [float(v) for v in np.array([0.14, 0.09, 0.05]) * rng.uniform(0.5, 1.5)]
        size = max(grown * float(rng.uniform(0.08, 0.25)), 0.02)
        for _ in range(int(rng.integers(4, 12))):
            yaw, lean = float(rng.uniform(0, 6.28)), float(rng.uniform(0.05, 0.7))
            t = np.linspace(0, 1, 6)[:, None]
            tip = np.array([np.cos(yaw) * lean, np.sin(yaw) * lean, 1.0]) * grown * rng.uniform(0.5, 1.0)
            path = np.array([0, 0, height * 0.85]) + tip * np.concatenate([t**1.5, t**1.5, t], 1)
            path[1:] += rng.normal(0, 0.02 * grown, (5, 3))
            parts.append(tube(path, max(0.008 * grown, 0.0015), 4).painted(bark))
            for _ in range(int(rng.integers(4, 13))):
                k = float(rng.uniform(0.25, 1.0)) * 5
                start = path[int(k)] + (path[min(int(k) + 1, 5)] - path[int(k)]) * (k % 1)
                shape = blade(rng, size * float(rng.uniform(0.6, 1.3)), size * float(rng.uniform(0.3, 0.7)), 1.2)
                made.append(_turned(shape[::1], float(rng.uniform(0, 6.28)), start))
    return Body(merge([*parts, leaves(palette, np.array(made), green)]))


def flowers(palette: Palette) -> Body:
    """Return a bunch of flowers in a vase."""
    rng = palette.rng
    h, r = float(rng.uniform(0.12, 0.26)), float(rng.uniform(0.03, 0.07))
    vase = made_of(palette, "stone", "plastic", "metal")
    wave = [(float(r * (1 + 0.35 * np.sin(2.2 + 3 * t))), float(h * t)) for t in np.linspace(0, 1, 7)]
    parts = [vase(lathe([(0, 0), *wave], 16))]
    colour = np.array([[0.7, 0.1, 0.15], [0.8, 0.6, 0.05], [0.8, 0.8, 0.75], [0.4, 0.15, 0.5]])[int(rng.integers(4))]
    green, made, petals = green_of(rng), [], []
    for _ in range(int(rng.integers(4, 14))):
        yaw, lean = float(rng.uniform(0, 6.28)), float(rng.uniform(0, 0.5))
        tip = np.array([np.cos(yaw) * lean * h, np.sin(yaw) * lean * h, h * rng.uniform(1.5, 2.3)])
        parts.append(tube(np.stack([np.array([0, 0, h * 0.8]), tip]), 0.0025, 4).painted([float(v) for v in green]))
        made.append(_turned(blade(rng, h * 0.5, h * 0.12, 1.0), yaw + 1, tip * 0.75))
        petals += [_turned(blade(rng, 0.04, 0.03, 1.0), k * 6.28 / 6 + yaw, tip) for k in range(6)]
    return Body(merge([*parts, leaves(palette, np.array(made), green), leaves(palette, np.array(petals), colour)]))
