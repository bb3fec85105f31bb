# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Small things, built of primitive bodies: what lies and stands on tables, shelves and floors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grin_ros.data.scenes.bodies import Body, Top, albedo, finish
from grin_ros.data.scenes.mesh import box, cylinder, lathe, merge, sphere, tube
from grin_ros.data.scenes.textures import Palette, label, picture


def carton(palette: Palette) -> Body:
    """A box of any proportions: packaging, cases, books lying."""
    rng = palette.rng
    size = [float(v) for v in np.exp(rng.normal(-1.9, 0.5, 3)).clip(0.03, 0.6)]
    mesh, top = box(size, 0.0), Top(0, 0, size[0] / 2, size[1] / 2, size[2])
    if rng.random() < 0.4:
        cardboard = palette.tile("Cardboard", "Paper")
        layer = palette.any() if cardboard is None else cardboard
        return Body(mesh.painted((0.9, 0.85, 0.8), layer, 0.02), (top,))
    layer = palette.add((label, picture)[int(rng.random() < 0.3)](rng))
    return Body(mesh.painted((1, 1, 1), layer, float(rng.uniform(0, 0.5))), (top,))


def book_stack(palette: Palette) -> Body:
    """Books lying on one another."""
    rng = palette.rng
    parts, z = [], 0.0
    for _ in range(int(rng.integers(1, 7))):
        size = (rng.uniform(0.12, 0.22), rng.uniform(0.17, 0.3), rng.uniform(0.008, 0.05))
        layer = palette.add(label(rng)) if rng.random() < 0.4 else -1
        parts.append(box(size, 0.0).painted(albedo(rng, 1.0), layer, 0.2).moved((0, 0, z), rng.normal(0, 0.25)))
        z += size[2]
    return Body(merge(parts))


def book_row(palette: Palette) -> Body:
    """Books standing side by side, some leaning."""
    rng = palette.rng
    parts, x = [], 0.0
    for _ in range(int(rng.integers(3, 16))):
        width, depth, height = rng.uniform(0.01, 0.055), rng.uniform(0.13, 0.22), rng.uniform(0.17, 0.3)
        book = box((width, depth, height), 0.0).painted(
            albedo(rng, 1.0), palette.add(label(rng)) if rng.random() < 0.15 else -1, 0.2
        )
        parts.append(book.tilted(1, rng.normal(0, 0.04)).moved((x + width / 2, 0, 0.002)))
        x += width + 0.002
    return Body(merge(parts).moved((-x / 2, 0, 0)))


def vessel(palette: Palette) -> Body:
    """A mug, bottle, vase, bowl, bin or lamp foot: a body of revolution."""
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


def ball(palette: Palette) -> Body:
    """A ball or fruit."""
    return Body(finish(sphere(float(palette.rng.uniform(0.03, 0.13))), palette))


def screen(palette: Palette) -> Body:
    """A monitor or television on a foot."""
    rng = palette.rng
    width = float(rng.uniform(0.35, 0.9))
    height = width * float(rng.uniform(0.55, 0.8))
    foot = float(rng.uniform(0.05, 0.15))
    dark = [float(rng.uniform(0.01, 0.1))] * 3
    lit = rng.random() < 0.5
    face = box((width * 0.94, 0.004, height * 0.92), 0.0)
    face = (
        face.painted((1, 1, 1), palette.add(label(rng)), 0.5, 0.5)
        if lit
        else face.painted((0.01, 0.01, 0.012), -1, 0.7)
    )
    parts = [
        box((width, 0.04, height)).painted(dark, -1, 0.3).moved((0, 0, foot)),
        face.moved((0, -0.022, foot + height * 0.04)),
        cylinder(0.025, foot + 0.05, 8).painted(dark).moved((0, 0.03, 0)),
        box((width * 0.4, 0.2, 0.015)).painted(dark),
    ]
    return Body(merge(parts))


def lamp(palette: Palette) -> Body:
    """A table lamp with a glowing shade."""
    rng = palette.rng
    height, radius = float(rng.uniform(0.25, 0.6)), float(rng.uniform(0.08, 0.18))
    shade = lathe([(radius, height * 0.6), (radius * rng.uniform(0.4, 1), height)], 20).painted(
        (0.9, 0.85, 0.7), -1, 0.0, float(rng.choice([0.0, 2.5]))
    )
    return Body(
        merge(
            [
                cylinder(radius * 0.7, 0.02).painted(albedo(rng)),
                cylinder(0.012, height * 0.7, 8).painted(albedo(rng)),
                shade,
            ]
        )
    )


def plant(palette: Palette) -> Body:
    """A pot with leaves on thin stems."""
    rng = palette.rng
    pot = lathe([(0, 0), (0.07, 0), (0.1, 0.15), (0.085, 0.15), (0, 0.12)], 16)
    green = [float(v) for v in np.array([0.08, 0.25, 0.05]) * rng.uniform(0.6, 1.8, 3)]
    parts = [finish(pot, palette)]
    for _ in range(int(rng.integers(8, 26))):
        yaw, reach, rise = rng.uniform(0, 6.28), rng.uniform(0.08, 0.35), rng.uniform(0.1, 0.5)
        k = np.linspace(0, 1, 5)[:, None]
        tip = np.array([[np.cos(yaw) * reach, np.sin(yaw) * reach, 0.0]])
        path = np.array([[0, 0, 0.12]]) + tip * k**1.5 + np.array([[0, 0, rise]]) * (k * (1.6 - 0.6 * k))
        leaf = sphere(float(rng.uniform(0.03, 0.09)), 8).moved((0, 0, 0), yaw, (1.0, 0.55, 0.12))
        parts += [
            tube(path, 0.004, 4).painted(green),
            leaf.painted(green, -1, 0.25).moved([float(v) for v in path[-1]]),
        ]
    return Body(merge(parts).moved((0, 0, 0), 0, float(rng.uniform(0.6, 1.6))))


def cable(palette: Palette) -> Body:
    """A cable or cord lying or standing in loops."""
    rng = palette.rng
    steps = rng.normal(0, 0.09, (8, 3)) * [1, 1, 0.2]
    path = np.cumsum(steps, axis=0)
    fine = np.stack(
        [
            np.interp(np.linspace(0, 7, 40), np.arange(8), np.convolve(path[:, i], [0.25, 0.5, 0.25], "same"))
            for i in range(3)
        ],
        1,
    )
    fine[:, 2] = np.abs(fine[:, 2]) + 0.006
    fine[:, :2] -= fine[:, :2].mean(axis=0)
    return Body(tube(fine, float(rng.uniform(0.002, 0.006)), 5).painted(albedo(rng)))


CLUTTER: tuple[Callable[[Palette], Body], ...] = (
    carton,
    carton,
    book_stack,
    book_row,
    vessel,
    vessel,
    ball,
    screen,
    lamp,
    plant,
    cable,
)
