# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Batches of samples whose pixels carry their own address, and what can be read back from them."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera, Mounting
from grin_ros.lab.datasets.shards import Sample
from grin_ros.lab.training.batches import Batch, Sampling, batch
from tests.lab.network.tiny import TINY
from tests.lab.training.recordings import InMemory, address

TILTED = Mounting(1.4, roll_rad=0.2, pitch_rad=-0.3)
PLAIN = Sampling(queries=100, augment=False, mounting_share=1.0, pattern_share=0.0)
AUGMENTED = Sampling(queries=100, resize=(0.5, 2.0), mounting_share=1.0)
ENLARGED = dataclasses.replace(AUGMENTED, resize=(1.0, 2.0))


def draw(samples: list[Sample], sampling: Sampling, seed: int = 0) -> Batch:
    """One batch of these samples, in order."""
    return batch(InMemory(samples), np.arange(len(samples)), TINY, sampling, np.random.default_rng(seed))


def ranges(drawn: Batch) -> NDArray[np.float64]:
    """Range (B, N) in metres from the network's value."""
    return TINY.depth_scale.decode(drawn.x_0.numpy().astype(np.float64) * TINY.data_std)


def turned(drawn: Batch, camera: Camera) -> list[bool]:
    """Which samples of `addressed` were mirrored: their rays are those of the recording with x negated."""
    flags = []
    for rays, pixels in zip(drawn.query_rays.numpy(), address(ranges(drawn)), strict=True):
        recorded = camera.unproject(pixels)
        close = [np.allclose(rays, recorded * [sign, 1.0, 1.0], atol=1e-5) for sign in (1.0, -1.0)]
        assert sum(close) == 1, "rays are neither those of the recording nor their mirror images"
        flags.append(close[1])
    return flags
