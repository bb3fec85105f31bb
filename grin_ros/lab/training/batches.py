# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Training batches from recorded samples: crops that change K, sparse queries, their rays, and noise.

Every batch is a function of (seed, step, rank), so that a resumed run sees the same batches as an unbroken one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, field, fields
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.camera_inputs import mounting_vector, normalised, rays_at
from grin_ros.core.geometry.rays import pixel_grid
from grin_ros.core.sampling.noise import noise_field
from grin_ros.lab.datasets.renders import PHOTOGRAPHS
from grin_ros.lab.datasets.sensor_patterns import FEWEST, supervised
from grin_ros.lab.datasets.shards import ShardDataset, TrainingSample
from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.network.resize import resize_image
from grin_ros.lab.training.augment import other_textures, photometric

_DENSITY = 0xD3


@dataclass(frozen=True)
class Batch:
    """Tensors of B samples with N queried pixels each."""

    image: torch.Tensor  # (B, h, w, 3) uint8, the network's size
    queries: torch.Tensor  # (B, N, 2) in [-1, 1]
    query_rays: torch.Tensor  # (B, N, 3)
    scene_rays: torch.Tensor  # (B, G, 3)
    mounting: torch.Tensor  # (B, 5)
    x_0: torch.Tensor  # (B, N) scaled depth / data_std
    unscaled: torch.Tensor  # (B,) 1 where the metric scale of x_0 is not to be learnt, else 0
    rendered: torch.Tensor  # (B,) bool: True for a render that goes through the encoder for renders, if there is one
    noise: torch.Tensor  # (draws, B, N)

    @property
    def inputs(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """The first five inputs of `Grin.encode`."""
        return self.image, self.queries, self.query_rays, self.scene_rays, self.mounting

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device."""
        return Batch(**{one.name: getattr(self, one.name).to(device, non_blocking=True) for one in fields(self)})

    def beside(self, other: Batch) -> Batch:
        """Return one batch of the samples of both, which have the same number of queries."""
        pairs = {one.name: (getattr(self, one.name), getattr(other, one.name)) for one in fields(self)}
        return Batch(**{name: torch.cat(pair, 1 if name == "noise" else 0) for name, pair in pairs.items()})


@dataclass(frozen=True)
class Sampling:
    """The settings for drawing a batch. Raises ValueError for a value outside its range."""

    queries: int = 1024
    """Supervised pixels per sample."""
    resize: tuple[float, ...] = (0.5, 1.5)
    """The smallest and the largest factor of the random resizing (GRIN, section 4). Above 1 the image is cut to a
    window of 1 / factor of its sides, below 1 its resolution is reduced. K follows."""
    mounting_share: float = 0.5
    """The share of samples with a known mounting of the camera."""
    pattern_share: float = 0.25
    """The share of samples that are supervised where a sensor would measure (lidar beams, a depth camera with holes).
    The others are supervised at random pixels."""
    density: float = 1.0
    """The share of the pixels that have a range at all. They are the same ones every time."""
    sky: bool = True
    """Supervise pixels beyond range, with the longest range."""
    texture_share: float = 0.0
    """The share of samples whose textures are replaced."""
    unscaled: tuple[str, ...] = ()
    """Worlds of which only the shape is learnt, up to one factor per sample: reconstructions without a metric scale, or
    real places that are too few to learn distances from."""
    photographs: tuple[str, ...] = PHOTOGRAPHS
    """Worlds that are not rendered."""
    render_encoder_share: float = 1.0
    """The share of renders that go through the encoder for renders where there is one (`grin train --renders-through`).
    The others go through the encoder for photographs, so that what renders teach holds for both."""
    narrowest_deg: dict[str, float] = field(default_factory=dict)
    """World -> the smallest horizontal field of view of its windows, in degrees, computed without lens distortion. A
    camera that sees less keeps its whole width."""
    augment: bool = True
    """Resize, flip and augment the images."""
    mirrored_share: float = 0.5
    """The share of samples that are flipped left to right."""
    photometric_share: float = 1.0
    """The share of samples that are seen in other light by another camera."""

    def __post_init__(self) -> None:
        if self.queries < 1:
            raise ValueError(f"queries: got {self.queries}, expected 1 or more")
        if len(self.resize) != 2 or not 0.0 < self.resize[0] <= self.resize[1] < np.inf:
            raise ValueError(f"resize: got {self.resize}, expected two factors more than 0, the smaller first")
        for name in (
            "mounting_share",
            "pattern_share",
            "texture_share",
            "render_encoder_share",
            "mirrored_share",
            "photometric_share",
        ):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name}: got {getattr(self, name)}, expected 0 to 1")
        if not 0.0 < self.density <= 1.0:
            raise ValueError(f"density: got {self.density}, expected more than 0, at most 1")


class Samples(Protocol):
    """The samples that batches are drawn from: a ShardDataset, or anything with its samples and worlds."""

    def __len__(self) -> int: ...

    def sample(self, index: int) -> TrainingSample: ...

    def world(self, index: int) -> str: ...


def batch(
    dataset: Samples, indices: NDArray[np.int64], model: ModelConfig, sampling: Sampling, rng: np.random.Generator
) -> Batch:
    """Draw a batch of the samples at `indices`, each with two independent draws of noise."""
    samples = [_one(dataset, int(i), model, sampling, rng) for i in indices]
    drawn = {name: torch.from_numpy(np.stack([getattr(one, name) for one in samples])) for name in _Drawn._fields}
    worlds = [dataset.world(int(i)) for i in indices]
    unscaled = torch.tensor([world in sampling.unscaled for world in worlds], dtype=torch.float32)
    rendered = torch.tensor([world not in sampling.photographs for world in worlds])
    if sampling.render_encoder_share < 1.0:
        rendered &= torch.from_numpy(rng.random(len(worlds)) < sampling.render_encoder_share)
    drawn["noise"] = drawn["noise"].transpose(0, 1).contiguous()
    return Batch(**drawn, unscaled=unscaled, rendered=rendered)


def sample_probabilities(
    dataset: ShardDataset, worlds: dict[str, float], by_place: Sequence[str] = (), held_out: Container[str] = ()
) -> NDArray[np.float64]:
    """Return the probability (n,) of each sample from the weights of the worlds.

    In the worlds of by_place, a place (a scene seed of a folder) has the weight of one frame, however many it has.
    held_out: the worlds of the samples that are held out, for messages.

    Raises ValueError for an unknown world and for weights with which nothing can be drawn.
    """
    names = [dataset.world(i) for i in range(len(dataset))]
    absent = sorted(set(worlds) - set(names))
    if lost := [name for name in absent if name in held_out]:
        raise ValueError(
            f"worlds: got {', '.join(lost)}, of which all frames are held out; set a smaller holdout in the YAML, or "
            "name another folder last in --data"
        )
    if absent:
        raise ValueError(
            f"worlds: got {', '.join(absent)}, the training data shows {', '.join(sorted(set(names)))}; take the "
            "former out of the YAML, or give their folder to --data too"
        )
    weights = np.array([worlds.get(name, 1.0) for name in names])
    places = [(name, dataset.place(i)) if name in by_place else None for i, name in enumerate(names)]
    frames = Counter(place for place in places if place is not None)
    weights = weights / np.array([1 if place is None else frames[place] for place in places])
    if not (weights.min() >= 0.0 and 0.0 < weights.sum() < np.inf):
        raise ValueError(f"worlds: got {worlds}, expected weights of 0 or more, and more than 0 for at least one world")
    return np.asarray(weights / weights.sum())


class _Drawn(NamedTuple):
    """One sample of a `Batch`, with its names. noise: (draws, N)."""

    image: NDArray[np.uint8]
    queries: NDArray[np.float32]
    query_rays: NDArray[np.float32]
    scene_rays: NDArray[np.float32]
    mounting: NDArray[np.float32]
    x_0: NDArray[np.float32]
    noise: NDArray[np.float32]


def _one(dataset: Samples, index: int, model: ModelConfig, sampling: Sampling, rng: np.random.Generator) -> _Drawn:
    sample = dataset.sample(index)
    image, range_m, camera = sample.image, sample.range_m.astype(np.float32), sample.camera
    weight = np.ones_like(range_m) if sample.weight is None else sample.weight
    measured = _measured(index, camera, range_m, model, sampling, rng)
    factor = 1.0
    if sampling.augment:
        factor = float(np.exp(rng.uniform(*np.log(sampling.resize))))
        least_px = _least_width_px(camera, sampling.narrowest_deg.get(dataset.world(index), 0.0))
        factor = min(factor, max(1.0, camera.width / max(least_px, 1)))
        x, y, width, height = _crop_window(camera, max(factor, 1.0), least_px, rng)
        window = (slice(y, y + height), slice(x, x + width))
        if measured[window].any():
            camera = camera.cropped(x, y, width, height)
            image, range_m, measured, weight = image[window], range_m[window], measured[window], weight[window]
    # Supervised pixels are whole pixels of the recording, so that range and ray fit exactly.
    known = np.flatnonzero(measured)
    if sample.weight is None:
        chosen = rng.choice(known, sampling.queries, replace=len(known) < sampling.queries)
    else:
        share = weight.ravel()[known].astype(np.float64)
        chosen = rng.choice(known, sampling.queries, p=share / share.sum())
    v, u = np.divmod(chosen, camera.width)
    pixels = np.stack([u, v], -1).astype(np.float64)
    ranges = range_m[v, u].astype(np.float64)
    image = _resized(image, model.image_width, model.image_height, min(factor, 1.0))
    if sampling.augment:
        if rng.random() < sampling.texture_share:
            image = other_textures(image, rng)
        if sampling.photometric_share == 1.0 or rng.random() < sampling.photometric_share:
            image = photometric(image, rng)
        if rng.random() < sampling.mirrored_share:
            image, camera = np.ascontiguousarray(image[:, ::-1]), camera.mirrored()
            pixels[:, 0] = camera.width - 1 - pixels[:, 0]
    if rng.random() >= sampling.mounting_share:
        camera = camera.with_mounting(None)
    scene = pixel_grid(camera.width, camera.height, cols=model.scene_cols, rows=model.scene_rows)
    queries = normalised(pixels, camera)
    return _Drawn(
        image,
        queries,
        rays_at(camera, pixels),
        rays_at(camera, scene),
        mounting_vector(camera),
        (model.depth_encoding.encode(ranges) / model.data_std).astype(np.float32),
        np.stack([noise_field(queries, rng), noise_field(queries, rng)]),
    )


def _measured(
    index: int,
    camera: Camera,
    range_m: NDArray[np.float32],
    model: ModelConfig,
    sampling: Sampling,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Return the mask (H, W) of the pixels that may be supervised. Raises ValueError if there is none."""
    # Both comparisons are False for NaN. Finite ranges beyond the largest one are treated like the sky.
    measured = (range_m > model.min_range_m) & (sampling.sky | (range_m < model.max_range_m))
    if sampling.density < 1.0:
        measured &= np.random.default_rng((_DENSITY, index)).random(measured.shape) < sampling.density
    if rng.random() < sampling.pattern_share:
        seen = measured & supervised(camera, range_m, rng)
        measured = seen if np.count_nonzero(seen) >= FEWEST else measured
    if not measured.any():
        raise ValueError(f"sample {index}: no measured range; remove the sample or raise density")
    return np.asarray(measured)


def _resized(image: NDArray[np.uint8], width: int, height: int, share: float) -> NDArray[np.uint8]:
    """Return the image at width x height, resized as in `Grin.encode`; share: the resolution that is left, 0 to 1."""
    sizes = [(height, width)]
    if share < 1.0:
        sizes.insert(0, (round(height * share), round(width * share)))
    for size in sizes:
        x = resize_image(torch.from_numpy(np.ascontiguousarray(image))[None], *size)[0]
        image = x.round().clamp(0.0, 255.0).to(torch.uint8).permute(1, 2, 0).numpy()
    return image


def _least_width_px(camera: Camera, narrowest_deg: float) -> int:
    """Return the least width of a window that sees this angle wherever it lies, but at most that of the image."""
    # Among windows of one width, the one at the border that is farther from the principal point sees least.
    border_px = max(camera.cx + 0.5, camera.width - camera.cx - 0.5)
    border_rad = np.arctan(border_px / camera.fx)
    inner_rad = min(np.radians(narrowest_deg) - border_rad, border_rad)
    return min(camera.width, int(np.ceil(border_px + camera.fx * np.tan(inner_rad))))


def _crop_window(camera: Camera, factor: float, least_px: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Return x, y, width and height of a window of about 1 / factor of both sides. Some windows are flatter.

    least_px: the least width, which wins against the factor.
    """
    width = max(least_px, round(camera.width * min(1.0, rng.uniform(0.9, 1.1) / factor)))
    # The network sees all formats resized to one, and images of cars are up to three times as wide as high.
    flat = rng.uniform(0.4, 1.0) if rng.random() < 0.15 else 1.0
    height = round(camera.height * flat * min(1.0, rng.uniform(0.9, 1.1) / factor))
    x, y = int(rng.integers(0, camera.width - width + 1)), int(rng.integers(0, camera.height - height + 1))
    return x, y, width, height
