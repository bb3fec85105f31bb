# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A room as a camera of known mounting sees it: the range of the floor and of a wall, and hints on one row of it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.rays import pixel_grid
from grin_ros.core.hints.answer import Answer
from grin_ros.core.types import Frame, Hints

CAMERA = Camera(160, 120, 110.0, 110.0, 79.5, 59.5, mounting=Mounting(0.5, pitch_rad=math.radians(10.0)))
ROWS, COLS = 24, 32
PIXELS = pixel_grid(160, 120, cols=COLS, rows=ROWS)
RAYS = CAMERA.unproject(PIXELS)
assert CAMERA.mounting is not None
DOWN = -(RAYS @ CAMERA.mounting.up_optical())
FLOOR_M = np.where(DOWN > 1e-3, 0.5 / np.maximum(DOWN, 1e-3), 1e3)


def frame(camera: Camera = CAMERA) -> Frame:
    return Frame(np.zeros((120, 160, 3), np.uint8), camera)


def answer(range_m: NDArray[np.floating]) -> Answer:
    return Answer(PIXELS, RAYS, np.log(range_m).astype(np.float32), ROWS, COLS)


def room(wall_m: float = 4.0) -> NDArray[np.float64]:
    """Return the range of the floor up to a wall that comes nearer to the right."""
    return np.minimum(FLOOR_M, wall_m * (1.0 - 0.2 * PIXELS[:, 0] / CAMERA.width))


def hints(range_m: NDArray[np.floating], source: str = "scan") -> Hints:
    """Return the hints of this range map on one row of the grid."""
    row = slice(8 * COLS, 9 * COLS)
    return Hints.measured(PIXELS[row], range_m[row], 0.01, source)
