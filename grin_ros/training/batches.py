# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From recorded samples to training batches: crops that change K, sparse queries, their rays, and noise.

Every batch is a function of (seed, step, rank): a resumed run sees what an unbroken one would have.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from grin_ros.data.sparse import ShardDataset
from grin_ros.diffusion.noise import noise_field
from grin_ros.estimator import mounting_vector, normalised, rays_at
from grin_ros.geometry.camera import Camera, Mounting
from grin_ros.geometry.rays import pixel_grid
from grin_ros.model.config import ModelConfig
from grin_ros.training.augment import photometric


@dataclass(frozen=True)
class Batch:
    """Tensors of B samples with N queried pixels each."""

    image: torch.Tensor  # (B, h, w, 3) uint8, the network's size
    queries: torch.Tensor  # (B, N, 2) in [-1, 1]
    query_rays: torch.Tensor  # (B, N, 3)
    scene_rays: torch.Tensor  # (B, G, 3)
    mounting: torch.Tensor  # (B, 5)
    x_0: torch.Tensor  # (B, N) log-depth / data_std
    noise: torch.Tensor  # (draws, B, N)

    def to(self, device: torch.device) -> Batch:
        return Batch(**{field.name: getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)})


@dataclass(frozen=True)
class Sampling:
    """How a batch is drawn. queries: supervised pixels a sample. min_crop: smallest crop, share of each side.
    mounting_share: samples that are told where the camera is mounted. augment: photometric augmentation and flips."""

    queries: int = 1024
    min_crop: float = 0.6
    mounting_share: float = 0.5
    augment: bool = True


def batch(
    dataset: ShardDataset, indices: NDArray[np.int64], model: ModelConfig, sampling: Sampling, rng: np.random.Generator
) -> Batch:
    """Draw a batch of the samples at `indices`; two independent noise draws a sample."""
    samples = [_one(dataset, int(i), model, sampling, rng) for i in indices]
    columns = [np.stack(column) for column in zip(*samples, strict=True)]
    image, queries, query_rays, scene_rays, mounting, x_0, noise = (torch.from_numpy(c) for c in columns)
    return Batch(image, queries, query_rays, scene_rays, mounting, x_0, noise.transpose(0, 1).contiguous())


def _one(
    dataset: ShardDataset, index: int, model: ModelConfig, sampling: Sampling, rng: np.random.Generator
) -> tuple[NDArray[np.generic], ...]:
    sample = dataset.sample(index)
    image, range_m, camera = sample.image, sample.range_m, sample.camera
    x, y, width, height = 0, 0, camera.width, camera.height
    if sampling.augment:
        x, y, width, height = _crop_window(camera, sampling.min_crop, rng)
    camera = camera.cropped(x, y, width, height)
    image, range_m = image[y : y + height, x : x + width], range_m[y : y + height, x : x + width]
    # Supervised pixels are whole pixels of the recording, so range and ray belong together exactly.
    measured = np.flatnonzero((range_m > model.min_range_m) & (range_m < model.max_range_m))
    if len(measured) == 0:
        raise ValueError(f"sample {index}: no measured range in the crop; remove the sample or widen min_crop")
    chosen = rng.choice(measured, sampling.queries, replace=len(measured) < sampling.queries)
    v, u = np.divmod(chosen, width)
    pixels = np.stack([u, v], -1).astype(np.float64)
    ranges = range_m[v, u].astype(np.float64)
    image = cv2.resize(image, (model.image_width, model.image_height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    if sampling.augment:
        image = photometric(image, rng)
        if rng.random() < 0.5:
            image, camera = np.ascontiguousarray(image[:, ::-1]), mirrored(camera)
            pixels[:, 0] = width - 1 - pixels[:, 0]
    if rng.random() >= sampling.mounting_share:
        camera = camera.with_mounting(None)
    scene = pixel_grid(width, height, cols=model.scene_cols, rows=model.scene_rows)
    queries = normalised(pixels, camera)
    return (
        image,
        queries,
        rays_at(camera, pixels),
        rays_at(camera, scene),
        mounting_vector(camera),
        (model.log_depth.encode(ranges) / model.data_std).astype(np.float32),
        np.stack([noise_field(queries, rng), noise_field(queries, rng)]),
    )


def mirrored(camera: Camera) -> Camera:
    """The camera of the horizontally flipped image (undistorted cameras only)."""
    mounting = camera.mounting
    if mounting is not None:
        mounting = Mounting(mounting.height_m, -mounting.roll_rad, mounting.pitch_rad)
    return Camera(
        camera.width, camera.height, camera.fx, camera.fy, camera.width - 1 - camera.cx, camera.cy, mounting=mounting
    )


def _crop_window(camera: Camera, min_crop: float, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """x, y, width, height; both sides drawn almost together: pixels may become a little oblong in the resize."""
    share = rng.uniform(min_crop, 1.0) if rng.random() < 0.7 else 1.0
    width = round(camera.width * min(1.0, share * rng.uniform(0.9, 1.1)))
    height = round(camera.height * min(1.0, share * rng.uniform(0.9, 1.1)))
    x, y = int(rng.integers(0, camera.width - width + 1)), int(rng.integers(0, camera.height - height + 1))
    return x, y, width, height
