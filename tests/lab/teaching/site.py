# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A site for tests: walls whose brightness tells their distance, seen by one robot with a level lidar line."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.labels.folder import LabelFolder, LabelledFrame, LabelWriter
from grin_ros.core.types import Frame, Hints

CAMERA = Camera(64, 48, 60.0, 60.0, 31.5, 23.5)


def write_site(folder: Path, frames: int = 30, recording: str = "drive", seed: int = 0, sigma_ln: float = 0.01) -> Path:
    """Write frames at 2 Hz, each with a line of 16 labels on a wall."""
    rng = np.random.default_rng(seed)
    writer = LabelWriter(folder)
    u = np.linspace(2, 61, 16).round()
    pixels = np.stack([u, np.full(16, 24.0)], -1)
    for number in range(frames):
        distance_m = float(np.exp(rng.uniform(np.log(1.0), np.log(4.0))))
        image = np.full((48, 64, 3), 255.0 - 50.0 * distance_m) + rng.normal(0.0, 4.0, (48, 64, 3))
        range_m = distance_m / CAMERA.rays()[pixels[:, 1].astype(int), pixels[:, 0].astype(int), 2]
        frame = Frame(np.clip(image, 0, 255).astype(np.uint8), CAMERA, stamp_ns=number * 500_000_000)
        labels = Hints.measured(pixels, range_m, sigma_ln, source="scan")
        writer.add(LabelledFrame(f"{recording}-{number:04d}", recording, frame, labels))
    writer.save()
    return folder


def site(folder: Path, frames: int = 30) -> LabelFolder:
    """Return the opened folder of `write_site`."""
    return LabelFolder(write_site(folder, frames))
