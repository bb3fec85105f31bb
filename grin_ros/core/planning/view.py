# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where each pixel of a camera leads for one metre of depth, computed once until the camera changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera


class MountingUnknownError(ValueError):
    """Heights were asked for, and nobody knows how the camera stands."""


@dataclass(frozen=True)
class LevelView:
    """Pixels (H, W) float32 in the camera's level frame: x ahead, y left, z up, origin at the camera's centre.

    climb: metres up for each metre of depth along the camera's z. reach: level metres away for each metre of depth.
    bearing_rad: direction in the level plane, 0 ahead, positive to the left. NaN where a pixel has no depth along z.
    """

    climb: NDArray[np.float32]
    reach: NDArray[np.float32]
    bearing_rad: NDArray[np.float32]


def range_per_depth(camera: Camera) -> NDArray[np.float32]:
    """(H, W) metres along the ray for each metre of depth; NaN where the lens has no ray, or it looks backwards."""
    return _range_per_depth(replace(camera, mounting=None))


@lru_cache(maxsize=4)
def level_view(camera: Camera) -> LevelView:
    """Raises MountingUnknownError where the camera's mounting is not known."""
    if camera.mounting is None:
        raise MountingUnknownError(
            "the camera's mounting is not known, so nothing has a height; set mounting.known, mounting.height_m, "
            "mounting.roll_deg and mounting.pitch_deg, or mounting.base_frame where tf knows it"
        )
    ahead, left, up = np.moveaxis(camera.rays() @ camera.mounting.rotation().T.astype(np.float32), -1, 0)
    scale = range_per_depth(camera)
    bearing_rad = np.where(np.isnan(scale), np.float32(np.nan), np.arctan2(left, ahead))
    return LevelView(_kept(up * scale), _kept(np.hypot(ahead, left) * scale), _kept(bearing_rad))


@lru_cache(maxsize=4)
def _range_per_depth(camera: Camera) -> NDArray[np.float32]:
    z = camera.rays()[..., 2]
    with np.errstate(invalid="ignore", divide="ignore"):
        return _kept(np.where(z > 0.0, 1.0 / z, np.nan))


def _kept(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Contiguous and read-only: everyone who asks shares it."""
    kept = np.ascontiguousarray(values, np.float32)
    kept.flags.writeable = False
    return kept
