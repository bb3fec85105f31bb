# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Shards with known ranges, made without a renderer: a near square in front of a far wall."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.lab.datasets.shards import ShardWriter

WIDTH, HEIGHT = 160, 120


def steps_m(near_m: float = 2.0, far_m: float = 4.0) -> NDArray[np.float32]:
    """Return ranges (120, 160) in metres of a near square in the middle of a far wall."""
    depth_m = np.full((HEIGHT, WIDTH), far_m, np.float32)
    depth_m[30:90, 40:120] = near_m
    return depth_m


def camera(height_m: float | None = 0.5, focal_px: float = 160.0) -> Camera:
    mounting = Mounting(height_m, 0.0, 0.1) if height_m is not None else None
    return Camera(WIDTH, HEIGHT, focal_px, focal_px, 79.5, 59.5, mounting=mounting)


def write_shards(
    folder: Path,
    worlds: Sequence[str] = ("room", "street"),
    heights_m: Sequence[float] = (0.5, 1.4),
    depth_m: NDArray[np.float32] | None = None,
    focal_px: float = 160.0,
) -> Path:
    """Write two frames of each world, at heights_m in turn. The top rows are beyond range."""
    count = 2 * len(worlds)
    cameras = [camera(heights_m[i % len(heights_m)], focal_px) for i in range(count)]
    depth_m = steps_m() if depth_m is None else depth_m
    ranges = np.stack([depth_m / c.rays()[..., 2] for c in cameras])
    ranges[:, :10] = np.inf
    images = np.random.default_rng(0).integers(0, 256, (count, HEIGHT, WIDTH, 3), dtype=np.uint8)
    origin = np.array([[100 + i, 0, i // 2] for i in range(count)])
    ShardWriter(folder, WIDTH, HEIGHT, "CC0", worlds=worlds).write("s0", images, ranges, cameras, origin)
    return folder
