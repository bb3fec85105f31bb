# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints to learn from: what sensors of many kinds would measure of a frame, with their errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.types import Hints
from grin_ros.lab.datasets.hint_patterns import KINDS, SIGMA_LN, Drawn, Scene

Draw = Callable[[Scene], Drawn]


def _level(scene: Scene) -> Drawn:
    """A 2D lidar: one row at any height, tilted by a few degrees, with some of its returns missing."""
    height, width = scene.measured.shape
    rays = int(scene.rng.integers(30, 161))
    u = np.linspace(0, width - 1, rays).round().astype(np.intp)
    tilt = scene.rng.normal(0.0, 0.03) if scene.rng.random() < 0.5 else 0.0
    middle = height * float(np.clip(scene.rng.normal(0.5, 0.12), 0.1, 0.9))
    v = np.clip(middle + tilt * (u - width / 2), 0, height - 1).round().astype(np.intp)
    kept = scene.rng.random(rays) >= scene.rng.uniform(0.0, 0.3)
    return scene.at(np.stack([u, v], 1)[kept])


def _depth_camera(scene: Scene) -> Drawn:
    """A depth camera with holes: a regular grid of pixels without far ones and without some regions."""
    height, width = scene.measured.shape
    step = int(scene.rng.integers(12, 33))
    v, u = np.mgrid[step // 2 : height : step, step // 2 : width : step]
    pixels = np.stack([u.ravel(), v.ravel()], 1).astype(np.intp)
    coarse = scene.rng.normal(size=(6, 8)).astype(np.float32)
    holes = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    pixels = pixels[holes[pixels[:, 1], pixels[:, 0]] < scene.rng.uniform(0.0, 1.5)]
    pixels, range_m = scene.at(pixels)
    near = range_m < scene.rng.uniform(2.0, 8.0)
    return pixels[near], range_m[near]


def _earlier(scene: Scene) -> Drawn:
    """Points of an earlier frame: corners of one side of the image, because the camera has turned since."""
    pixels, range_m = KINDS["corners"](scene)
    width = scene.measured.shape[1]
    side = pixels[:, 0] < scene.rng.uniform(0.3, 0.9) * width
    side = side if scene.rng.random() < 0.5 else ~side
    return pixels[side], range_m[side]


PATTERNS: Mapping[str, tuple[float, tuple[int, int], Draw]] = {
    "single": (0.06, (1, 3), KINDS["uniform"]),
    "uniform": (0.30, (4, 160), KINDS["uniform"]),
    "corners": (0.14, (8, 160), KINDS["corners"]),
    "line": (0.18, (0, 0), _level),
    "beams": (0.08, (4, 64), KINDS["beams"]),
    "zones": (0.10, (4, 8), KINDS["zones"]),
    "depth_camera": (0.08, (0, 0), _depth_camera),
    "earlier": (0.06, (16, 160), _earlier),
}
"""Name -> share of the samples, smallest and largest count (log-uniform), and how its pixels are drawn."""


def draw(
    grey: NDArray[np.uint8],
    range_m: NDArray[np.float32],
    measured: NDArray[np.bool_],
    most: int,
    rng: np.random.Generator,
) -> tuple[str, Hints | None]:
    """Return the name of a pattern and its hints with errors, at most `most`; None if nothing was measured there.

    grey: (H, W) the image that corners are found in. range_m: (H, W) metres along the ray. measured: (H, W).
    """
    names = list(PATTERNS)
    name = names[int(rng.choice(len(names), p=[PATTERNS[name][0] for name in names]))]
    _, (least, largest), pixels_of = PATTERNS[name]
    count = round(float(np.exp(rng.uniform(np.log(max(least, 1)), np.log(max(largest, 1))))))
    image = np.repeat(grey[..., None], 3, axis=2)
    pixels, ranges = pixels_of(Scene(image, range_m, measured, count, rng))
    if len(pixels) > most:
        kept = rng.choice(len(pixels), most, replace=False)
        pixels, ranges = pixels[kept], ranges[kept]
    if not len(pixels):
        return name, None
    return name, _with_errors(pixels.astype(np.float32), ranges.astype(np.float32), range_m, measured, rng, name)


def _with_errors(
    pixels: NDArray[np.float32], ranges: NDArray[np.float32], range_m: NDArray[np.float32],
    measured: NDArray[np.bool_], rng: np.random.Generator, name: str,
) -> Hints:  # fmt: skip
    """Return the hints with the noise of a sensor, and sometimes with outliers, jitter, bleed and a wrong scale."""
    count = len(ranges)
    if rng.random() < 0.15:  # bleed: a sensor beside the camera sees past an edge, some pixels away
        width = range_m.shape[1]
        moved = rng.random(count) < rng.uniform(0.0, 0.3)
        u = np.clip(pixels[:, 0] + rng.integers(2, 7), 0, width - 1).astype(np.intp)
        v = pixels[:, 1].astype(np.intp)
        ranges = np.where(moved & measured[v, u], range_m[v, u], ranges).astype(np.float32)
    noise = float(np.exp(rng.uniform(np.log(0.002), np.log(0.05)))) if rng.random() < 0.6 else 0.0
    ranges = ranges * np.exp(rng.normal(0.0, noise, count))
    if rng.random() < 0.25:  # a common factor, as a slip of visual odometry gives
        ranges = ranges * np.exp(rng.normal(0.0, 0.02))
    if rng.random() < 0.4:
        known = range_m[measured]
        low, high = np.log(0.5 * known.min()), np.log(2.0 * known.max())
        wrong = rng.random(count) < rng.uniform(0.0, 0.05)
        ranges = np.where(wrong, np.exp(rng.uniform(low, high, count)), ranges)
    if rng.random() < 0.3:
        pixels = pixels + rng.normal(0.0, rng.uniform(0.0, 1.5), pixels.shape).astype(np.float32)
    return Hints.measured(pixels, ranges, float(np.hypot(SIGMA_LN, noise)), name)
