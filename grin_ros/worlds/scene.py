# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What every world gives: a scene to draw, places for cameras in it, and which views are worth keeping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.rendering.light import Lighting
from grin_ros.worlds.shapes.mesh import Mesh
from grin_ros.worlds.surfaces.textures import Image


@dataclass(frozen=True)
class Scene:
    """What the renderer draws, and what a camera must know.

    meshes: the last ``shadowless`` of them cast no shadow. textures: each (256, 256, 3) uint8. solids (n, 2, 3): lower
    and upper corners of boxes that a camera must stay out of. targets (m, 3): points of interest to look at. bounds:
    lower and upper corner of where cameras may be. mirrors: flat sheets of glass, facing the room. Metres, z up.
    """

    meshes: list[Mesh]
    shadowless: int
    textures: list[Image]
    lighting: Lighting
    solids: NDArray[np.float64]
    targets: NDArray[np.float64]
    bounds: tuple[NDArray[np.float64], NDArray[np.float64]]
    mirrors: tuple[Mesh, ...] = field(default=(), kw_only=True)

    def blocks(self, position: NDArray[np.float64], margin_m: float = 0.05) -> bool:
        """Whether a camera at position (3,) would be inside something solid, or nearer to it than the margin."""
        low, high = self.solids[:, 0] - margin_m, self.solids[:, 1] + margin_m
        return bool(np.all((position > low) & (position < high), axis=1).any())


@dataclass(frozen=True)
class Placement:
    """Where a camera is and looks. position (3,) in the world; pitch > 0 looks down, roll > 0 lowers the right side;
    height_m above the ground below it (height, roll and pitch as in geometry's Mounting)."""

    position: NDArray[np.float64]
    yaw_rad: float
    pitch_rad: float
    roll_rad: float
    height_m: float


@dataclass(frozen=True)
class World:
    """A kind of scene.

    share: of all scenes rendered, relative to the other worlds. build: the scene of a seed; the same seed and assets
    give the same scene. place: a random camera in it, None when the drawn place is inside something solid. keep: chance
    in [0, 1] to keep a view by its ranges (h, w) in metres (inf: nothing hit) and its camera; 0 refuses it.
    narrowest_deg: horizontal field of view, as of a pinhole, that its lenses have at least.
    """

    name: str
    share: float
    build: Callable[[int, Assets], Scene]
    place: Callable[[Generator, Scene], Placement | None]
    keep: Callable[[NDArray[np.float32], Camera], float]
    narrowest_deg: float = 0.0
