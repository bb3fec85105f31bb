# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Training data on disk: folders of shards with images, ranges and cameras, written once and read as memory maps.

`index.json` lists the shards. Each shard has four files:

NAME.image.npy    (n, h, w, 3) uint8 RGB
NAME.range.npy    (n, h, w) float16, range along the ray in metres; inf beyond range, NaN where nothing is measured
NAME.camera.npy   (n, 16) float64: fx, fy, cx, cy, height_m, roll_rad, pitch_rad (NaN if the mounting is unknown), the
                  number of the lens model in DISTORTION_MODELS, and its coefficients, filled up with zeros
NAME.origin.npy   (n, 3) int64: scene seed, view number, number of the world in the `worlds` of the index
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.distortion import DISTORTION_MODELS
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.input_error import InputError

FORMAT = 2
PARTS = ("image", "range", "camera", "origin")
CAMERA_COLUMNS = 16
_COEFFICIENTS = {"none": 0, "plumb_bob": 5, "rational_polynomial": 8, "equidistant": 4}


@dataclass(frozen=True)
class TrainingSample:
    """One frame of a shard: image (h, w, 3) uint8 RGB, range_m (h, w) float16, and the camera.

    weight: (h, w) how often a pixel is drawn to be supervised, relative to the others; None: all alike.
    """

    image: NDArray[np.uint8]
    range_m: NDArray[np.float16]
    camera: Camera
    weight: NDArray[np.float32] | None = None


class ShardWriter:
    """Writes shards to a folder, which may be new or begun by another writer with the same facts.

    The index lists a shard only when all its files are complete, so that an interrupted run continues after the last
    complete shard. worlds: names of what the frames show, which the origin of a frame counts from 0. facts: everything
    else that all shards of the folder have in common; the index keeps it. Raises ValueError if the folder holds shards
    of another size, licence, assets, worlds or facts.
    """

    def __init__(
        self,
        folder: str | Path,
        width: int,
        height: int,
        licence: str,
        assets: Sequence[str] = (),
        worlds: Sequence[str] = ("unknown",),
        **facts: Any,
    ) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        common = {
            "width": width,
            "height": height,
            "licence": licence,
            "assets": list(assets),
            "worlds": list(worlds),
            **facts,
        }
        path = self.folder / "index.json"
        self._index = _read_index(path) if path.exists() else {"format": FORMAT, **common, "shards": []}
        for key, expected in common.items():
            if self._index.get(key) != expected:
                raise ValueError(
                    f"{path}: got {key}={self._index.get(key)!r}, expected {expected!r}; choose another folder"
                )

    @contextmanager
    def whole_or_nothing(self) -> Iterator[ShardWriter]:
        """Remove the index of a new folder if what is done within fails, so that a part is not taken for the whole."""
        try:
            yield self
        except BaseException:  # Ctrl-C too
            (self.folder / "index.json").unlink(missing_ok=True)
            raise

    @property
    def counts(self) -> dict[str, int]:
        """The number of frames of each complete shard, by name."""
        return {shard["name"]: int(shard["count"]) for shard in self._index["shards"]}

    @property
    def count(self) -> int:
        """The number of frames in complete shards."""
        return sum(self.counts.values())

    def write(
        self,
        name: str,
        image: NDArray[np.uint8],
        range_m: NDArray[np.floating[Any]],
        cameras: Sequence[Camera],
        origin: NDArray[np.int64],
        **facts: Any,
    ) -> None:
        """Write one shard of n frames and then the index.

        image (n, h, w, 3), range_m (n, h, w), one camera per frame, origin (n, 3). Files appear whole or not at all. A
        shard with the same name is replaced. Raises ValueError if shapes do not fit or a world is not in the index.
        """
        n, shape = len(image), (self._index["height"], self._index["width"])
        got = (image.shape, range_m.shape, len(cameras), origin.shape)
        if got != ((n, *shape, 3), (n, *shape), n, (n, 3)):
            raise ValueError(
                f"shard {name}: got image {got[0]}, range {got[1]}, {got[2]} cameras, origin {got[3]}; "
                f"expected (n, {shape[0]}, {shape[1]}, 3), (n, {shape[0]}, {shape[1]}), n cameras and (n, 3)"
            )
        sizes = {(camera.height, camera.width) for camera in cameras}
        if sizes - {shape}:
            raise ValueError(f"shard {name}: got cameras of (height, width) {sorted(sizes)}, expected {shape}")
        worlds = self._index["worlds"]
        if n and not (origin[:, 2].min() >= 0 and origin[:, 2].max() < len(worlds)):
            raise ValueError(
                f"shard {name}: got frames of the worlds {np.unique(origin[:, 2]).tolist()}, expected numbers in "
                f"{worlds}; name all worlds when the writer is made"
            )
        arrays: tuple[NDArray[Any], ...] = (
            image.astype(np.uint8),
            range_m.astype(np.float16),
            np.array([_row(camera) for camera in cameras]).reshape(n, CAMERA_COLUMNS),
            origin.astype(np.int64),
        )
        for part, array in zip(PARTS, arrays, strict=True):
            temporary = self.folder / f".{name}.{part}.tmp.npy"
            np.save(temporary, array)
            temporary.replace(self.folder / f"{name}.{part}.npy")
        others = [shard for shard in self._index["shards"] if shard["name"] != name]
        self._index["shards"] = sorted([*others, {"name": name, "count": n, **facts}], key=itemgetter("name"))
        temporary = self.folder / ".index.tmp.json"
        temporary.write_text(json.dumps(self._index, indent=1) + "\n")
        temporary.replace(self.folder / "index.json")


class ShardDataset:
    """All frames of one or more folders, in the order given, as memory maps.

    Raises ValueError if no folder is given, if a folder has no readable index and if image sizes differ;
    FileNotFoundError if a file of a shard is missing.
    """

    def __init__(self, folders: str | Path | Sequence[str | Path]) -> None:
        self.folders = tuple(map(Path, [folders] if isinstance(folders, str | Path) else folders))
        if not self.folders:
            raise ValueError("data: got no folder, expected at least one that grin scenes or ShardWriter has written")
        indices = [_read_index(folder / "index.json") for folder in self.folders]
        sizes = [(int(index["width"]), int(index["height"])) for index in indices]
        for folder, size in zip(self.folders, sizes, strict=True):
            if size != sizes[0]:
                raise ValueError(
                    f"{folder}: got images of {size[0]}x{size[1]}, expected {sizes[0][0]}x{sizes[0][1]} as in "
                    f"{self.folders[0]}; train on folders of one size together"
                )
        self.width, self.height = sizes[0]
        self._keep(
            [
                {part: _open_part(folder, shard["name"], part) for part in PARTS}
                for folder, index in zip(self.folders, indices, strict=True)
                for shard in index["shards"]
            ],
            [tuple(index["worlds"]) for index in indices for _ in index["shards"]],
            [number for number, index in enumerate(indices) for _ in index["shards"]],
        )

    def _keep(self, shards: list[dict[str, NDArray[Any]]], worlds: list[tuple[str, ...]], of: list[int]) -> None:
        self._shards, self._worlds, self._folder_of = shards, worlds, of
        self._ends = np.cumsum([len(shard["image"]) for shard in shards], dtype=np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def _find(self, index: int) -> tuple[int, int]:
        """Return the number of the shard and that of the sample in it."""
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index}: the data set has {len(self)} samples")
        shard = int(np.searchsorted(self._ends, index, side="right"))
        return shard, index - (int(self._ends[shard - 1]) if shard else 0)

    def origin(self, index: int) -> tuple[int, int]:
        """Return scene seed and view number of a sample. Raises IndexError outside the data set."""
        shard, k = self._find(index)
        seed, number, _ = self._shards[shard]["origin"][k]
        return int(seed), int(number)

    def place(self, index: int) -> tuple[int, int]:
        """Return the place of a sample: number of its folder and scene seed. Raises IndexError outside the data set."""
        return self._folder_of[self._find(index)[0]], self.origin(index)[0]

    def world(self, index: int) -> str:
        """Return the name of the world that a sample shows. Raises IndexError outside the data set."""
        shard, k = self._find(index)
        return self._worlds[shard][int(self._shards[shard]["origin"][k, 2])]

    @property
    def frames_by_world(self) -> dict[str, int]:
        """The number of samples of each world that is shown."""
        found: Counter[str] = Counter()
        for shard, names in zip(self._shards, self._worlds, strict=True):
            for number, count in zip(*np.unique(shard["origin"][:, 2], return_counts=True), strict=True):
                found[names[int(number)]] += int(count)
        return dict(found)

    def indices_of(self, world: str) -> NDArray[np.int64]:
        """Return the ascending indices (m,) of all samples that show this world. It may be empty."""
        found = [
            np.isin(shard["origin"][:, 2], [k for k, name in enumerate(names) if name == world])
            for shard, names in zip(self._shards, self._worlds, strict=True)
        ]
        return np.flatnonzero(np.concatenate([np.zeros(0, np.bool_), *found])).astype(np.int64)

    def sample(self, index: int) -> TrainingSample:
        """Return one frame with copies of its arrays. Raises IndexError outside the data set."""
        number, k = self._find(index)
        shard = self._shards[number]
        camera = _camera(shard["camera"][k], self.width, self.height)
        return TrainingSample(np.array(shard["image"][k]), np.array(shard["range"][k]), camera)

    def split(self, holdout: int, spared: Sequence[str] = ()) -> tuple[ShardDataset, ShardDataset]:
        """Return the data set without, and with only, its last shards with at least `holdout` frames.

        Shards are not divided, so that no room is in both parts. spared: worlds whose shards stay in the first part.
        Raises ValueError if nothing is left to train on, or if there are fewer frames than `holdout` in other shards.
        """
        sizes = [len(shard["image"]) for shard in self._shards]
        offered = [k for k in range(len(sizes)) if not {*spared} & self._part([k]).frames_by_world.keys()]
        held_out: list[int] = []
        for k in reversed(offered):
            if sum(sizes[j] for j in held_out) < holdout:
                held_out.insert(0, k)
        if sum(sizes[k] for k in held_out) < holdout or len(held_out) == len(sizes):
            never = f" ({', '.join(spared)} are never among them)" if spared else ""
            raise ValueError(
                f"split: got holdout={holdout} of {sum(sizes[k] for k in offered)} frames in {len(offered)} "
                f"shards{never}, expected that many, and at least one shard to train on; set a smaller holdout in the "
                "YAML, or render more"
            )
        return self._part([k for k in range(len(sizes)) if k not in held_out]), self._part(held_out)

    def _part(self, chosen: Sequence[int]) -> ShardDataset:
        """Return the shards of these numbers."""
        part = copy(self)
        part._keep(
            [self._shards[k] for k in chosen],
            [self._worlds[k] for k in chosen],
            [self._folder_of[k] for k in chosen],
        )
        return part


def check_free(folder: Path, option: str) -> None:
    """Raise InputError if a folder, which `option` named, holds a data set, whose samples would be among new ones."""
    if (folder / "index.json").exists():
        raise InputError(
            f"{folder}: it is a data set already", f"give another folder by {option}, or remove this one and its files"
        )


def _row(camera: Camera) -> NDArray[np.float64]:
    """Return the row (16,) in which a camera is stored."""
    row = np.zeros(CAMERA_COLUMNS)
    row[:4] = camera.fx, camera.fy, camera.cx, camera.cy
    mounting = camera.mounting
    row[4:7] = (mounting.height_m, mounting.roll_rad, mounting.pitch_rad) if mounting is not None else np.nan
    row[7] = DISTORTION_MODELS.index(camera.distortion_model)
    row[8 : 8 + len(camera.distortion)] = camera.distortion
    return row


def _camera(row: NDArray[np.float64], width: int, height: int) -> Camera:
    """Return the camera of a stored row (16,)."""
    fx, fy, cx, cy, height_m, roll_rad, pitch_rad, number, *coefficients = row.tolist()
    known = bool(np.isfinite([height_m, roll_rad, pitch_rad]).all())
    mounting = Mounting(height_m, roll_rad, pitch_rad) if known else None
    model = DISTORTION_MODELS[int(number)]
    distortion = tuple(coefficients[: _COEFFICIENTS[model]])
    return Camera(width, height, fx, fy, cx, cy, model, distortion, mounting)


def _open_part(folder: Path, shard: str, part: str) -> NDArray[Any]:
    """Open a file as a memory map, so that a wrong header is refused before memory is allocated. Raises ValueError."""
    if Path(shard).name != shard:
        raise ValueError(
            f"{folder}: the index names the shard '{shard}', which is outside the folder; do not use this data set"
        )
    array: NDArray[Any] = np.load(folder / f"{shard}.{part}.npy", mmap_mode="r", allow_pickle=False)
    return array


def _read_index(path: Path) -> dict[str, Any]:
    """Read an index. Raises ValueError if there is none or its format is another one."""
    if not path.exists():
        raise ValueError(
            f"{path.parent}: got no index.json, expected a data set that grin scenes or ShardWriter has written"
        )
    index: dict[str, Any] = json.loads(path.read_text())
    if index.get("format") != FORMAT:
        raise ValueError(f"{path}: got format {index.get('format')!r}, expected {FORMAT}; render the data set again")
    return index
