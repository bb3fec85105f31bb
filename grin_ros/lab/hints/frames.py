# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Frames with the answer of a frozen model, kept on disk so that a training step does not run the model again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from grin_ros.core.artifact.loading import Artifact
from grin_ros.core.artifact.manifest import Manifest
from grin_ros.core.backends.engine import Engine
from grin_ros.core.evenly import evenly
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.camera_inputs import camera_inputs
from grin_ros.core.geometry.log_depth import LogDepth
from grin_ros.core.hints.lookup import colours, small_lab
from grin_ros.core.sampling.noise import member_noise
from grin_ros.core.sampling.sampler import sample
from grin_ros.core.sampling.schedule import Schedule
from grin_ros.lab.datasets.recordings import resized_depth
from grin_ros.lab.datasets.renders import PHOTOGRAPHS
from grin_ros.lab.datasets.renders import UNSCALED as WITHOUT_SCALE
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.network.hints import answers as features_of
from grin_ros.lab.training.augment import photometric

WIDTH, HEIGHT = 320, 240
"""Ranges are kept at this size, whatever the format of the window that the model saw."""
COLOUR_WIDTH, COLOUR_HEIGHT = 160, 120
SCALED, UNSCALED, RENDERED = 0, 1, 2
"""A photograph with measured depth, one whose depth has no scale, and a render."""
FACTS = "facts.json"
FORMAT = 2
"""A number that changes when the same frames give other answers, so that kept ones are not used again."""
SEED = 0
"""The seed of the windows of photographs."""
DIGESTED_BYTES = 1 << 16
"""A file of the data counts as the same if its size and this much of its end are."""


@dataclass(frozen=True)
class Answer:
    """The answer of a model to one image: tokens (N, D), x (N,) and log_variance (N,) on the query grid."""

    tokens: NDArray[np.float32]
    x: NDArray[np.float32]
    log_variance: NDArray[np.float32]


def answer(engine: Engine, image: NDArray[np.uint8], camera: Camera) -> Answer:
    """Return the answer of an engine in one step with one member, as the estimator gets it by default."""
    manifest = engine.artifact.manifest
    network = manifest.network
    inputs = camera_inputs(camera, (network.grid_rows, network.grid_cols), (network.scene_rows, network.scene_cols))
    tokens = engine.encode(inputs.encode(np.ascontiguousarray(image)[None]))
    noise = np.float32(manifest.temperature) * member_noise(inputs.queries[0], 1, 0)
    levels = Schedule(manifest.schedule_shift).levels(1)
    found = sample(engine.denoiser(tokens), noise, network.zero_latents(1), levels)
    host = engine.to_host
    return Answer(host(tokens["local_tokens"])[0], host(found.x)[0], host(found.log_variance)[0])


class Answers(NamedTuple):
    """The answers of the frozen model to B frames: features (B, N, 4), ln_range (B, N), colour (B, N, 3),
    position (B, N, 2) and middle (B,), the median of ln_range."""

    features: Tensor
    ln_range: Tensor
    colour: Tensor
    position: Tensor
    middle: Tensor


class FrozenFrames:
    """Frames on disk, as memory maps: tokens (n, N, D) float16, x and log_variance (n, N) float32, colour (n, h, w, 3)
    float16, range_m (n, HEIGHT, WIDTH) float16 with NaN and inf, aspect (n,) height / width, and kind (n,)."""

    PARTS = ("tokens", "x", "log_variance", "colour", "range_m", "aspect", "kind")

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        """folder: as `freeze` fills it. manifest: that of the model whose answers these are."""
        self.rows, self.cols = manifest.network.grid_rows, manifest.network.grid_cols
        self.scale = LogDepth(manifest.depth.min_m, manifest.depth.max_m)
        self._data_std = np.float32(manifest.depth.data_std)
        self.facts: dict[str, Any] = json.loads((folder / FACTS).read_text())
        parts = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in self.PARTS}
        self.tokens, self.x, self.log_variance = parts["tokens"], parts["x"], parts["log_variance"]
        self.colour, self.range_m = parts["colour"], parts["range_m"]
        self.aspect, self.kind = np.array(parts["aspect"]), np.array(parts["kind"])
        self.place = np.array(self.facts["place"])
        self._answers: dict[int, Answers] = {}

    def __len__(self) -> int:
        return len(self.kind)

    def answers(self, index: int) -> Answers:
        """Return the answers of one frame, B = 1, which are kept for the next time."""
        if index not in self._answers:
            self._answers[index] = self._answers_of(index)
        return self._answers[index]

    def _answers_of(self, index: int) -> Answers:
        rows, cols = self.rows, self.cols
        one = slice(index, index + 1)
        x, log_variance = np.array(self.x[one]), np.array(self.log_variance[one])
        colour = np.array(self.colour[index], np.float32)
        small = cv2.resize(colour, (cols, rows), interpolation=cv2.INTER_AREA).reshape(1, -1, 3)
        u, v = np.meshgrid((np.arange(cols) + 0.5) / cols, (np.arange(rows) + 0.5) / rows)
        position = np.stack([u.ravel(), v.ravel() * self.aspect[index]], 1)[None].astype(np.float32)
        ln = np.log(self.scale.decode(x * self._data_std)).astype(np.float32)
        of = torch.from_numpy
        features = features_of(of(x), of(log_variance), rows, cols)
        return Answers(features, of(ln), of(small), of(position), of(np.median(ln, axis=1)))


def frozen_facts(artifact: Artifact, data: Sequence[Path], renders: int, photographs: int) -> dict[str, Any]:
    """Return what the answers on disk depend on, for facts.json. Raises ValueError for a folder without an index."""
    return {
        "format": FORMAT,
        "artifact": artifact.model_digest,
        "data": [str(path) for path in data],
        "data_digests": [_digest(path) for path in data],
        "renders": renders,
        "photographs": photographs,
        "seed": SEED,
    }


def kept_facts(folder: Path) -> dict[str, Any]:
    """Return the facts of the answers in `folder`. They are empty if there are none, or if writing them was ended."""
    try:
        kept: dict[str, Any] = json.loads((folder / FACTS).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return kept


def _digest(folder: Path) -> str:
    """Return a digest of a folder of shards that changes when it is packed again, without reading all of it."""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("index.json"), *folder.glob("*.npy")]):
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as stream:
            stream.seek(max(0, size - DIGESTED_BYTES))
            digest.update(stream.read())
    return digest.hexdigest()


def freeze(engine: Engine, folder: Path, data: Sequence[Path], renders: int, photographs: int) -> None:
    """Write frames of shards with the answers of the engine. The facts come last, so that they say it is complete.

    renders: how many of all renders to take, evenly spread. photographs: random windows of each photograph.
    """
    dataset = ShardDataset(list(data))
    rng = np.random.default_rng(SEED)
    worlds = np.array([dataset.world(i) for i in range(len(dataset))])
    real = np.isin(worlds, PHOTOGRAPHS)
    rendered = np.flatnonzero(~real)
    chosen = rendered[evenly(len(rendered), renders)]
    indices = np.concatenate([np.repeat(np.flatnonzero(real), photographs), chosen])
    network = engine.artifact.manifest.network
    count, cells = len(indices), network.grid_rows * network.grid_cols
    width = int(engine.artifact.manifest.model["token_dim"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FACTS).unlink(missing_ok=True)
    shapes: dict[str, tuple[tuple[int, ...], type]] = {
        "tokens": ((count, cells, width), np.float16), "x": ((count, cells), np.float32),
        "log_variance": ((count, cells), np.float32), "colour": ((count, COLOUR_HEIGHT, COLOUR_WIDTH, 3), np.float16),
        "range_m": ((count, HEIGHT, WIDTH), np.float16), "aspect": ((count,), np.float32), "kind": ((count,), np.int8),
    }  # fmt: skip
    arrays = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", dtype, shape)
        for name, (shape, dtype) in shapes.items()
    }
    places = []
    for k, index in enumerate(tqdm(indices, "freeze", unit="frame")):
        image, range_m, camera = _window(dataset, int(index), rng)
        found = answer(engine, image, camera)
        arrays["tokens"][k], arrays["x"][k], arrays["log_variance"][k] = found.tokens, found.x, found.log_variance
        arrays["colour"][k] = colours(cv2.resize(small_lab(image), (COLOUR_WIDTH, COLOUR_HEIGHT)))
        arrays["range_m"][k] = resized_depth(range_m, WIDTH, HEIGHT)
        arrays["aspect"][k] = camera.height / camera.width
        world = str(worlds[index])
        arrays["kind"][k] = RENDERED if not real[index] else UNSCALED if world in WITHOUT_SCALE else SCALED
        folder_number, seed = dataset.place(int(index))
        places.append(f"{world} {folder_number} {seed}")
    for array in arrays.values():
        array.flush()
    facts = frozen_facts(engine.artifact, data, renders, photographs) | {"place": places}
    (folder / FACTS).write_text(json.dumps(facts) + "\n")


def _window(
    dataset: ShardDataset, index: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32], Camera]:
    """Return a random window of a frame, mirrored half of the time, with other light."""
    one = dataset.sample(index)
    image, range_m, camera = one.image, one.range_m.astype(np.float32), one.camera
    share = float(np.exp(rng.uniform(np.log(0.6), 0.0)))
    width = round(camera.width * share)
    flat = rng.uniform(0.45, 1.0) if rng.random() < 0.2 else 1.0
    height = round(camera.height * share * flat)
    x, y = int(rng.integers(0, camera.width - width + 1)), int(rng.integers(0, camera.height - height + 1))
    window = slice(y, y + height), slice(x, x + width)
    if np.isfinite(range_m[window]).mean() > 0.02:
        image, range_m, camera = image[window], range_m[window], camera.cropped(x, y, width, height)
    image = photometric(np.ascontiguousarray(image), rng)
    if rng.random() < 0.5:
        image, range_m, camera = image[:, ::-1], range_m[:, ::-1], camera.mirrored()
    if rng.random() < 0.7:
        camera = camera.with_mounting(None)
    return np.ascontiguousarray(image), np.ascontiguousarray(range_m), camera
