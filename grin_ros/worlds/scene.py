# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The types that every world shares: a scene, the placement of a camera in it, and the world itself."""

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
    """Everything that is needed to render a scene and to place cameras in it. Positions are in metres, z points up.

    Attributes:
        meshes: All meshes except mirrors. The last ``shadowless`` of them cast no shadow.
        shadowless: The number of meshes that cast no shadow.
        textures: The textures that the meshes refer to, each (256, 256, 3) uint8 RGB.
        lighting: The light sources.
        solids: Lower and upper corners of boxes that a camera must stay out of, (n, 2, 3).
        targets: Points that cameras may look at, (m, 3).
        bounds: Lower and upper corner of the space where cameras may be, each (3,).
        mirrors: Flat meshes of mirror glass that face the room.
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
        """Return True if a camera at ``position`` (3,) is inside a solid box or within the margin of one."""
        low, high = self.solids[:, 0] - margin_m, self.solids[:, 1] + margin_m
        return bool(np.all((position > low) & (position < high), axis=1).any())


@dataclass(frozen=True)
class Placement:
    """The pose of a camera in a scene.

    ``position`` (3,) is in the world frame, ``height_m`` is measured from the ground below the camera. A positive pitch
    looks down, a positive roll lowers the right side. Height, roll and pitch are those of ``Mounting``.
    """

    position: NDArray[np.float64]
    yaw_rad: float
    pitch_rad: float
    roll_rad: float
    height_m: float


@dataclass(frozen=True)
class World:
    """A kind of scene.

    Attributes:
        name: The name in the command line and in data sets.
        share: The share of rendered scenes, relative to the other worlds.
        build: Makes the scene of a seed. The same seed and assets give the same scene.
        place: Draws a random camera placement, or None if the drawn place is inside something solid.
        keep: The probability in [0, 1] of keeping a view. Its arguments are the ranges (h, w) in metres (inf where
            nothing is hit, nan outside the lens) and the camera.
        narrowest_deg: The least horizontal field of view of its lenses, computed as for a centred pinhole.
        closest_m: Nothing in the middle of a view is nearer.
        flattest_ln: The least standard deviation of ln range in a view.
    """

    name: str
    share: float
    build: Callable[[int, Assets], Scene]
    place: Callable[[Generator, Scene], Placement | None]
    keep: Callable[[NDArray[np.float32], Camera], float]
    narrowest_deg: float = 0.0
    closest_m: float = 0.25
    flattest_ln: float = 0.08
