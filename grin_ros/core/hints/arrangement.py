# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How hints lie: at corners, in one level plane as those of a 2D lidar do, or spread over the image.

Hints of one plane tell nothing of what is above and below it, so errors are expected to reach farther along the height
of the image than along its width. A lidar at the height of the camera hits one row of the image. One that is mounted
lower or higher hits a curve, whose rows depend on the ranges, so rows alone do not show that its hints lie level.
"""

from __future__ import annotations

import numpy as np

from grin_ros.core.evenly import evenly
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.hints.median import median
from grin_ros.core.hints.sources import MAPPED, TRACKED
from grin_ros.core.types import Hints

CORNERS, LEVEL, SPREAD = "corners", "level", "spread"
"""How hints lie: at least half of them at corners, most of them in one level plane, or otherwise."""
FEWEST_LEVEL = 8
"""Fewer hints do not count as level, because chance may put them in one row or plane."""
ROW_SHARE = 0.05
"""Hints whose rows have a standard deviation of less than this share of the image's height lie in one row."""
JUMP = 0.5
"""The rows of a plane that is seen from its side follow a curve: from each hint to the next one to its right, the row
changes by less than this share of their standard deviation, on median. Hints that fill an area change by about one
standard deviation, even if they all lie on one wall or on the floor."""
APART_RAD, SHARE = 0.01, 0.8
"""Seen from the camera, at least this share of the hints is at most so far from the plane, and as much farther as one
sigma of their ranges moves them."""
COMPARED, TRIES = 80, 40
"""So many hints at most are compared with so many planes, each of which goes through three of the hints."""
UPRIGHT = 0.7
"""The plane's normal has at least this component along the image's height: about 45 degrees."""


def arrangement(measured: Hints, camera: Camera) -> str | None:
    """Return how hints that were measured lie: CORNERS, LEVEL or SPREAD; None if a few of them lie in one row.

    Hints of the floor are not measured. Where the sensors' own hints lie level, hints of motion beside them change
    nothing. Most of the hints must lie in the image.
    """
    motion = measured.of(TRACKED, MAPPED)
    sensors = measured.chosen(~motion) if motion.any() else measured
    if len(sensors) >= FEWEST_LEVEL and (_in_one_row(sensors, camera) or _in_one_plane(sensors, camera)):
        return LEVEL
    if motion.any() and 2 * motion.sum() >= len(motion):
        return CORNERS
    return None if _in_one_row(measured, camera) else SPREAD


def _in_one_row(hints: Hints, camera: Camera) -> bool:
    return float(np.std(hints.pixels[:, 1])) < ROW_SHARE * camera.height


def _in_one_plane(hints: Hints, camera: Camera) -> bool:
    """Return whether the points of the hints lie in one plane that the camera sees from its side."""
    some = evenly(len(hints), COMPARED)
    pixels, range_m, sigma_ln = hints.pixels[some], hints.range_m[some], hints.sigma_ln[some]
    u, v = pixels.T
    jumps = np.abs(np.diff(v[np.argsort(u)]))
    if median(jumps) > JUMP * np.std(v):
        return False
    rays = np.nan_to_num(camera.unproject(pixels))
    points = rays * range_m[:, None]
    first, second, third = points[np.random.default_rng(0).integers(len(points), size=(3, TRIES))]
    normals = np.cross(second - first, third - first)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    offset_rad = np.einsum("kx,kx->k", normals, first)[:, None] / range_m
    near = np.abs(normals @ rays.T - offset_rad) < APART_RAD + sigma_ln * np.abs(offset_rad)
    upright = np.abs(normals[:, 1]) > UPRIGHT
    return bool((near.mean(axis=1) >= SHARE)[upright].any())
