# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Everyday things in real sizes: paper, books, packages, tins, bottles, crockery, food."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from grin_ros.worlds.shapes.bodies import Body, Top
from grin_ros.worlds.shapes.mesh import box, boxes, cylinder, lathe, merge, pillow, tube
from grin_ros.worlds.surfaces import prints
from grin_ros.worlds.surfaces.materials import finish, made_of, muted, plain
from grin_ros.worlds.surfaces.palette import Palette


def _numbers(values: NDArray[np.float64]) -> list[float]:
    return [float(v) for v in values]


def printed_layer(palette: Palette, kind: str, most: int = 5) -> int:
    """Return the texture layer of a print, a kind in ``prints.PRINTS``. The scene has at most ``most`` of a kind."""
    return palette.shared(kind, prints.PRINTS[kind], most)


def papers(palette: Palette) -> Body:
    """Return a few sheets, magazines or envelopes on top of one another."""
    rng = palette.rng
    parts, z = [], 0.001
    for _ in range(int(rng.integers(1, 7))):
        w, d = (0.21, 0.297) if rng.random() < 0.7 else (float(rng.uniform(0.1, 0.25)), float(rng.uniform(0.08, 0.2)))
        thick = float(rng.choice([0.0008, 0.004, 0.008]))
        kind = "page" if rng.random() < 0.6 else "cover"
        x, y = rng.normal(0, 0.05, 2)
        leaf = boxes(
            np.array([[-w / 2, -d / 2, 0]]), np.array([[w / 2, d / 2, thick]]), layer=printed_layer(palette, kind)
        )
        parts.append(leaf.moved((x, y, z), float(rng.normal(0, 0.35))))
        z += thick + 0.0005
    return Body(merge(parts))


def books(palette: Palette, length_m: float | None = None, tall_m: float | None = None, deep_m: float = 0.2) -> Body:
    """Return books in a row of a given length, height and depth. Some are pushed back."""
    rng = palette.rng
    length = float(rng.uniform(0.1, 0.5)) if length_m is None else length_m
    count = max(int(length / 0.02), 3)
    thick = rng.uniform(0.008, 0.05, count)
    x = np.cumsum(thick + 0.0008)
    keep = x < length
    keep[0] = True
    thick, x = thick[keep], x[keep]
    n = len(x)
    top = 0.3 if tall_m is None else tall_m
    series = np.repeat(rng.uniform(0.55, 1.0, n), rng.integers(1, 6, n))[:n]  # the volumes of a series are equally tall
    tall = np.clip(series * top, 0.1, 0.32)
    depth = np.clip(rng.uniform(0.55, 0.95, n) * deep_m, 0.08, 0.24)
    front = -deep_m / 2 + np.abs(rng.normal(0, 0.012, n))
    low = np.stack([x - thick, front, np.zeros(n)], 1)
    high = np.stack([x, front + depth, tall], 1)
    layer = np.array([printed_layer(palette, "spines", 3) for _ in range(n)])
    column = rng.integers(0, 8, n) / 8
    window = np.stack([column + 0.004, np.zeros(n), column + 0.121, np.ones(n)], 1)
    tone = rng.uniform(0.55, 1.0, (n, 1)) * np.ones(3)
    mesh = boxes(low, high, tone, layer, window, 0.15)
    uv = mesh.uv.reshape(n, 6, 4, 2).copy()
    uv[:, [1, 3, 4]] = np.stack([column + 0.02, np.full(n, 0.015)], 1)[:, None, None]  # covers and edges have no title
    return Body(replace(mesh, uv=uv.reshape(-1, 2)).moved((-length / 2, 0, 0)))


def book_pile(palette: Palette) -> Body:
    """Return a pile of books and magazines."""
    rng = palette.rng
    parts, z = [], 0.0
    for _ in range(int(rng.integers(1, 8))):
        size = np.array([rng.uniform(0.12, 0.22), rng.uniform(0.18, 0.3), rng.uniform(0.006, 0.05)])
        layer = printed_layer(palette, "cover" if rng.random() < 0.75 else "spines")
        block = boxes(np.array([-size / 2 * [1, 1, 0]]), np.array([size * [0.5, 0.5, 1]]), layer=layer)
        parts.append(block.moved((*_numbers(rng.normal(0, 0.01, 2)), z), float(rng.normal(0, 0.25))))
        z += float(size[2])
    return Body(merge(parts), (Top(0, 0, 0.07, 0.09, z),))


def packet(palette: Palette) -> Body:
    """Return a printed package, such as one of cereals, tea, medicine or a game."""
    rng = palette.rng
    size = np.exp(rng.normal(-1.9, 0.45, 3)).clip(0.02, 0.4)
    if rng.random() < 0.6:  # upright, like a packet on a shelf
        size = np.array([rng.uniform(0.07, 0.22), rng.uniform(0.03, 0.1), rng.uniform(0.1, 0.32)])
    kind = "package" if rng.random() < 0.8 else "cover"
    layer = printed_layer(palette, kind, 8)
    tone = np.full((1, 3), rng.uniform(0.7, 1.0))
    mesh = boxes(np.array([-size / 2 * [1, 1, 0]]), np.array([size * [0.5, 0.5, 1]]), tone, layer, gloss=0.3)
    return Body(mesh, (Top(0, 0, float(size[0] / 2), float(size[1] / 2), float(size[2])),))


def parcel(palette: Palette, largest_m: float = 0.6) -> Body:
    """Return a cardboard box, sometimes open with its flaps out."""
    rng = palette.rng
    x, y, z = _numbers(np.exp(rng.normal(-1.2, 0.35, 3)).clip(0.12, largest_m))
    layer = printed_layer(palette, "carton", 4)
    if rng.random() < 0.4:
        tile = palette.tile("Cardboard")
        layer = layer if tile is None else tile
    tone = [float(rng.uniform(0.6, 1.0))] * 3
    parts = [box((x, y, z), 0.0).painted(tone, layer, 0.02)]
    if rng.random() < 0.35:
        flap = box((x, 0.004, y * 0.45), 0.0).painted(tone, layer, 0.02)
        parts += [flap.tilted(0, -s * float(rng.uniform(0.4, 2.2))).moved((0, s * y / 2, z)) for s in (-1, 1)]
    return Body(merge(parts), (Top(0, 0, x / 2, y / 2, z),))


def tin(palette: Palette) -> Body:
    """Return a can or jar with a printed band."""
    rng = palette.rng
    radius, height = float(rng.uniform(0.025, 0.055)), float(rng.uniform(0.06, 0.16))
    band = lathe([(radius, 0.004), (radius, height - 0.006)], 18)
    band = band.painted([float(rng.uniform(0.7, 1.0))] * 3, printed_layer(palette, "package", 8), 0.5)
    rim = made_of(palette, "metal", "plastic")
    lid = rim(lathe([(0, 0.0), (radius, 0.003), (radius * 1.01, 0.006)], 18))
    over = rim(lathe([(radius, height - 0.006), (radius * 0.95, height), (0, height)], 18))
    return Body(merge([band, lid, over]))


def bottle(palette: Palette) -> Body:
    """Return a bottle with a neck, a cap and often a label."""
    rng = palette.rng
    height, radius = float(rng.uniform(0.12, 0.34)), float(rng.uniform(0.022, 0.048))
    neck, shoulder = radius * float(rng.uniform(0.25, 0.6)), float(rng.uniform(0.5, 0.75)) * height
    profile = [(0, 0), (radius * 0.95, 0), (radius, 0.01), (radius, shoulder)]
    turn = np.linspace(0, 1, 6)[1:]
    profile += [
        (float(radius + (neck - radius) * t**1.4), float(shoulder + (0.85 * height - shoulder) * t)) for t in turn
    ]
    profile += [(neck, 0.93 * height)]
    colour = [float(v) for v in rng.choice([[0.02, 0.06, 0.02], [0.08, 0.03, 0.01], [0.5, 0.55, 0.5], [0.7, 0.7, 0.7]])]
    body = plain(palette, colour if rng.random() < 0.6 else muted(rng, 0.5), float(rng.uniform(0.3, 0.9)))
    cap = made_of(palette, "plastic")(cylinder(neck * 1.2, 0.08 * height, 12)).moved((0, 0, 0.92 * height))
    parts = [body(lathe(profile, 16)), cap]
    if rng.random() < 0.75:
        low = float(rng.uniform(0.1, 0.3)) * height
        ring = lathe([(radius * 1.01, low), (radius * 1.01, low + 0.55 * (shoulder - low) + 0.02)], 16)
        parts.append(ring.painted((1, 1, 1), printed_layer(palette, "package", 8), 0.2))
    return Body(merge(parts))


def mug(palette: Palette) -> Body:
    """Return a cup or mug with a handle."""
    rng = palette.rng
    r, h = float(rng.uniform(0.032, 0.046)), float(rng.uniform(0.06, 0.11))
    foot = r * float(rng.uniform(0.6, 1.0))
    profile = [(0, 0), (foot, 0.0), (r, h * 0.4), (r, h), (r * 0.92, h), (r * 0.9, h * 0.35), (0, h * 0.3)]
    angle = np.linspace(-np.pi / 2, np.pi / 2, 8)
    loop = np.stack([r + 0.6 * r * np.cos(angle), 0 * angle, h / 2 + 0.32 * h * np.sin(angle)], 1)
    colour = [float(rng.uniform(0.6, 0.9))] * 3 if rng.random() < 0.5 else muted(rng, 0.4)
    body = plain(palette, colour, float(rng.uniform(0.3, 0.8)))
    parts = [body(lathe(profile, 20)), body(tube(loop, 0.005, 6))]
    return Body(merge(parts).moved((0, 0, 0), float(rng.uniform(0, 6.28))))


def dish(palette: Palette) -> Body:
    """Return a plate or bowl, or a pile of them. Some hold fruit."""
    rng = palette.rng
    r = float(rng.uniform(0.06, 0.14))
    deep = float(rng.choice([0.018, 0.025, 0.06, 0.08]))
    profile = [
        (0, 0),
        (r * 0.5, 0),
        (r * 0.62, deep * 0.15),
        (r, deep),
        (r * 0.96, deep),
        (r * 0.58, deep * 0.3),
        (0, deep * 0.25),
    ]
    colour = [float(rng.uniform(0.6, 0.9))] * 3 if rng.random() < 0.6 else muted(rng, 0.4)
    paint = plain(palette, colour, 0.6)
    one = paint(lathe(profile, 22))
    parts = [one.moved((0, 0, k * deep * 0.45)) for k in range(int(rng.integers(1, 6)) if rng.random() < 0.4 else 1)]
    if len(parts) == 1 and rng.random() < 0.6:
        for k in range(int(rng.integers(2, 8))):
            bearing, out = k * 2.4, r * 0.5 * float(np.sqrt(rng.random()))
            food = fruit(palette).mesh
            parts.append(food.moved((out * np.cos(bearing), out * np.sin(bearing), deep * 0.4 + 0.02 * (k > 4))))
    return Body(merge(parts))


def fruit(palette: Palette) -> Body:
    """Return an apple, orange, potato, onion or similar."""
    rng = palette.rng
    reds = [
        [0.5, 0.05, 0.03],
        [0.75, 0.3, 0.03],
        [0.55, 0.5, 0.06],
        [0.2, 0.4, 0.05],
        [0.35, 0.2, 0.08],
        [0.6, 0.5, 0.35],
    ]
    colour = [float(v) for v in np.array(reds[int(rng.integers(len(reds)))]) * rng.uniform(0.6, 1.2)]
    size = rng.uniform(0.045, 0.09) * rng.uniform(0.85, 1.15, 3)
    return Body(plain(palette, colour, 0.25)(pillow(_numbers(size), 0.9, 12)))


def pot(palette: Palette) -> Body:
    """Return a saucepan, pan or kettle with a handle."""
    rng = palette.rng
    r, h = float(rng.uniform(0.07, 0.14)), float(rng.uniform(0.04, 0.18))
    paint, grip = made_of(palette, "metal"), made_of(palette, "plastic", "wood")
    lid = [(0, h + 0.02), (r, h)] if rng.random() < 0.5 else [(r * 0.96, h), (r * 0.95, 0.012), (0, 0.01)]
    parts = [paint(lathe([(0, 0), (r, 0), (r, h), *lid[::-1]], 22))]
    handle = np.array([[r, 0, h * 0.8], [r + 0.06, 0, h * 0.85], [r + float(rng.uniform(0.1, 0.2)), 0, h * 0.9]])
    parts.append(grip(tube(handle, 0.009, 6)))
    return Body(merge(parts).moved((0, 0, 0), float(rng.uniform(0, 6.28))))


def jar_of_tools(palette: Palette) -> Body:
    """Return a pot with pens, brushes or cutlery."""
    rng = palette.rng
    r, h = float(rng.uniform(0.03, 0.06)), float(rng.uniform(0.08, 0.16))
    parts = [
        made_of(palette, "plastic", "metal", "wood")(
            lathe([(0, 0), (r, 0), (r, h), (r * 0.93, h), (r * 0.9, 0.01)], 14)
        )
    ]
    for _ in range(int(rng.integers(3, 12))):
        foot, tip = rng.uniform(-0.6, 0.6, 2) * r, rng.uniform(-1.3, 1.3, 2) * r
        end = h * float(rng.uniform(1.2, 2.2))
        stick = tube(np.array([[*foot, 0.01], [*tip, end]]), float(rng.uniform(0.003, 0.006)), 5)
        parts.append(made_of(palette, "plastic", "metal", "wood")(stick))
    return Body(merge(parts))


def vessel(palette: Palette) -> Body:
    """Return a vase, bowl, bin or similar vessel: a body of revolution."""
    rng = palette.rng
    height = float(np.exp(rng.normal(-1.75, 0.45)))
    radius = height * float(rng.uniform(0.15, 0.7))
    t = np.linspace(0, 1, 9)
    wave = 1 + rng.uniform(0, 0.5) * np.sin(rng.uniform(2, 7) * t + rng.uniform(0, 6)) + rng.uniform(-0.5, 0.5) * t
    profile = [(0.0, 0.0), *[(float(radius * max(w, 0.12)), float(height * k)) for w, k in zip(wave, t, strict=True)]]
    if rng.random() < 0.5:
        profile += [(profile[-1][0] * 0.9, height), (profile[-2][0] * 0.8, height * 0.15), (0.0, height * 0.15)]
    else:
        profile.append((0.0, height))
    return Body(finish(lathe(profile, 18), palette, 0.4))
