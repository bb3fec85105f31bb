# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Small training data: shards on disk, and a data set in memory whose pixels hold their own address."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.lab.datasets.shards import ShardDataset, ShardWriter, TrainingSample

WIDTH, HEIGHT = 80, 60


WORLDS = ("room", "street")


def write_shards(folder: Path, shards: int = 3, frames: int = 6, seed: int = 0, height_m: float = 1.2) -> Path:
    """Write shards of a wall at a random distance with a random pattern.

    Every other camera has a mounting, height_m above the ground. Every third frame shows a street, the others a room.
    """
    writer = ShardWriter(folder, WIDTH, HEIGHT, "CC0-1.0", worlds=WORLDS)
    rng = np.random.default_rng(seed)
    for shard in range(shards):
        image = rng.integers(0, 256, (frames, HEIGHT, WIDTH, 3)).astype(np.uint8)
        zooms = rng.uniform(0.8, 1.25, (frames, 1))
        mountings = [None if frame % 2 == 0 else Mounting(height_m, 0.05, 0.1) for frame in range(frames)]
        cameras = [
            Camera(WIDTH, HEIGHT, 60.0 * zoom, 62.0 * zoom, 39.0, 30.5, mounting=mounting)
            for zoom, mounting in zip(zooms[:, 0], mountings, strict=True)
        ]
        range_m = rng.uniform(1.0, 8.0, (frames, 1, 1)) * np.ones((1, HEIGHT, WIDTH))
        range_m[:, :10] = np.inf  # beyond range
        range_m[:, :, :5] = np.nan  # unmeasured
        origin = [(shard, frame, int(frame % 3 == 2)) for frame in range(frames)]
        writer.write(f"{shard:03d}", image, range_m, cameras, np.array(origin))
    return folder


class InMemory(ShardDataset):
    """A data set of given samples."""

    def __init__(self, samples: list[TrainingSample]) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def sample(self, index: int) -> TrainingSample:
        return self.samples[index]

    def world(self, index: int) -> str:  # noqa: ARG002 - all samples show the same world
        return "recording"


ADDRESS_STEP_M = 1e-3


LENSES: dict[str, tuple[float, ...]] = {
    "none": (),
    "plumb_bob": (-0.1, 0.02, 0.004, -0.006, 0.0),
    "rational_polynomial": (0.1, 0.02, -0.005, 0.003, 0.001, 0.12, 0.01, 0.002),
    "equidistant": (-0.02, 0.004, -0.001, 0.0),
}


def addressed(mounting: Mounting | None = None, lens: str = "none") -> TrainingSample:
    """Return a sample whose pixels hold their place: colour (u, v, 0), range 1 m + ADDRESS_STEP_M * (v * WIDTH + u)."""
    v, u = np.mgrid[0:HEIGHT, 0:WIDTH]
    image = np.stack([u, v, 0 * u], -1).astype(np.uint8)
    range_m = 1.0 + ADDRESS_STEP_M * (v * WIDTH + u)
    camera = Camera(WIDTH, HEIGHT, 60.0, 62.0, 37.0, 31.5, lens, LENSES[lens], mounting)
    return TrainingSample(image, range_m.astype(np.float32), camera)  # float16, as on disk, is too coarse for this


def address(range_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the pixels [u, v] (..., 2) that belong to ranges of `addressed`."""
    number = np.round((range_m - 1.0) / ADDRESS_STEP_M).astype(int)
    return np.stack([number % WIDTH, number // WIDTH], -1).astype(np.float64)
