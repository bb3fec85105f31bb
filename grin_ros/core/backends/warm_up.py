# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One black frame, so that a runtime builds or allocates what frames of a size need before a robot waits for them."""

from __future__ import annotations

import numpy as np

from grin_ros.core.backends.engine import Engine
from grin_ros.core.sampling.sampler import sample
from grin_ros.core.sampling.schedule import Schedule


def warm_up(engine: Engine, width: int, height: int, members: int) -> None:
    """Run one black frame of this size, in pixels, with an ensemble of `members`."""
    manifest = engine.artifact.manifest
    network = manifest.network
    count, scene = network.grid_rows * network.grid_cols, network.scene_rows * network.scene_cols
    ahead = np.array([0.0, 0.0, 1.0], np.float32)
    image = np.zeros((1, height, width, 3), np.uint8)
    tokens = engine.encode(
        {
            "image": image,
            "queries": np.zeros((1, count, 2), np.float32),
            "query_rays": np.tile(ahead, (1, count, 1)),
            "scene_rays": np.tile(ahead, (1, scene, 1)),
            "mounting": np.zeros((1, 5), np.float32),
        }
    )
    # Two steps: the first one runs for a single member, whatever their number.
    levels = Schedule(manifest.schedule_shift).levels(2)
    noise = np.zeros((members, count), np.float32)
    found = sample(engine.denoiser(tokens), noise, network.zero_latents(members), levels)
    ray_z = np.ones((1, height, width), np.float32)
    engine.decode({"x": found.x, "log_variance": found.log_variance, "image": image, "ray_z": ray_z})
