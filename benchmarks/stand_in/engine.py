# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A backend whose depth is computed from the image, and an artifact for it: a node can be tried without a network.

Depth along z is 1 + red / 32 metres, times what hints correct on average; sigma is a tenth of it. Red 0 is invalid;
green 13 in the first pixel is an error.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.artifact.files import file_sha256
from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.artifact.manifest import FORMAT, GOLDEN, MANIFEST
from grin_ros.core.backends.engine import Engine
from grin_ros.core.backends.registry import BACKENDS
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.camera_inputs import camera_inputs

BACKEND = "fake"
DELAY_VARIABLE = "GRIN_TEST_DELAY_S"
FAILURE_GREEN = 13
GRID, SCENE = (3, 4), (2, 2)


def register() -> None:
    """Make `backend:=fake` known in this process."""
    BACKENDS[BACKEND] = f"{__name__}:FakeEngine"


def fake_depth_m(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the depth (H, W) float32 in metres of an (H, W, 3) RGB image."""
    red = image[..., 0].astype(np.float32)
    return np.where(red > 0, 1 + red / 32, np.float32(np.nan)).astype(np.float32)


class FakeEngine(Engine):
    """A backend that computes depth from the red channel, after the seconds of the environment variable (default 0)."""

    @property
    def description(self) -> str:
        return "fake backend of the tests"

    def run(self, graph: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        if graph == "encode":
            if inputs["image"][0, 0, 0, 1] == FAILURE_GREEN:
                raise RuntimeError("out of memory (as the test asked for)")
            time.sleep(float(os.environ.get(DELAY_VARIABLE, "0")))
            return {"image_tokens": inputs["image"][0, 0, 0]}
        if graph == "denoise":
            x = np.zeros_like(inputs["x"])
            return {"x_next": x, "latents_next": inputs["latents"], "log_variance": x}
        depth_m = fake_depth_m(inputs["image"][0]) * np.exp(np.mean(inputs["x"], dtype=np.float32))
        return {"depth_m": depth_m, "sigma_m": np.float32(0.1) * depth_m}


def write_artifact(folder: Path) -> Path:
    """Write an artifact whose golden sample FakeEngine repeats, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for graph in ("encode", "denoise", "decode"):
        (folder / f"{graph}.onnx").write_bytes(f"{graph} of the fake backend".encode())
    camera = Camera(16, 12, 10.0, 10.0, 7.5, 5.5)
    inputs = camera_inputs(camera, GRID, SCENE)
    image = np.random.default_rng(0).integers(1, 12, (1, 12, 16, 3), np.uint8)
    depth_m = fake_depth_m(image[0])
    noise = np.zeros((2, GRID[0] * GRID[1]), np.float32)
    np.savez(
        folder / GOLDEN,
        image=image,
        queries=inputs.queries,
        query_rays=inputs.query_rays,
        scene_rays=inputs.scene_rays,
        mounting=inputs.mounting,
        ray_z=inputs.ray_z,
        noise=noise,
        levels=np.array([[0.0, 1.0, 1.0, 0.0]], np.float32),
        x=noise,
        depth_m=depth_m,
        sigma_m=np.float32(0.1) * depth_m,
    )
    manifest = {
        "format": FORMAT,
        "name": "fake",
        "licence": "Apache-2.0",
        "depth": {"min_m": 0.1, "max_m": 100.0, "data_std": 0.5},
        "network": {
            "grid_rows": GRID[0],
            "grid_cols": GRID[1],
            "scene_rows": SCENE[0],
            "scene_cols": SCENE[1],
            "latent_count": 2,
            "latent_dim": 3,
        },
        "parameterisation": "v",
        "schedule_shift": 1.0,
        "calibration": {"factors": [], "fitted_on": "nothing"},
        "tensors": {},
        "sha256": {path.name: file_sha256(path) for path in folder.iterdir() if path.name != MANIFEST},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))
    load_artifact(folder)
    return folder
