# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Light from all directions: radiance maps, and the irradiance of surfaces that is computed from them.

A radiance map (h, w, 3) is equirectangular and linear RGB. Row 0 is straight up, the middle column is the world's +x,
and columns run to the right as seen from inside, so the angle about z decreases. Ambient light is irradiance divided by
pi, as nine coefficients of spherical harmonics (Ramamoorthi and Hanrahan, An Efficient Representation for Irradiance
Environment Maps, 2001).
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]

WIDTH, HEIGHT = 64, 32  # the size of the maps of scenes in pixels
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_BRIGHTEST = 25.0  # the largest luminance in a map, in units of its mean; the sun is a light source of its own
# For each basis function 1, y, z, x, xy, yz, 3z^2 - 1, xz, x^2 - y^2: its squared norm times the factor by which the
# cosine lobe attenuates it.
_KEPT = np.array([1 / 4, 1 / 2, 1 / 2, 1 / 2, 15 / 16, 15 / 16, 5 / 64, 15 / 16, 15 / 64]) / np.pi


def directions(height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.float64]:
    """Return the unit vectors of a map's pixels in the world frame, (h, w, 3)."""
    down, angle = np.pi * (np.arange(height) + 0.5) / height, np.pi - 2 * np.pi * (np.arange(width) + 0.5) / width
    level = np.sin(down)[:, None]
    rise = np.broadcast_to(np.cos(down)[:, None], (height, width))
    return np.stack([level * np.cos(angle), level * np.sin(angle), rise], axis=-1)


def solid_angles(height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.float64]:
    """Return the solid angles of a map's pixels in steradians, (h, w). Their sum is 4 pi."""
    edges = np.cos(np.pi * np.arange(height + 1) / height)
    return np.repeat((edges[:-1] - edges[1:])[:, None] * (2 * np.pi / width), width, axis=1)


def mean_radiance(radiance: Map) -> NDArray[np.float64]:
    """Return the mean radiance over the sphere, (3,). It equals the mean of the ambient light over all normals."""
    weight = solid_angles(*radiance.shape[:2]) / (4 * np.pi)
    mean: NDArray[np.float64] = np.einsum("hw,hwc->c", weight, radiance.astype(np.float64))
    return mean


def basis(normals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the basis functions (..., 9) of unit vectors (..., 3), in the order of the result of ``irradiance``."""
    x, y, z = normals[..., 0], normals[..., 1], normals[..., 2]
    return np.stack([np.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y], axis=-1)


def irradiance(radiance: Map) -> NDArray[np.float64]:
    """Return the coefficients (9, 3) of irradiance divided by pi.

    If a map has the same radiance everywhere, the result has that value for every normal.
    """
    height, width = radiance.shape[:2]
    weighted = basis(directions(height, width)) * solid_angles(height, width)[..., None]
    coefficients: NDArray[np.float64] = np.einsum("hwk,hwc->kc", weighted, radiance.astype(np.float64))
    return coefficients * _KEPT[:, None]


def two_toned(up: NDArray[np.float64], down: NDArray[np.float64]) -> Map:
    """Return a map whose ambient light is linear in the z of the normal, from ``down`` (3,) to ``up`` (3,)."""
    steep = 0.5 + 0.75 * directions()[..., 2:]  # the cosine lobe reduces a slope to two thirds
    return np.asarray(np.maximum(down + steep * (up - down), 0.0), np.float32)


def turned(radiance: Map, angle_rad: float) -> Map:
    """Return the map rotated about z, counter-clockwise as seen from above."""
    columns = -angle_rad / (2 * np.pi) * radiance.shape[1]
    whole = int(np.floor(columns))
    part = np.float32(columns - whole)
    first, second = (np.roll(radiance, whole + k, axis=1) for k in (0, 1))
    return np.asarray(first + part * (second - first), np.float32)


def scaled(radiance: Map, luminance: float) -> Map:
    """Return the map scaled to this mean luminance over the sphere. A black map becomes grey."""
    mean = float(mean_radiance(radiance) @ LUMINANCE)
    if mean <= 1e-9:
        return np.full_like(radiance, luminance)
    return np.asarray(radiance * np.float32(luminance / mean), np.float32)


def read_map(path: Path) -> Map | None:
    """Read an equirectangular picture as a map (32, 64, 3) of mean luminance 1. Return None if it cannot be decoded."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.dtype != np.float32:
        return None
    radiance = np.maximum(np.nan_to_num(picture[:, :, 2::-1], nan=0.0, posinf=6e4, neginf=0.0), 0.0)
    small = np.asarray(cv2.resize(radiance, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.float32)
    for _ in range(4):  # repeated, because clipping lowers the mean that the limit depends on
        small = np.minimum(scaled(small, 1.0), np.float32(_BRIGHTEST))
    return scaled(small, 1.0)
