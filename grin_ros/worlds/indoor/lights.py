# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The lights of a room: sky and sun through windows, lamps, and the light that is reflected by walls and floor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.worlds.indoor.shell import YAWS, Opening, Shell
from grin_ros.worlds.rendering.light import Lighting
from grin_ros.worlds.shapes.bodies import Body
from grin_ros.worlds.shapes.mesh import Mesh, box, lathe
from grin_ros.worlds.surfaces.textures import Image

Lamp: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
"""A lamp: its place (3,) in metres, and its linear colour (3,)."""


def temperature(rng: Generator, warm: float) -> NDArray[np.float64]:
    """Return a linear white (3,) between bluish daylight (warm = 0) and tungsten light (warm = 1)."""
    mix = float(np.clip(warm + rng.normal(0, 0.15), 0, 1))
    return np.array([0.9, 1.0, 1.15]) * (1 - mix) + np.array([1.3, 0.98, 0.62]) * mix


def mean_albedo(meshes: Sequence[Mesh], images: Sequence[Image]) -> NDArray[np.float64]:
    """Return the mean linear albedo (3,) of meshes with their textures. All meshes have the same weight."""
    total = np.zeros(3)
    for mesh in meshes:
        layer = int(mesh.layer[0])
        texel = (images[layer].reshape(-1, 3).mean(axis=0) / 255) ** 2 if layer >= 0 else np.ones(3)
        total += mesh.colour.mean(axis=0) * texel
    return np.asarray(total / max(len(meshes), 1))


def light_room(
    rng: Generator,
    shell: Shell,
    model: Callable[[], Body | None],
    floor: NDArray[np.float64],
    walls: NDArray[np.float64],
) -> tuple[Lighting, list[Mesh]]:
    """Return the lighting of a room, and the meshes of its ceiling lamps.

    The lamps cast no shadow, because their light starts just below them.

    Args:
        rng: The random generator.
        shell: The room.
        model: Returns the model of a ceiling lamp, or None if there is none.
        floor: The mean linear albedo of the floor, (3,).
        walls: The mean linear albedo of the walls, (3,).
    """
    size = np.array([shell.width, shell.depth, shell.height])
    area = shell.width * shell.depth
    windows = [o for o in shell.openings if o.kind == "window"]
    day = bool(windows) and rng.random() < 0.75
    lamps, fixtures = _ceiling_lamps(rng, shell, model, day)
    sun_direction, sun = np.array([0.3, 0.2, -0.93]), np.zeros(3)
    if day:
        sun_direction, sun = _sun(rng, windows)
        for o in windows[:2]:  # the light of the sky through a window is a lamp just inside it
            x, y = shell.at(o.side, o.middle, 0.25)
            sky = temperature(rng, 0.05) * rng.uniform(0.8, 4.0) * o.width * (o.high - o.low)
            lamps.append((np.array([x, y, (o.low + o.high) / 2]), sky))
    elif rng.random() < 0.5:
        across = size * np.array([rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9), 0.0])
        spot = across + np.array([0, 0, rng.uniform(0.8, 1.6)])
        lamps.append((spot, temperature(rng, 0.7) * rng.uniform(0.2, 1.0)))
    level = float(np.exp(rng.normal(-1.25, 0.55))) * (1 + area / 120)
    tint = temperature(rng, 0.25 if day else 0.45)
    # One reflection: surfaces that face the walls and the ceiling get their colour, those that face down the floor's.
    around = (0.35 + 0.65 * walls / max(float(walls.max()), 0.05)) * (0.5 + 0.6 * float(walls.mean()))
    below = (0.2 + 0.8 * floor / max(float(floor.max()), 0.05)) * (0.35 + 0.9 * float(floor.mean()))
    lighting = Lighting(
        sun_direction,
        sun,
        tuple(lamps[:4]),
        level * tint * around,
        level * tint * below * float(rng.uniform(0.7, 1.1)),
        (np.zeros(3), size),
    )
    return lighting, fixtures


def _ceiling_lamps(
    rng: Generator, shell: Shell, model: Callable[[], Body | None], day: bool
) -> tuple[list[Lamp], list[Mesh]]:
    """Return at least one lamp in a row along the longer side of the room, and their meshes."""
    size = np.array([shell.width, shell.depth, shell.height])
    area = shell.width * shell.depth
    lamps: list[Lamp] = []
    fixtures: list[Mesh] = []
    off = day and rng.random() < 0.6  # by day, lamps are often off or weak
    strength = (
        float(np.exp(rng.normal(0.9, 0.5))) * (area / 12) ** 0.5 * (float(rng.uniform(0.03, 0.4)) if off else 1.0)
    )
    count = 1 + int(rng.random() < 0.4) + int(area > 25) + int(area > 60)
    long = int(size[1] > size[0])
    for k in range(count):
        xy = size[:2] * rng.uniform(0.35, 0.65, 2)
        xy[long] = size[long] * ((k + 0.5) / count + float(rng.uniform(-0.1, 0.1)))
        body = (model() if rng.random() < 0.5 else None) or _simple_lamp(rng)
        top = shell.height - min(body.size[2], 0.9)
        if top < 1.6:
            continue
        if body.size[2] <= 0.9:
            fixtures.append(body.mesh.moved((float(xy[0]), float(xy[1]), top)))
        below = np.array([xy[0], xy[1], min(top - 0.05, shell.height - 0.2)])
        lamps.append((below, strength * temperature(rng, 0.45) * float(rng.uniform(0.5, 1.2))))
    if not lamps:
        lamps.append((np.array([size[0] / 2, size[1] / 2, shell.height - 0.3]), strength * temperature(rng, 0.45)))
    return lamps, fixtures


def _simple_lamp(rng: Generator) -> Body:
    """Return a flat box or a shade."""
    radius = float(rng.uniform(0.08, 0.3))
    if rng.random() < 0.4:
        return Body(box((rng.uniform(0.2, 1.2), rng.uniform(0.1, 0.6), 0.05)).painted((0.9,) * 3, -1, 0.0, 3.0))
    profile = [(0, 0), (radius * 0.7, 0.02), (radius, 0.1), (radius * 0.3, 0.16), (0.01, 0.16)]
    return Body(lathe(profile, 24).painted((0.9,) * 3, -1, 0.0, 2.0))


def _sun(rng: Generator, windows: Sequence[Opening]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the direction of the sunlight (3,) through a window, and its colour (3,), black if it is hidden."""
    chosen = windows[int(rng.integers(len(windows)))]
    yaw = YAWS[chosen.side] + rng.normal(0, 0.5)
    low = rng.uniform(0.25, 1.0)
    inwards = -np.array([-np.sin(yaw), np.cos(yaw)])
    direction = np.array([inwards[0] * np.cos(low), inwards[1] * np.cos(low), -np.sin(low)])
    shines = rng.random() < 0.6
    return direction, temperature(rng, 0.3) * rng.uniform(1.5, 7.0) if shines else np.zeros(3)
