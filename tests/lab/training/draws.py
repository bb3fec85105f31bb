# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Batches of samples whose pixels hold their own address, and functions that read it back."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.lab.datasets.shards import TrainingSample
from grin_ros.lab.training.batches import Batch, Sampling, batch
from tests.lab.network.tiny import TINY
from tests.lab.training.recordings import InMemory, address

TILTED = Mounting(1.4, roll_rad=0.2, pitch_rad=-0.3)
PLAIN = Sampling(queries=100, augment=False, mounting_share=1.0, pattern_share=0.0)
AUGMENTED = Sampling(queries=100, resize=(0.5, 2.0), mounting_share=1.0)
ENLARGED = dataclasses.replace(AUGMENTED, resize=(1.0, 2.0))


def draw(samples: list[TrainingSample], sampling: Sampling, seed: int = 0) -> Batch:
    """Return one batch of these samples, in order."""
    return batch(InMemory(samples), np.arange(len(samples)), TINY, sampling, np.random.default_rng(seed))


def ranges(drawn: Batch) -> NDArray[np.float64]:
    """Return the ranges (B, N) of a batch in metres."""
    return TINY.depth_encoding.decode(drawn.x_0.numpy().astype(np.float64) * TINY.data_std)


def turned(drawn: Batch, camera: Camera) -> list[bool]:
    """Return True for each sample of `addressed` that was mirrored, so that x of its rays has the other sign."""
    flags = []
    for rays, pixels in zip(drawn.query_rays.numpy(), address(ranges(drawn)), strict=True):
        recorded = camera.unproject(pixels)
        close = [np.allclose(rays, recorded * [sign, 1.0, 1.0], atol=1e-5) for sign in (1.0, -1.0)]
        assert sum(close) == 1, "rays are neither those of the recording nor their mirror images"
        flags.append(close[1])
    return flags
