# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Things made of cloth, with folds: table covers, heaps, cushions, beds, curtains, coats, bags and baskets."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.worlds.shapes.bodies import Body, Top
from grin_ros.worlds.shapes.mesh import box, cylinder, merge, pillow, sheet, tube
from grin_ros.worlds.surfaces.materials import made_of
from grin_ros.worlds.surfaces.palette import Palette


def wrinkles(rng: Generator, rows: int, columns: int, cells: float = 5.0) -> NDArray[np.float64]:
    """Return folds (rows, columns) in [0, 1]: ridged noise, partly stretched in one direction."""
    total = np.zeros((rows, columns))
    for k in range(3):
        n = max(int(cells * 2**k), 2)
        m = max(int(n * rng.uniform(0.3, 1.0)), 2)
        grid = rng.standard_normal((n, m)).astype(np.float32)
        noise = cv2.resize(grid, (columns, rows), interpolation=cv2.INTER_CUBIC)
        total += (1 - np.abs(np.clip(noise, -1, 1))) ** 2 * 0.5**k
    return np.asarray(total / 1.75)


def draped(palette: Palette, half: tuple[float, float], hang_m: float) -> Body:
    """Return a cloth over a block with half sizes x and y and its top at z = 0. It hangs down by up to hang_m."""
    rng = palette.rng
    n = 26
    reach = np.array(half) + hang_m
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, n), np.linspace(-1, 1, n)), -1) * reach
    turn = float(rng.normal(0, 0.12))
    spun = grid @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    inner = np.clip(spun, -np.array(half) - 0.004, np.array(half) + 0.004)
    over = np.linalg.norm(spun - inner, axis=-1)
    outward = (spun - inner) / np.maximum(over[..., None], 1e-6)
    around = np.arctan2(spun[..., 1], spun[..., 0])
    wave = 0.5 + 0.5 * np.sin(around * int(rng.integers(9, 22)) + rng.uniform(0, 6))
    flare = np.minimum(over, hang_m) * (0.06 + 0.2 * wave)
    z = 0.004 + 0.012 * wrinkles(rng, n, n) * (over < 0.01) - np.minimum(over, hang_m) * 0.97
    points = np.concatenate([inner + outward * flare[..., None], z[..., None]], -1)
    return Body(made_of(palette, "cloth")(sheet(points, 0.4)))


def heap(palette: Palette) -> Body:
    """Return a crumpled cloth: a towel, a jumper or a blanket."""
    rng = palette.rng
    size, n = float(rng.uniform(0.12, 0.4)), 24
    x, y = np.meshgrid(np.linspace(-1, 1, n), np.linspace(-1, 1, n))
    rim = np.clip(1 - (x * x + y * y) / 1.6, 0, 1) ** 0.6
    height = size * rim * (0.15 + 0.45 * wrinkles(rng, n, n, 4))
    shift = size * 0.15 * (wrinkles(rng, n, n, 3) - 0.5)
    points = np.stack([x * size + shift, y * size * rng.uniform(0.6, 1) - shift, height], -1)
    return Body(made_of(palette, "cloth")(sheet(points, 0.35)))


def cushion(palette: Palette, edge_m: float | None = None) -> Body:
    """Return a cushion that lies flat."""
    rng = palette.rng
    edge = float(rng.uniform(0.3, 0.5)) if edge_m is None else edge_m
    size = (edge, edge * float(rng.uniform(0.6, 1.0)), edge * float(rng.uniform(0.22, 0.4)))
    return Body(made_of(palette, "cloth")(pillow(size, 0.45, 18)))


def folded(palette: Palette) -> Body:
    """Return a pile of folded laundry."""
    rng = palette.rng
    x, y, z, parts = float(rng.uniform(0.2, 0.4)), float(rng.uniform(0.2, 0.35)), 0.0, []
    for _ in range(int(rng.integers(1, 7))):
        thick = float(rng.uniform(0.015, 0.05))
        size = (x * float(rng.uniform(0.85, 1.05)), y * float(rng.uniform(0.85, 1.05)), thick)
        parts.append(made_of(palette, "cloth")(pillow(size, 0.3, 12)).moved((0, 0, z), float(rng.normal(0, 0.05))))
        z += thick * 0.95
    return Body(merge(parts))


def bed(palette: Palette) -> Body:
    """Return a bed with a frame, a mattress, pillows and a duvet."""
    rng = palette.rng
    x, y, z = float(rng.choice([0.9, 1.2, 1.4, 1.6, 1.8])), float(rng.uniform(1.95, 2.1)), float(rng.uniform(0.4, 0.6))
    frame, n = made_of(palette, "wood", "cloth"), 34
    parts = [
        frame(box((x + 0.06, y, z * 0.55))),
        made_of(palette, "cloth")(pillow((x, y - 0.05, z * 0.55), 0.12, 16)).moved((0, 0, z * 0.45)),
        frame(box((x + 0.08, 0.06, z + float(rng.uniform(0.1, 0.8))))).moved((0, y / 2, 0)),
    ]
    for side in (-1, 1) if x > 1.3 else (0,):
        head = made_of(palette, "cloth")(pillow((0.62, 0.42, 0.16), 0.45, 16))
        parts.append(head.tilted(0, 0.25).moved((side * x * 0.24, y / 2 - 0.3, z)))
    back = y * float(rng.uniform(0.1, 0.35))
    u, v = np.meshgrid(np.linspace(-1, 1, n), np.linspace(-1, 1, n))
    hang = float(rng.uniform(0.05, 0.3))
    px = np.clip(u * (x / 2 + hang), -x / 2 - 0.03, x / 2 + 0.03)
    over = np.abs(u) * (x / 2 + hang) - np.abs(px)
    py = -y / 2 + (v + 1) / 2 * (y - back) + 0.04 * u * rng.uniform(-1, 1)
    high = 0.05 + float(rng.uniform(0.03, 0.12)) * wrinkles(rng, n, n, 4)
    points = np.stack([px + np.sign(u) * 0.25 * np.clip(over, 0, 1), py, z + high - np.clip(over, 0, hang)], -1)
    parts.append(made_of(palette, "cloth")(sheet(points, 0.6)))
    return Body(merge(parts), (Top(0, -0.2, x / 2 - 0.15, y / 2 - 0.5, z + 0.1),))


def hanging(palette: Palette, wide_m: float, tall_m: float, wave_m: float = 0.03) -> Body:
    """Return a hanging cloth with its back at y = 0 and its lower edge at z = 0: a curtain, towel, flag or coat."""
    rng = palette.rng
    n, m = max(int(wide_m / 0.02), 12), 10
    u, v = np.meshgrid(np.linspace(0, 1, min(n, 90)), np.linspace(0, 1, m))
    pleats = wide_m / float(rng.uniform(0.08, 0.2))
    phase = 2 * np.pi * pleats * u + 1.5 * wrinkles(rng, m, min(n, 90), 3)
    depth = wave_m * (0.6 + 0.4 * np.sin(3 * v + rng.uniform(0, 6))) * (1 + np.sin(phase)) / 2
    points = np.stack([(u - 0.5) * wide_m + 0.2 * wave_m * np.cos(phase), -depth - 0.004, v * tall_m], -1)
    return Body(made_of(palette, "cloth")(sheet(points, 0.4)))


def coats(palette: Palette) -> Body:
    """Return a rail with coats and bags on hooks, to hang on a wall; its lower end is at z = 0."""
    rng = palette.rng
    count, tall = int(rng.integers(2, 6)), float(rng.uniform(0.9, 1.3))
    parts = [made_of(palette, "wood", "metal")(box((count * 0.22, 0.03, 0.08))).moved((0, -0.015, tall - 0.05))]
    for k in range(count):
        if rng.random() < 0.2:
            continue
        long, wide = float(rng.uniform(0.4, 1.0)) * (tall - 0.1), float(rng.uniform(0.14, 0.4))
        body = hanging(palette, wide, long, float(rng.uniform(0.05, 0.16))).mesh
        tip = float(rng.uniform(0.2, 0.6))  # the width at the hook, relative to that below
        narrow = body.vertices.copy()
        rise = np.clip(narrow[:, 2] / long, 0, 1)
        narrow[:, 0] *= 1 - (1 - tip) * rise**3
        mesh = replace(body, vertices=narrow)
        parts.append(mesh.moved(((k - (count - 1) / 2) * 0.22, -0.03, tall - 0.05 - long)))
    return Body(merge(parts))


def bag(palette: Palette) -> Body:
    """Return a rucksack, handbag or paper bag."""
    rng = palette.rng
    x, y, z = float(rng.uniform(0.22, 0.4)), float(rng.uniform(0.1, 0.22)), float(rng.uniform(0.25, 0.48))
    paint = made_of(palette, "cloth", "plastic")
    parts = [paint(pillow((x, y, z), 0.4, 16))]
    if rng.random() < 0.6:
        parts.append(paint(pillow((x * 0.7, y * 0.5, z * 0.45), 0.4, 12)).moved((0, -y * 0.45, z * 0.08)))
    angle = np.linspace(0, np.pi, 10)
    strap = np.stack([0.12 * np.cos(angle), 0 * angle, z * 0.93 + 0.14 * np.sin(angle)], 1)
    parts.append(made_of(palette, "cloth", "plastic")(tube(strap, 0.008, 5)))
    return Body(merge(parts))


def basket(palette: Palette) -> Body:
    """Return a laundry basket or waste basket with something in it."""
    rng = palette.rng
    r, h = float(rng.uniform(0.13, 0.25)), float(rng.uniform(0.25, 0.55))
    paint = made_of(palette, "plastic", "metal", "wood")
    profile = cylinder(r, h, 18)
    inside = heap(palette).mesh
    low, high = inside.bounds()
    fit = 1.7 * r / float(max(high[0] - low[0], high[1] - low[1]))
    return Body(merge([paint(profile), inside.moved((0, 0, h * 0.99), 0.0, fit)]))
