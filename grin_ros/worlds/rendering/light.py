# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The light sources of a scene: lamps, the sun, ambient light, and the sky of outdoor scenes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sky:
    """The sky, which is seen where no surface is hit, and the haze in the air. Colours are linear RGB, (3,).

    Attributes:
        zenith: The colour straight up.
        horizon: The colour at the horizon.
        glow: The colour of the air near the sun.
        cloud: The colour of clouds.
        clouds: The texture layer of the clouds, -1 for none.
        cover: The share of the sky that clouds cover, in [0, 1].
        haze: The colour that distant things fade to.
        haze_per_m: Things fade by 1 - exp(-haze_per_m * range).
    """

    zenith: NDArray[np.float64]
    horizon: NDArray[np.float64]
    glow: NDArray[np.float64]
    cloud: NDArray[np.float64]
    clouds: int
    cover: float
    haze: NDArray[np.float64]
    haze_per_m: float


@dataclass(frozen=True)
class Lighting:
    """The light sources of a scene. Intensities are linear RGB, (3,).

    Attributes:
        sun_direction: The unit vector from the sun into the scene.
        sun: The intensity of the sun.
        lamps: Positions and intensities of at most four lamps. In a room, the first one casts shadows downwards.
        ambient_up: The ambient light on surfaces that face up, if ``around`` is None.
        ambient_down: The ambient light on surfaces that face down, if ``around`` is None.
        room: The lower and upper corner of the room, whose corners are darkened; outdoors, of the space that the
            shadow maps must cover.
        sky: The sky of an outdoor scene, None in a room.
        around: The radiance map of the light from all directions (see environment.py), or None.
    """

    sun_direction: NDArray[np.float64]
    sun: NDArray[np.float64]
    lamps: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]
    ambient_up: NDArray[np.float64]
    ambient_down: NDArray[np.float64]
    room: tuple[NDArray[np.float64], NDArray[np.float64]]
    sky: Sky | None = None
    around: NDArray[np.float32] | None = None
