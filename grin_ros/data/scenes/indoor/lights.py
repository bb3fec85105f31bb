# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The lights of a room: sky and sun through windows, ceiling and standing lamps, and the light that walls send back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.data.scenes.bodies import Body
from grin_ros.data.scenes.indoor.shell import YAWS, Shell
from grin_ros.data.scenes.mesh import Mesh, box, lathe
from grin_ros.data.scenes.renderer import Lighting


def temperature(rng: Generator, warm: float) -> NDArray[np.float64]:
    """A linear white between bluish daylight (warm 0) and tungsten (warm 1), as cameras balance it."""
    mix = float(np.clip(warm + rng.normal(0, 0.15), 0, 1))
    return np.array([0.9, 1.0, 1.15]) * (1 - mix) + np.array([1.3, 0.98, 0.62]) * mix


def light_room(rng: Generator, shell: Shell, model: Callable[[], Body | None]) -> tuple[Lighting, list[Mesh]]:
    """Lighting, and the fixtures that glow (they cast no shadow: the light starts just below them)."""
    size = np.array([shell.width, shell.depth, shell.height])
    windows = [o for o in shell.openings if o.kind == "window"]
    day = bool(windows) and rng.random() < 0.75
    fixtures: list[Mesh] = []
    lamps: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    area = shell.width * shell.depth
    strength = float(np.exp(rng.normal(0.9, 0.5))) * (area / 12) ** 0.5 * (0.35 if day and rng.random() < 0.5 else 1.0)
    for k in range(1 + int(rng.random() < 0.4) + int(area > 25)):
        xy = size[:2] * (rng.uniform(0.3, 0.7, 2) if k == 0 else rng.uniform(0.15, 0.85, 2))
        body = model() if rng.random() < 0.5 else None
        if body is None:
            radius = float(rng.uniform(0.08, 0.3))
            if rng.random() < 0.4:
                body = Body(box((rng.uniform(0.2, 1.2), rng.uniform(0.1, 0.6), 0.05)).painted((0.9,) * 3, -1, 0.0, 3.0))
            else:
                profile = [(0, 0), (radius * 0.7, 0.02), (radius, 0.1), (radius * 0.3, 0.16), (0.01, 0.16)]
                body = Body(lathe(profile, 24).painted((0.9,) * 3, -1, 0.0, 2.0))
        height = min(body.size[2], 0.9)
        top = shell.height - height
        if top < 1.6:
            continue
        if body.size[2] <= 0.9:
            fixtures.append(body.mesh.moved((float(xy[0]), float(xy[1]), top)))
        below = np.array([xy[0], xy[1], min(top - 0.05, shell.height - 0.2)])
        lamps.append((below, strength * temperature(rng, 0.45) * float(rng.uniform(0.5, 1.2))))
    if not lamps:
        lamps.append((np.array([size[0] / 2, size[1] / 2, shell.height - 0.3]), strength * temperature(rng, 0.45)))
    sun_direction, sun = np.array([0.3, 0.2, -0.93]), np.zeros(3)
    if day:
        chosen = windows[int(rng.integers(len(windows)))]
        yaw = YAWS[chosen.side] + rng.normal(0, 0.5)
        low = rng.uniform(0.25, 1.0)
        inwards = -np.array([-np.sin(yaw), np.cos(yaw)])
        sun_direction = np.array([inwards[0] * np.cos(low), inwards[1] * np.cos(low), -np.sin(low)])
        if rng.random() < 0.6:
            sun = temperature(rng, 0.3) * rng.uniform(1.5, 7.0)
        for o in windows[:2]:  # the sky seen through the window, as a lamp just inside it
            x, y = shell.at(o.side, o.middle, 0.25)
            sky = temperature(rng, 0.05) * rng.uniform(0.5, 2.0) * o.width * (o.high - o.low)
            lamps.append((np.array([x, y, (o.low + o.high) / 2]), sky))
    elif rng.random() < 0.5:
        across = size * np.array([rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9), 0.0])
        spot = across + np.array([0, 0, rng.uniform(0.8, 1.6)])
        lamps.append((spot, temperature(rng, 0.7) * rng.uniform(0.2, 1.0)))
    level = float(np.exp(rng.normal(-1.0, 0.5))) * (1.3 if day else 1.0)
    tint = temperature(rng, 0.25 if day else 0.45)
    bounce = np.array([1.0, 0.95, 0.88])
    lighting = Lighting(
        sun_direction,
        sun,
        tuple(lamps[:4]),
        level * tint,
        level * tint * bounce * float(rng.uniform(0.5, 0.9)),
        (np.zeros(3), size),
    )
    return lighting, fixtures
