# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Small data sets with known depth, in memory and on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.types import Frame
from grin_ros.lab.datasets.measured import EvalSample

WIDTH, HEIGHT = 48, 36


def sample(
    name: str = "frame", scene: str = "room", domain: str = "indoor", depth_m: NDArray[Any] | float = 2.0, seed: int = 0
) -> EvalSample:
    """Return a sample with a random image and the given depth, (36, 48) or a constant, in metres."""
    image = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    camera = Camera(WIDTH, HEIGHT, 40.0, 40.0, 23.5, 17.5)
    truth = np.broadcast_to(np.asarray(depth_m, np.float32), (HEIGHT, WIDTH)).copy()
    return EvalSample(name, scene, domain, Frame(image, camera), truth)


def random_depth(seed: int = 0, low_m: float = 1.0, high_m: float = 8.0) -> NDArray[np.float32]:
    """Return uniform random depth (36, 48) in metres."""
    return np.random.default_rng(seed).uniform(low_m, high_m, (HEIGHT, WIDTH)).astype(np.float32)


def write_dataset(root: Path, samples: Sequence[EvalSample], **changes: Any) -> Path:
    """Write a data set for EvalDataset, with PNG images. `changes` overwrite keys of the first sample."""
    root.mkdir(parents=True, exist_ok=True)
    entries: list[dict[str, Any]] = []
    for item in samples:
        image, depth = f"{item.name}.image.png", f"{item.name}.depth.png"
        cv2.imwrite(str(root / image), item.frame.image[..., ::-1])
        cv2.imwrite(str(root / depth), np.nan_to_num(item.depth_m * 256.0).round().astype(np.uint16))
        camera = item.frame.camera
        entries.append(
            {
                "name": item.name, "scene": item.scene, "domain": item.domain, "image": image, "depth": depth,
                "depth_scale": 256.0, "K": camera.K.tolist(), "D": list(camera.distortion),
                "distortion_model": camera.distortion_model, "width": camera.width, "height": camera.height,
            }
        )  # fmt: skip
    entries[0].update(changes)
    (root / "index.json").write_text(json.dumps({"format": 1, "samples": entries}))
    return root
