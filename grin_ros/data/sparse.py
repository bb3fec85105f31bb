# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Training data on disk: folders of shards of images, ranges and cameras, written once and read through memory maps.

``index.json`` names the shards; each shard is ``<name>.image.npy`` (n, h, w, 3) uint8 RGB, ``<name>.range.npy``
(n, h, w) float16 range along the ray in metres (inf: beyond range, nan: unmeasured), ``<name>.camera.npy`` (n, 7)
float64 fx, fy, cx, cy, height_m, roll_rad, pitch_rad (nan: mounting unknown), and ``<name>.origin.npy`` (n, 2) int64
scene seed and view number.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.geometry.camera import Camera, Mounting

FORMAT = 1
PARTS = ("image", "range", "camera", "origin")


@dataclass(frozen=True)
class Sample:
    """image (h, w, 3) uint8 RGB, range_m (h, w) float16, and the camera."""

    image: NDArray[np.uint8]
    range_m: NDArray[np.float16]
    camera: Camera


class ShardWriter:
    """Appends shards to a folder, new or begun by another writer of the same facts.

    A shard is listed in the index only when all its files stand, so an interrupted run resumes after the last whole
    shard. facts: what else all shards of the folder have in common, kept in the index. ValueError when the folder holds
    shards of another size, licence, assets or facts.
    """

    def __init__(
        self, folder: str | Path, width: int, height: int, licence: str, assets: Sequence[str] = (), **facts: Any
    ) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        common = {"width": width, "height": height, "licence": licence, "assets": list(assets), **facts}
        path = self.folder / "index.json"
        self._index = _read_index(path) if path.exists() else {"format": FORMAT, **common, "shards": []}
        for key, expected in common.items():
            if self._index.get(key) != expected:
                raise ValueError(
                    f"{path}: got {key}={self._index.get(key)!r}, expected {expected!r}; choose another folder"
                )

    @property
    def counts(self) -> dict[str, int]:
        """Frames of each complete shard, by name."""
        return {shard["name"]: int(shard["count"]) for shard in self._index["shards"]}

    @property
    def count(self) -> int:
        """Frames in complete shards."""
        return sum(self.counts.values())

    def write(
        self,
        name: str,
        image: NDArray[np.uint8],
        range_m: NDArray[np.floating[Any]],
        camera: NDArray[np.float64],
        origin: NDArray[np.int64],
        **facts: Any,
    ) -> None:
        """Writes one shard (n frames) and then the index, each by renaming a finished file.

        A shard of the same name is replaced. The index lists shards by name, whichever was finished first. ValueError
        when the shapes disagree.
        """
        n, shape = len(image), (self._index["height"], self._index["width"])
        got = (image.shape, range_m.shape, camera.shape, origin.shape)
        if got != ((n, *shape, 3), (n, *shape), (n, 7), (n, 2)):
            raise ValueError(
                f"shard {name}: got image {got[0]}, range {got[1]}, camera {got[2]}, origin {got[3]}; "
                f"expected (n, {shape[0]}, {shape[1]}, 3), (n, {shape[0]}, {shape[1]}), (n, 7) and (n, 2)"
            )
        arrays: tuple[NDArray[Any], ...] = (
            image.astype(np.uint8),
            range_m.astype(np.float16),
            camera.astype(np.float64),
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
    """All frames of one folder or several, in the order given, memory mapped.

    ValueError when no folder is given, one has no readable index, or their image sizes differ; FileNotFoundError when a
    shard's file is missing.
    """

    def __init__(self, folders: str | Path | Sequence[str | Path]) -> None:
        self.folders = tuple(map(Path, [folders] if isinstance(folders, str | Path) else folders))
        if not self.folders:
            raise ValueError("data: got no folder, expected at least one written by grin_ros.data.sparse.ShardWriter")
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
                {part: np.load(folder / f"{shard['name']}.{part}.npy", mmap_mode="r") for part in PARTS}
                for folder, index in zip(self.folders, indices, strict=True)
                for shard in index["shards"]
            ]
        )

    def _keep(self, shards: list[dict[str, NDArray[Any]]]) -> None:
        self._shards = shards
        self._ends = np.cumsum([len(shard["image"]) for shard in shards], dtype=np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def _find(self, index: int) -> tuple[dict[str, NDArray[Any]], int]:
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index}: the data set has {len(self)} samples")
        shard = int(np.searchsorted(self._ends, index, side="right"))
        return self._shards[shard], index - (int(self._ends[shard - 1]) if shard else 0)

    def origin(self, index: int) -> tuple[int, int]:
        """Scene seed and view number of a sample. IndexError outside the data set."""
        shard, k = self._find(index)
        return int(shard["origin"][k, 0]), int(shard["origin"][k, 1])

    def sample(self, index: int) -> Sample:
        """One frame; the arrays are copies. IndexError outside the data set."""
        shard, k = self._find(index)
        fx, fy, cx, cy, height_m, roll_rad, pitch_rad = (float(v) for v in shard["camera"][k])
        known = bool(np.isfinite([height_m, roll_rad, pitch_rad]).all())
        mounting = Mounting(height_m, roll_rad, pitch_rad) if known else None
        camera = Camera(self.width, self.height, fx, fy, cx, cy, mounting=mounting)
        return Sample(np.array(shard["image"][k]), np.array(shard["range"][k]), camera)

    def split(self, holdout: int) -> tuple[ShardDataset, ShardDataset]:
        """(training, held out): the last shards with at least ``holdout`` frames are held out.

        Whole shards, so that no room is on both sides. ValueError when nothing would be left to train on.
        """
        sizes = [len(shard["image"]) for shard in self._shards]
        kept = len(sizes)
        while kept and sum(sizes[kept:]) < holdout:
            kept -= 1
        if kept == 0:
            raise ValueError(
                f"split: got holdout={holdout} of {len(self)} frames in {len(sizes)} shards, "
                "expected at least one shard to stay"
            )
        return self._part(self._shards[:kept]), self._part(self._shards[kept:])

    def _part(self, shards: list[dict[str, NDArray[Any]]]) -> ShardDataset:
        part = copy(self)
        part._keep(shards)
        return part


def _read_index(path: Path) -> dict[str, Any]:
    """ValueError when there is none, or it is of another format."""
    if not path.exists():
        raise ValueError(
            f"{path.parent}: got no index.json, expected a data set written by grin_ros.data.sparse.ShardWriter"
        )
    index: dict[str, Any] = json.loads(path.read_text())
    if index.get("format") != FORMAT:
        raise ValueError(f"{path}: got format {index.get('format')!r}, expected {FORMAT}; render the data set again")
    return index
