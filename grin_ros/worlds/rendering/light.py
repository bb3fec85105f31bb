# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What lights a scene: lamps and the sun, ambient light, and outdoors the sky."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sky:
    """What is seen where nothing is hit, and the air in between; colours are linear RGB.

    glow: of the air about the sun. clouds: texture layer of their cover (-1: none), cover in [0, 1]. haze: what distant
    things fade into, by 1 - exp(-haze_per_m * range).
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
    """Intensities are linear RGB.

    sun_direction: unit, from the sun into the room. lamps: (position, intensity), at most four; the first casts shadows
    downwards in a room. ambient_up lights what faces up, ambient_down what faces down, where nothing else is around.
    room: lower and upper corner of the room, for the darkening of corners; outdoors of where shadows matter. sky: of an
    outdoor scene, None in a room. around: map of the radiance from all sides (see environment.py), in their place.
    """

    sun_direction: NDArray[np.float64]
    sun: NDArray[np.float64]
    lamps: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]
    ambient_up: NDArray[np.float64]
    ambient_down: NDArray[np.float64]
    room: tuple[NDArray[np.float64], NDArray[np.float64]]
    sky: Sky | None = None
    around: NDArray[np.float32] | None = None
