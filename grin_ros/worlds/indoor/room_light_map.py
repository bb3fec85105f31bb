# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The radiance map of a room: its windows, lamps, walls and floor as seen from its middle.

In some rooms it is mixed with a radiance map of the assets.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.worlds.indoor.shell import Shell
from grin_ros.worlds.rendering.environment import (
    HEIGHT,
    LUMINANCE,
    WIDTH,
    Map,
    directions,
    mean_radiance,
    scaled,
    turned,
)
from grin_ros.worlds.rendering.light import Lighting

MAPS_SHARE = 0.5  # the share of rooms with a map of the assets
MIXED = 0.3, 0.8  # the lowest and highest share of light from that map
_FINER = 4  # the number of rays per pixel of the map, in x and in y
_PALED = 0.5  # the share of the saturation of surfaces that is kept, because light is reflected more than once
_MAP_COLOURS = 0.4  # the share of the mean colour of a map of the assets that is kept


def light_map(
    rng: Generator, shell: Shell, lighting: Lighting, albedos: Sequence[NDArray[np.float64]], maps: Sequence[Map]
) -> Map:
    """Return the radiance map of a room.

    Its mean luminance equals that of the ambient light of ``lighting``; only direction and colour are different.
    ``albedos`` are the mean linear albedos of the floor, the ceiling and the four walls, ``maps`` those of the assets.
    """
    level = float((lighting.ambient_up + lighting.ambient_down) @ LUMINANCE) / 2
    window, lamp = np.exp(rng.uniform(-0.2, 1.8)) * np.array([0.95, 1.0, 1.08]), float(rng.uniform(1.5, 4.0))
    own = scaled(room_map(shell, lighting, albedos, window, lamp), level)
    mixes, number, angle, share = rng.random(), rng.random(), rng.uniform(0, 2 * np.pi), rng.uniform(*MIXED)
    if not maps or mixes >= MAPS_SHARE:
        return own
    other = turned(maps[int(number * len(maps))], float(angle))
    cast, wanted = mean_radiance(other), mean_radiance(own)
    gain = (wanted / level) * np.maximum(cast, 0.05) ** (_MAP_COLOURS - 1)
    other = scaled(np.asarray(other * gain, np.float32), level)
    return scaled(np.asarray(own + np.float32(share) * (other - own), np.float32), level)


def room_map(
    shell: Shell,
    lighting: Lighting,
    albedos: Sequence[NDArray[np.float64]],
    window: NDArray[np.float64],
    lamp: float,
) -> Map:
    """Return the radiance map of an empty room, seen from its middle.

    It contains the surfaces in the light of the lamps, the windows with the radiance ``window`` (3,), and the ceiling
    lamps with the radiance ``lamp``.
    """
    low, high = lighting.room
    middle, rays = (low + high) / 2, directions(HEIGHT * _FINER, WIDTH * _FINER).reshape(-1, 3)
    with np.errstate(divide="ignore"):
        reach = np.maximum((low - middle) / rays, (high - middle) / rays)
    axis = reach.argmin(axis=1)
    points = middle + reach.min(axis=1)[:, None] * rays
    over = np.take_along_axis(rays, axis[:, None], axis=1)[:, 0] > 0
    # The faces are the floor, the ceiling, and the sides in the order of the shell.
    face = np.where(axis == 2, np.where(over, 1, 0), np.where(axis == 1, np.where(over, 2, 4), np.where(over, 5, 3)))
    inwards = np.array([[0, 0, 1], [0, 0, -1], [0, -1, 0], [1, 0, 0], [0, 1, 0], [-1, 0, 0]], np.float64)[face]
    light = np.tile((lighting.ambient_up + lighting.ambient_down) / 2, (len(rays), 1))
    for position, power in lighting.lamps:
        to_lamp = position - points
        squared = np.einsum("ij,ij->i", to_lamp, to_lamp)
        cosine = np.einsum("ij,ij->i", to_lamp, inwards) / np.sqrt(np.maximum(squared, 1e-6))
        light += np.maximum(0.12 + 0.88 * cosine, 0.0)[:, None] / (squared + 0.4)[:, None] * power  # as in the shader
    grey = np.asarray(albedos) @ LUMINANCE
    paled = grey[:, None] + _PALED * (np.asarray(albedos) - grey[:, None])
    radiance = light * paled[face]
    for side in range(4):
        along = (points[:, 0], points[:, 1], shell.width - points[:, 0], shell.depth - points[:, 1])[side]
        for o in shell.openings:
            if o.kind == "window" and o.side == side:
                pane = (face == 2 + side) & (along > o.a) & (along < o.b)
                radiance[pane & (points[:, 2] > o.low) & (points[:, 2] < o.high)] = window
    for position, power in lighting.lamps:
        if position[2] > shell.height - 1.0:
            near = (face == 1) & (np.hypot(*(points - position)[:, :2].T) < 0.3)
            radiance[near] = lamp * power / max(float(power @ LUMINANCE), 1e-6)
    fine = radiance.reshape(HEIGHT, _FINER, WIDTH, _FINER, 3)
    return np.asarray(fine.mean(axis=(1, 3)), np.float32)
