# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The floor of a graph's time: its operations at the rate of a large matrix product on the same machine."""

from __future__ import annotations

import time

import torch
from torch.utils.flop_counter import FlopCounterMode

from grin_ros.core.artifact.loading import Artifact
from grin_ros.core.artifact.manifest import WEIGHTS
from grin_ros.core.backends.engine import OF_CAMERA
from grin_ros.core.geometry.camera_inputs import camera_inputs
from grin_ros.core.sampling.noise import member_noise
from grin_ros.core.types import Frame
from grin_ros.lab.network.checkpoint import load_model

SIZE = 1024
"""The size of the matrices: three of them fit the cache of a small CPU, and their borders cost little."""
TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def flops(artifact: Artifact, frame: Frame, members: int) -> dict[str, int]:
    """Return graph -> operations of one run in matrix products and convolutions, without elementwise work."""
    model = load_model(artifact.file(WEIGHTS)).eval()
    network = artifact.manifest.network
    camera = camera_inputs(
        frame.camera, (network.grid_rows, network.grid_cols), (network.scene_rows, network.scene_cols)
    )
    image, x = torch.tensor(frame.image[None]), torch.tensor(member_noise(camera.queries[0], members, 0))
    latents = torch.zeros(members, network.latent_count, network.latent_dim)
    counted = {}
    with torch.no_grad():
        with FlopCounterMode(display=False) as counter:
            tokens = model.encode(image, *(torch.tensor(getattr(camera, name)) for name in OF_CAMERA))
        counted["encode"] = counter.get_total_flops()
        with FlopCounterMode(display=False) as counter:
            out, _, log_variance = model.denoise(x, torch.tensor([0.0, 1.0, 1.0, 0.0]), latents, *tokens)
        counted["denoise"] = counter.get_total_flops()
        with FlopCounterMode(display=False) as counter:
            model.decode(out, log_variance, image, torch.tensor(camera.ray_z))
        counted["decode"] = counter.get_total_flops()
    return counted


class Product:
    """A matrix product of two squares as a thing to time."""

    def __init__(self, precision: str) -> None:
        self.precision = precision
        self._factors = [torch.ones(SIZE, SIZE, dtype=TYPES[precision]) for _ in range(2)]

    def __call__(self) -> dict[str, float]:
        start = time.perf_counter()
        torch.mm(*self._factors)
        return {"total": (time.perf_counter() - start) * 1e3}


def rate(best_ms: float) -> float:
    """Return the operations per second of a product that took best_ms."""
    return 2.0 * SIZE**3 / (best_ms / 1e3)
