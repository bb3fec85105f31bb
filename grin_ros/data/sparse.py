# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Training data on disk: a folder of shards of images, ranges and cameras, written once and read through memory maps.

``index.json`` names the shards; each shard is ``<name>.image.npy`` (n, h, w, 3) uint8 RGB, ``<name>.range.npy`` (n, h, w) float16 range
along the ray in metres (inf: beyond range, nan: unmeasured), ``<name>.camera.npy`` (n, 7) float64 fx, fy, cx, cy, height_m, roll_rad,
pitch_rad (nan: mounting unknown), and ``<name>.origin.npy`` (n, 2) int64 scene seed and view number.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
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
    """Appends shards to a folder. A shard is listed in the index only when all its files stand, so an interrupted run resumes after the last
    whole shard. ValueError when the folder holds shards of another size, licence or seed."""

    def __init__(
        self, folder: Path, width: int, height: int, licence: str, assets: Sequence[str] = (), **facts: Any
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._index: dict[str, Any] = {
            "format": FORMAT, "width": width, "height": height, "licence": licence, "assets": list(assets), **facts, "shards": []
        }  # fmt: skip
        path = folder / "index.json"
        if path.exists():
            found = json.loads(path.read_text())
            for key in ("format", "width", "height", *facts):
                if found.get(key) != self._index[key]:
                    raise ValueError(
                        f"{path}: got {key}={found.get(key)!r}, expected {self._index[key]!r}; choose another folder"
                    )
            self._index = found

    @property
    def names(self) -> list[str]:
        """Names of the shards that are complete."""
        return [shard["name"] for shard in self._index["shards"]]

    @property
    def count(self) -> int:
        """Frames in complete shards."""
        return sum(int(shard["count"]) for shard in self._index["shards"])

    def write(
        self,
        name: str,
        image: NDArray[np.uint8],
        range_m: NDArray[np.floating[Any]],
        camera: NDArray[np.float64],
        origin: NDArray[np.int64],
        **facts: Any,
    ) -> None:
        """Writes one shard (n frames) and then the index, each by renaming a finished file. ValueError when the shapes disagree."""
        n, shape = len(image), (self._index["height"], self._index["width"])
        if (
            image.shape != (n, *shape, 3)
            or range_m.shape != (n, *shape)
            or camera.shape != (n, 7)
            or origin.shape != (n, 2)
        ):
            raise ValueError(
                f"shard {name}: got image {image.shape}, range {range_m.shape}, camera {camera.shape}, origin {origin.shape}; "
                f"expected (n, {shape[0]}, {shape[1]}, 3), (n, {shape[0]}, {shape[1]}), (n, 7) and (n, 2)"
            )
        arrays = (
            image.astype(np.uint8),
            range_m.astype(np.float16),
            camera.astype(np.float64),
            origin.astype(np.int64),
        )
        for part, array in zip(PARTS, arrays, strict=True):
            temporary = self.folder / f".{name}.{part}.tmp.npy"
            np.save(temporary, array)
            temporary.replace(self.folder / f"{name}.{part}.npy")
        self._index["shards"] = [s for s in self._index["shards"] if s["name"] != name] + [
            {"name": name, "count": n, **facts}
        ]
        temporary = self.folder / ".index.tmp.json"
        temporary.write_text(json.dumps(self._index, indent=1) + "\n")
        temporary.replace(self.folder / "index.json")


class ShardDataset:
    """All frames of a folder, memory mapped. ValueError when there is no index or it is of another format; FileNotFoundError when a shard's
    file is missing."""

    def __init__(self, folder: Path, shards: Sequence[str] | None = None) -> None:
        path = folder / "index.json"
        if not path.exists():
            raise ValueError(
                f"{folder}: got no index.json, expected a data set written by grin_ros.data.sparse.ShardWriter"
            )
        index = json.loads(path.read_text())
        if index.get("format") != FORMAT:
            raise ValueError(
                f"{path}: got format {index.get('format')!r}, expected {FORMAT}; render the data set again"
            )
        self.folder, self.index = folder, index
        self.width, self.height = int(index["width"]), int(index["height"])
        self.names = [s["name"] for s in index["shards"]] if shards is None else list(shards)
        self._maps = [
            {part: np.load(folder / f"{name}.{part}.npy", mmap_mode="r") for part in PARTS} for name in self.names
        ]
        self._ends = np.cumsum([len(m["image"]) for m in self._maps], dtype=np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def _find(self, index: int) -> tuple[dict[str, NDArray[Any]], int]:
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index}: the data set has {len(self)} samples")
        shard = int(np.searchsorted(self._ends, index, side="right"))
        return self._maps[shard], index - (int(self._ends[shard - 1]) if shard else 0)

    def origin(self, index: int) -> tuple[int, int]:
        """Scene seed and view number of a sample. IndexError outside the data set."""
        maps, k = self._find(index)
        return int(maps["origin"][k, 0]), int(maps["origin"][k, 1])

    def sample(self, index: int) -> Sample:
        """One frame; the arrays are copies. IndexError outside the data set."""
        maps, k = self._find(index)
        fx, fy, cx, cy, height_m, roll_rad, pitch_rad = (float(v) for v in maps["camera"][k])
        mounting = (
            Mounting(height_m, roll_rad, pitch_rad) if np.isfinite([height_m, roll_rad, pitch_rad]).all() else None
        )
        camera = Camera(self.width, self.height, fx, fy, cx, cy, mounting=mounting)
        return Sample(np.array(maps["image"][k]), np.array(maps["range"][k]), camera)

    def split(self, holdout: int) -> tuple[ShardDataset, ShardDataset]:
        """(training, held out): the last shards with at least ``holdout`` frames are held out whole, so that no room is on both sides.
        ValueError when nothing would be left to train on."""
        sizes = [len(m["image"]) for m in self._maps]
        kept = len(sizes)
        while kept and sum(sizes[kept:]) < holdout:
            kept -= 1
        if kept == 0:
            raise ValueError(
                f"split: got holdout={holdout} of {len(self)} frames in {len(sizes)} shards, expected at least one shard to stay"
            )
        return ShardDataset(self.folder, self.names[:kept]), ShardDataset(self.folder, self.names[kept:])
