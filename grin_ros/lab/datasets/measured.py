# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Measured depth to evaluate on: a folder with images, depth PNGs and an index.json with their calibration (format 1).

index.json   {"format": 1, "samples": [{"name", "scene", "domain", "image", "depth", "depth_scale",
              "K", "D", "distortion_model", "width", "height"[, "source", "licence"]}, ...]}
depth        uint16 PNG of the image's size; metres along z = value / depth_scale; 0 = not measured
K            3x3 camera matrix of the stored image; integer coordinates are pixel centres. A sample may leave out K, D,
             distortion_model, width and height: then its camera is told when the data is opened
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.config import from_mapping, nearest
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.rays import points_from_depth
from grin_ros.core.input_error import InputError
from grin_ros.core.photo.cameras import CameraChoice
from grin_ros.core.types import Frame
from grin_ros.lab.datasets.floor_fit import mounting_of_floor
from grin_ros.lab.datasets.images import read_depth, read_image

logger = logging.getLogger(__name__)

FORMAT = 1


@dataclass(frozen=True)
class EvalSample:
    """One frame with measured depth.

    name: unique in the data set. scene: the same for all frames of one recording. domain: for instance 'indoor' or
    'outdoor'. depth_m: (H, W) float32, metres along z, NaN where nothing was measured. sky: (H, W), True where the
    ground truth is beyond range; None if that is not known. exact: True if depth and image have their edges at the same
    pixels, as renders do. Raises ValueError for depth of another size than the image.
    """

    name: str
    scene: str
    domain: str
    frame: Frame
    depth_m: NDArray[np.float32]
    sky: NDArray[np.bool_] | None = None
    exact: bool = False

    def __post_init__(self) -> None:
        expected = self.frame.image.shape[:2]
        if self.depth_m.shape != expected:
            raise ValueError(
                f"sample '{self.name}': depth of shape {self.depth_m.shape}, expected the image's {expected}; "
                "store depth pixel for pixel with the image"
            )


@dataclass(frozen=True)
class SampleEntry:
    """One sample as index.json lists it. Raises ValueError for values that are not allowed there."""

    name: str
    scene: str
    domain: str
    image: str
    depth: str
    depth_scale: float
    K: tuple[tuple[float, ...], ...] = ()
    D: tuple[float, ...] = ()
    distortion_model: str = "none"
    width: int = 0
    height: int = 0
    source: str = ""
    licence: str = ""

    def __post_init__(self) -> None:
        where = f"sample '{self.name}'"
        for key in ("name", "scene", "domain"):
            value = getattr(self, key)
            if not value or any(character in value for character in "/\\\0") or value.startswith("."):
                raise ValueError(f"{where}: {key} is {value!r}, expected a word that can name a file; rename it")
        for key in ("image", "depth"):
            path = PurePosixPath(getattr(self, key))
            if path.is_absolute() or ".." in path.parts:
                raise ValueError(f"{where}: {key} is '{path}', expected a path inside the data set's folder")
        if not self.depth_scale > 0.0:
            raise ValueError(f"{where}: depth_scale is {self.depth_scale}, expected PNG values per metre, more than 0")
        if self.K:
            self.camera()

    def camera(self) -> Camera:
        """Return the camera of the image. Raises ValueError if K, D and the size are not those of one."""
        try:
            return Camera.from_k(np.array(self.K), self.D, self.distortion_model, self.width, self.height)
        except ValueError as error:
            raise ValueError(f"sample '{self.name}': {error}") from error


class EvalDataset:
    """The samples of a folder, which are read from disk when they are used. It can be iterated more than once.

    cameras: tells the cameras of samples without K. mountings: name of a sample -> the mounting of its camera, where it
    is known. Raises ValueError with the remedy if the folder, its index or a file does not follow the format.
    """

    def __init__(
        self,
        root: Path,
        entries: tuple[SampleEntry, ...],
        cameras: CameraChoice | None = None,
        mountings: Mapping[str, Mounting] | None = None,
    ) -> None:
        self.root = root
        self.entries = entries
        self.cameras = cameras
        self.mountings = mountings or {}

    @classmethod
    def open(cls, root: str | Path, cameras: CameraChoice | None = None) -> EvalDataset:
        """Open the folder `root`, and check its index.json: every entry, its calibration, and that its files exist."""
        root = Path(root).expanduser()
        index = root / "index.json"
        try:
            values = json.loads(index.read_text(encoding="utf-8"))
        except OSError as error:
            raise ValueError(
                f"{index}: cannot be read ({error.strerror}); give the folder of a data set, the one with index.json"
            ) from error
        except ValueError as error:
            raise ValueError(f"{index}: not valid JSON ({error}); write it again") from error
        got = values.get("format") if isinstance(values, Mapping) else None
        if got != FORMAT:
            raise ValueError(f"{index}: format {got!r}, this version reads {FORMAT}; convert the data set")
        samples = values.get("samples")
        if not isinstance(samples, list) or not samples:
            raise ValueError(f'{index}: lists no samples, expected "samples": [{{...}}, ...]; write it again')
        entries = tuple(from_mapping(SampleEntry, sample, f"{index}, sample {i}") for i, sample in enumerate(samples))
        names = [entry.name for entry in entries]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{index}: the name '{twice[0]}' occurs more than once; names must be unique")
        bare = [entry.name for entry in entries if not entry.K]
        if bare and cameras is None:
            raise ValueError(
                f"{index}: {len(bare)} of {len(entries)} samples have no K, the first is '{bare[0]}'; give "
                "--calibration FILE or --fov DEG, or write K, D and distortion_model into the index"
            )
        if cameras is not None and not bare:
            raise ValueError(f"{index}: every sample has its own K; leave --calibration and --fov out")
        for path in (root / file for entry in entries for file in (entry.image, entry.depth)):
            if not path.is_file():
                raise ValueError(
                    f"{path}: cannot be read: there is no such file; fetch the data set again, or correct its "
                    "index.json"
                )
        return cls(root, entries, cameras)

    def check(self) -> None:
        """Read every sample once, so that a damaged file is found before hours of work. Raises ValueError."""
        for _ in self:
            pass

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains in the order of the index."""
        return tuple(dict.fromkeys(entry.domain for entry in self.entries))

    def select(
        self, domain: str | None = None, every: int = 1, limit: int | None = None, frames: int | None = None
    ) -> EvalDataset:
        """Return the samples of one domain (None: all), reduced to those of `chosen`. Raises ValueError."""
        if domain is not None and domain not in self.domains:
            raise ValueError(
                f"domain: got '{domain}', {self.root} holds {', '.join(self.domains)}{nearest(domain, self.domains)}"
            )
        entries = [entry for entry in self.entries if domain is None or entry.domain == domain]
        kept = tuple(entries[i] for i in chosen(len(entries), every, limit, frames))
        return EvalDataset(self.root, kept, self.cameras, self.mountings)

    def mounted(self) -> EvalDataset:
        """Return the samples that show their floor, whose cameras then have the mounting that it says.

        The log says how many do not show it. Raises ValueError if none does.
        """
        found = {}
        for sample in self:
            mounting = mounting_of_floor(points_from_depth(sample.depth_m, sample.frame.camera.rays()))
            if mounting is not None:
                found[sample.name] = mounting
        if not found:
            raise ValueError(f"{self.root}: no sample shows its floor, so no mounting is known; leave --mounting out")
        logger.info("%s: %d of %d samples show their floor", self.root, len(found), len(self.entries))
        showing = tuple(entry for entry in self.entries if entry.name in found)
        return EvalDataset(self.root, showing, self.cameras, found)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> EvalSample:
        return self._read(self.entries[index])

    def __iter__(self) -> Iterator[EvalSample]:
        return map(self._read, self.entries)

    def _read(self, entry: SampleEntry) -> EvalSample:
        where = f"{self.root}, sample '{entry.name}'"
        image = read_image(self.root / entry.image)
        height, width = image.shape[:2]
        expected = (entry.height, entry.width)
        if entry.K and (height, width) != expected:
            raise ValueError(f"{where}: got an image of {height, width}, expected {expected}; correct the index")
        depth_m = read_depth(self.root / entry.depth, entry.depth_scale, width, height)
        camera = self._camera(entry, where, width, height)
        if entry.name in self.mountings:
            camera = camera.with_mounting(self.mountings[entry.name])
        return EvalSample(entry.name, entry.scene, entry.domain, Frame(image, camera), depth_m)

    def _camera(self, entry: SampleEntry, where: str, width: int, height: int) -> Camera:
        if entry.K or self.cameras is None:
            return entry.camera()
        try:
            return self.cameras(width, height).camera
        except InputError as error:
            raise InputError(f"{where}: {error.text}", error.remedy) from error


OF_SET = ": "
"""The text between the name of a data set and that of a domain, where several data sets are evaluated together."""


class EvalSets:
    """The samples of several data sets, one set after the other.

    The domain of a sample becomes 'set: domain' and its name 'set-name', with the name of the set's folder.
    """

    def __init__(self, sets: Sequence[EvalDataset]) -> None:
        names = [data.root.name for data in sets]
        if len(set(names)) < len(names):
            raise ValueError(f"data: got sets called {', '.join(names)}, expected different names; rename a folder")
        self.sets = tuple(sets)

    def check(self) -> None:
        """Read every sample once, as `EvalDataset.check` does."""
        for data in self.sets:
            data.check()

    def __len__(self) -> int:
        return sum(map(len, self.sets))

    def __iter__(self) -> Iterator[EvalSample]:
        for data in self.sets:
            for sample in data:
                name = data.root.name
                yield replace(sample, name=f"{name}-{sample.name}", domain=f"{name}{OF_SET}{sample.domain}")


def chosen(count: int, every: int = 1, limit: int | None = None, frames: int | None = None) -> list[int]:
    """Return indices of `count` samples: every k-th, of these the first `limit`, of these `frames` evenly spread.

    None means all. Raises ValueError for numbers below 1.
    """
    for name, number in (("every", every), ("limit", limit), ("frames", frames)):
        if number is not None and number < 1:
            raise ValueError(f"{name}: got {number}, expected 1 or more")
    indices = list(range(0, count, every))[:limit]
    if frames is None or frames >= len(indices):
        return indices
    return [indices[int(i)] for i in np.linspace(0, len(indices) - 1, frames).round()]
