# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The sky and its light: clear, cloudy, overcast, or with a low sun."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grin_ros.worlds.outdoor.materials import clouds
from grin_ros.worlds.rendering.light import Lighting, Sky
from grin_ros.worlds.surfaces.palette import Palette

Floats = NDArray[np.float64]


def _sunlight(elevation_rad: float) -> Floats:
    """Return the colour of the sun through the air: white if it is high, orange if it is low."""
    air = 1.0 / max(np.sin(elevation_rad), 0.07)
    return np.asarray(np.exp(-np.array([0.03, 0.075, 0.16]) * air) * 1.2)


def light_outdoors(palette: Palette, room: tuple[Floats, Floats]) -> Lighting:
    """Return random outdoor light. ``room`` is the lower and upper corner of the space that shadows must cover."""
    rng = palette.rng
    kind = str(rng.choice(["clear", "cloudy", "overcast", "low"], p=[0.36, 0.3, 0.2, 0.14]))
    elevation = float(np.radians(rng.uniform(5, 18) if kind == "low" else rng.uniform(20, 68)))
    bearing = float(rng.uniform(0, 2 * np.pi))
    flat = np.cos(elevation)
    to_sun = np.array([flat * np.cos(bearing), flat * np.sin(bearing), np.sin(elevation)])
    colour = _sunlight(elevation)
    layer = palette.add(clouds(rng))
    if kind == "overcast":
        grey = rng.uniform(0.9, 1.6) * np.array([0.95, 0.98, 1.03])
        zenith, horizon = grey * rng.uniform(0.6, 0.95), grey
        sun, glow, cover = colour * rng.uniform(0.0, 0.35), np.full(3, 0.15), float(rng.uniform(0.7, 1.0))
        cloud, level = grey * 0.95, rng.uniform(0.8, 1.2)
    else:
        blue = np.array([0.16, 0.36, 0.85]) * rng.uniform([0.7, 0.85, 0.9], [1.5, 1.25, 1.1])
        zenith, horizon = blue * rng.uniform(0.5, 1.1), np.array([0.75, 0.9, 1.08]) * rng.uniform(0.7, 1.3)
        sun = colour * rng.uniform(1.8, 3.4)
        glow = colour * rng.uniform(0.4, 1.2)
        cover = {"clear": rng.uniform(0.0, 0.25), "cloudy": rng.uniform(0.3, 0.6), "low": rng.uniform(0.0, 0.6)}[kind]
        cloud, level = np.full(3, rng.uniform(1.0, 1.7)), rng.uniform(0.28, 0.6)
        if kind == "low":
            horizon = horizon * 0.6 + colour * rng.uniform(0.2, 0.6)
            cloud, zenith = 0.6 * cloud + 0.5 * colour, zenith * rng.uniform(0.4, 0.9)
            level *= 0.7
    sky_light = 0.6 * zenith + 0.4 * horizon
    ambient_up = level * (0.5 * sky_light + 0.5 * sky_light.mean())
    ground = np.array([0.24, 0.23, 0.2]) * rng.uniform(0.7, 1.5)
    ambient_down = ambient_up * rng.uniform(0.3, 0.5) + ground * sun * np.sin(elevation) * 0.7
    seen_m = float(np.exp(rng.uniform(np.log(150), np.log(4000))))  # the range at which contrast falls to a third
    haze = 0.75 * horizon + 0.25 * horizon.mean()
    sky = Sky(zenith, horizon, glow, cloud, layer, float(cover), haze, 1.0 / seen_m)
    return Lighting(-to_sun, sun, (), ambient_up, ambient_down, room, sky)
