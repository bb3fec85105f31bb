# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Small things of no one kind: vessels, balls, lamps, cables."""

from __future__ import annotations

import numpy as np

from grin_ros.worlds.shapes.bodies import Body, albedo, finish
from grin_ros.worlds.shapes.mesh import cylinder, lathe, merge, sphere, tube
from grin_ros.worlds.surfaces.textures import Palette


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
