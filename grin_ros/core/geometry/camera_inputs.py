# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The inputs of the network that depend on the camera only. Training and the robot use the same functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.rays import pixel_grid


@dataclass(frozen=True)
class CameraInputs:
    """The inputs of the graphs that depend on the camera only.

    pixels: (N, 2), the queried pixels of the image, row by row; no graph reads it. queries: (1, N, 2), their positions
    in [-1, 1] over the image. query_rays: (1, N, 3) and scene_rays: (1, G, 3), unit rays in the optical frame.
    mounting: (1, 5), see `mounting_vector`. ray_z: (1, H, W), the z component of the unit ray, which turns range into
    depth; NaN where the camera sees nothing.
    """

    pixels: NDArray[np.float64]
    queries: NDArray[np.float32]
    query_rays: NDArray[np.float32]
    scene_rays: NDArray[np.float32]
    mounting: NDArray[np.float32]
    ray_z: NDArray[np.float32]

    def encode(self, image: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """Return the inputs of the graph 'encode' for an image (1, H, W, 3) of the camera."""
        return {
            "image": image,
            "queries": self.queries,
            "query_rays": self.query_rays,
            "scene_rays": self.scene_rays,
            "mounting": self.mounting,
        }


def camera_inputs(camera: Camera, grid: tuple[int, int], scene: tuple[int, int]) -> CameraInputs:
    """Return the inputs for a camera.

    grid, scene: (rows, cols) of queried pixels and of scene tokens over the image.
    """
    pixels = pixel_grid(camera.width, camera.height, cols=grid[1], rows=grid[0])
    scene_pixels = pixel_grid(camera.width, camera.height, cols=scene[1], rows=scene[0])
    return CameraInputs(
        pixels=pixels,
        queries=normalised(pixels, camera)[None],
        query_rays=rays_at(camera, pixels)[None],
        scene_rays=rays_at(camera, scene_pixels)[None],
        mounting=mounting_vector(camera)[None],
        ray_z=np.ascontiguousarray(camera.rays()[None, ..., 2]),
    )


def normalised(pixels: NDArray[np.float64], camera: Camera) -> NDArray[np.float32]:
    """Return pixels (..., 2) as positions in [-1, 1]. The outer edges of the image are -1 and 1.

    This is the convention of grid_sample with align_corners=False.
    """
    size = np.array([camera.width, camera.height], np.float64)
    return ((pixels + 0.5) / size * 2.0 - 1.0).astype(np.float32)


def mounting_vector(camera: Camera) -> NDArray[np.float32]:
    """Return (5,): up direction in the optical frame, height_m, 1.0; or zeros if the mounting is unknown."""
    if camera.mounting is None:
        return np.zeros(5, np.float32)
    return np.array([*camera.mounting.up_optical(), camera.mounting.height_m, 1.0], np.float32)


def rays_at(camera: Camera, pixels: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the unit rays (N, 3) at `pixels` (N, 2).

    A pixel outside the domain of the lens model has no ray. The network then gets a null vector, and ray_z makes its
    depth NaN.
    """
    return np.nan_to_num(camera.unproject(pixels), nan=0.0).astype(np.float32)
