# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The offset of one metre of depth at each pixel of a camera. It is computed once and kept until the camera changes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.kept_maps import KeptMaps


class MountingUnknownError(ValueError):
    """Heights are needed, but the mounting of the camera is not known."""


@dataclass(frozen=True)
class LevelView:
    """The pixels of a camera in its level frame: x ahead, y left, z up, origin at the camera's centre.

    Each is (H, W) float32. climb: metres up per metre of depth along the camera's z. reach: level metres away per metre
    of depth. bearing_rad: direction in the level plane, 0 ahead, positive to the left. All are NaN where a pixel has no
    depth along z.
    """

    climb: NDArray[np.float32]
    reach: NDArray[np.float32]
    bearing_rad: NDArray[np.float32]


def range_per_depth(camera: Camera) -> NDArray[np.float32]:
    """Return metres along the ray per metre of depth (H, W); NaN where there is no ray or it looks backwards."""
    return _range_per_depth(replace(camera, mounting=None))


@KeptMaps
def level_view(camera: Camera) -> LevelView:
    """Return the pixels of a camera in its level frame. Raises MountingUnknownError if the mounting is not known."""
    if camera.mounting is None:
        raise MountingUnknownError(
            "the camera's mounting is not known, so nothing has a height; set mounting.known, mounting.height_m, "
            "mounting.roll_deg and mounting.pitch_deg, or mounting.base_frame where tf2 knows it"
        )
    ahead, left, up = np.moveaxis(camera.rays() @ camera.mounting.rotation().T.astype(np.float32), -1, 0)
    scale = range_per_depth(camera)
    bearing_rad = np.where(np.isnan(scale), np.float32(np.nan), np.arctan2(left, ahead))
    return LevelView(_kept(up * scale), _kept(np.hypot(ahead, left) * scale), _kept(bearing_rad))


@KeptMaps
def _range_per_depth(camera: Camera) -> NDArray[np.float32]:
    z = camera.rays()[..., 2]
    with np.errstate(invalid="ignore", divide="ignore"):
        return _kept(np.where(z > 0.0, 1.0 / z, np.nan))


def _kept(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the values contiguous and read-only, because all callers share them."""
    kept = np.ascontiguousarray(values, np.float32)
    kept.flags.writeable = False
    return kept
