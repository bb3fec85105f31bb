# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Patterns of sensors: masks of the pixels that a lidar, a depth camera or a feature map would have measured.

They make dense ranges as sparse as those of real recordings. Ranges are (h, w) metres along the ray, inf beyond range
and NaN where nothing is measured. Masks are (h, w) bool and never include a NaN. Only `uniform` includes pixels beyond
range: a render knows where the sky is, while a sensor gets no return from there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera

Ranges = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

FEWEST = 64  # a pattern with fewer pixels is filled up with other measured pixels
# Common spinning lidars: number of beams, lowest and highest elevation in degrees.
LIDARS = ((16, -15.0, 15.0), (32, -25.0, 15.0), (32, -30.7, 10.7), (64, -24.8, 2.0), (64, -22.5, 22.5))
LIDAR_FAR_M = 100.0


def uniform(camera: Camera, range_m: Ranges, rng: Generator) -> Mask:
    """Return random pixels, from one in a hundred to all (log-uniform)."""
    del camera
    share = math.exp(rng.uniform(math.log(0.01), 0))
    return (rng.random(range_m.shape, np.float32) < share) & ~np.isnan(range_m)


def lidar(camera: Camera, range_m: Ranges, rng: Generator) -> Mask:
    """Return the pixels that the beams of a spinning lidar beside the camera hit.

    The lidar is upright if the mounting is known, and otherwise level with the camera, with a random tilt of some
    degrees. Some returns are lost.
    """
    beams, low, high = LIDARS[int(rng.integers(len(LIDARS)))]
    border = camera.unproject(_border(camera))
    border = border[np.isfinite(border).all(axis=-1)]
    azimuth = np.arctan2(border[:, 0], border[:, 2])
    first, last = (float(azimuth.min()), float(azimuth.max())) if len(border) > 8 else (-math.pi / 2, math.pi / 2)
    turn = np.linspace(first - 0.05, last + 0.05, int(np.clip((last - first) / math.radians(0.4), 32, camera.width)))
    elevation = np.radians(np.linspace(low, high, beams))[:, None]
    level = np.stack(
        np.broadcast_arrays(np.sin(turn) * np.cos(elevation), -np.sin(elevation), np.cos(turn) * np.cos(elevation)), -1
    ).reshape(-1, 3)
    pitch, roll = rng.normal(0, math.radians(4)), rng.normal(0, math.radians(2))
    if camera.mounting is not None:
        pitch, roll = pitch + camera.mounting.pitch_rad, roll + camera.mounting.roll_rad
    optical = _rotation(pitch, roll)
    mask = np.zeros(range_m.shape, np.bool_)
    rays = level @ optical.T
    if len(border) > 8:  # projection through the lens is slow: drop what is outside anyway
        rays = rays[rays[:, 2] > max(0.95 * float(border[:, 2].min()) - 0.05, -1.0)]
    pixels = camera.project(rays)
    with np.errstate(invalid="ignore"):
        inside = (np.abs(pixels - (camera.width / 2 - 0.5, camera.height / 2 - 0.5)) * 2 < range_m.shape[::-1]).all(-1)
    u, v = np.rint(pixels[inside]).astype(np.intp).T
    kept = rng.random(len(u), np.float32) > rng.uniform(0, 0.2)
    mask[v[kept], u[kept]] = True
    return mask & (range_m < LIDAR_FAR_M)


def points(camera: Camera, range_m: Ranges, rng: Generator) -> Mask:
    """Return some hundred pixels in clusters, as a map of visual features has them."""
    del camera
    h, w = range_m.shape
    count, clusters = int(math.exp(rng.uniform(math.log(100), math.log(1500)))), int(rng.integers(4, 40))
    centres = rng.random((clusters, 2))[rng.integers(0, clusters, count)]
    at = np.where(rng.random((count, 1)) < 0.3, rng.random((count, 2)), centres + rng.normal(0, 0.06, (count, 2)))
    v, u = (np.clip(at, 0, 1 - 1e-9) * (h, w)).astype(np.intp).T
    mask = np.zeros((h, w), np.bool_)
    mask[v, u] = True
    return mask & np.isfinite(range_m)


def depth_camera(camera: Camera, range_m: Ranges, rng: Generator) -> Mask:
    """Return the pixels that a stereo depth camera measures.

    It has a nearest and a farthest range, and no depth at edges, in the shadow on one side of them and on dark or
    glossy patches; sometimes also none in the strip at one side that only one of its two cameras sees.
    """
    del camera
    h, w = range_m.shape
    near_m, far_m = rng.uniform(0.2, 0.5), rng.uniform(3.5, 6.0)
    ranges = range_m.astype(np.float32)
    mask = (ranges > near_m) & (ranges < far_m)
    inverse = 1 / ranges  # zero beyond range
    edge, shadow = np.zeros((2, h, w), np.uint8)
    with np.errstate(invalid="ignore"):
        across, down = np.diff(inverse, axis=1), np.diff(inverse, axis=0)
        edge[:, 1:] = np.abs(across) > 0.03 * inverse[:, 1:]
        edge[1:] |= np.abs(down) > 0.03 * inverse[1:]
        to_the_left = rng.random() < 0.5  # the side of things that the second camera does not see
        shadow[:, :-1] = across > 0.03 * inverse[:, 1:] if to_the_left else 0
        shadow[:, 1:] |= across < -0.03 * inverse[:, :-1] if not to_the_left else 0
    width = int(rng.integers(2, 9))
    mask &= cv2.dilate(edge, np.ones((2, 2), np.uint8), anchor=(0, 0)) == 0
    mask &= cv2.dilate(shadow, np.ones((1, width), np.uint8), anchor=(0 if to_the_left else width - 1, 0)) == 0
    patches = cv2.resize(rng.random((9, 12), np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
    mask &= patches < rng.uniform(0.75, 1.2)
    if rng.random() < 0.3:
        mask[:, : round(w * rng.uniform(0.02, 0.12))] = False
    return np.asarray(mask)


# Name -> share of the samples for which no kind is given, and the pattern.
PATTERNS: dict[str, tuple[float, Callable[[Camera, Ranges, Generator], Mask]]] = {
    "uniform": (0.5, uniform),
    "lidar": (0.2, lidar),
    "points": (0.1, points),
    "depth_camera": (0.2, depth_camera),
}


def supervised(camera: Camera, range_m: Ranges, rng: Generator, kind: str | None = None) -> Mask:
    """Return the mask (h, w) of the pixels that a sensor of this kind measures; None: of a random kind.

    It has at least FEWEST pixels if that many have a finite range. Raises ValueError for an unknown kind and for ranges
    of another size than the camera's.
    """
    if range_m.shape != (camera.height, camera.width):
        raise ValueError(
            f"range_m: got shape {range_m.shape}, expected {(camera.height, camera.width)}, the size of the camera"
        )
    if kind is None:
        kind = str(rng.choice(list(PATTERNS), p=[share for share, _ in PATTERNS.values()]))
    if kind not in PATTERNS:
        raise ValueError(f"pattern: got {kind!r}, expected one of {', '.join(PATTERNS)}")
    mask = PATTERNS[kind][1](camera, range_m, rng)
    missing = FEWEST - int(np.count_nonzero(mask))
    if missing > 0:
        others = np.flatnonzero(np.isfinite(range_m) & ~mask)
        mask.flat[rng.choice(others, min(missing, len(others)), replace=False)] = True
    return mask


def _border(camera: Camera) -> NDArray[np.float64]:
    """Return pixels (16, 2) along the border of the image."""
    u, v = np.linspace(0, camera.width - 1, 5), np.linspace(0, camera.height - 1, 5)
    around = [(x, y) for x in u for y in (v[0], v[-1])] + [(x, y) for y in v[1:-1] for x in (u[0], u[-1])]
    return np.array(around)


def _rotation(pitch_rad: float, roll_rad: float) -> NDArray[np.float64]:
    """Return the rotation (3, 3) from a level optical frame to one that looks down by pitch and is rolled."""
    cp, sp, cr, sr = math.cos(pitch_rad), math.sin(pitch_rad), math.cos(roll_rad), math.sin(roll_rad)
    pitched = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    rotation: NDArray[np.float64] = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]]) @ pitched
    return rotation
