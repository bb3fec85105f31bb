# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A folder of frames with sparse labels. `ros` writes it from bags, and `lab` trains on it.

index.json   {"format": 1, "frames": [{"name", "recording", "stamp_ns", "camera": {...}, "pose"}, ...]}; a pose
             has 12 numbers, row by row, of the (3, 4) matrix from the optical frame to the fixed one, or is null
NAME.png     the image, at most WIDTH pixels wide; the camera of the index is that of this image
NAME.npz     the labels of the frame: the fields of `Hints` but `placed` and `unreached`
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.config import from_mapping
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.types import Frame, Hints

FORMAT = 1
WIDTH = 480
"""Wider images are reduced to this width, because the network sees them smaller still."""


@dataclass(frozen=True)
class LabelledFrame:
    """A frame with measured ranges of some of its pixels. recording: the bag or sequence that it comes from."""

    name: str
    recording: str
    frame: Frame
    labels: Hints
    pose: Transform | None = None
    """Takes points of the optical frame to a frame in which the world stands still; None if it is not known."""

    def at_pixels(self) -> tuple[NDArray[np.intp], NDArray[np.intp], Hints]:
        """Return rows (N,), columns (N,) and the labels that lie in the image, the farthest first.

        Written to an image in this order, the nearest of several labels at one pixel stays.
        """
        camera = self.frame.camera
        u, v = np.rint(self.labels.pixels).astype(np.intp).T
        inside = np.flatnonzero((u >= 0) & (v >= 0) & (u < camera.width) & (v < camera.height))
        order = inside[np.argsort(-self.labels.range_m[inside], kind="stable")]
        return v[order], u[order], self.labels.chosen(order)


@dataclass(frozen=True)
class _Entry:
    """A frame of the index."""

    name: str
    recording: str
    stamp_ns: int
    camera: dict[str, Any]
    pose: list[float] | None = None


class LabelWriter:
    """Writes frames to a folder. A folder that was begun is continued; `has` says which frames are there."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, or make it. Raises ValueError if it has an index of another kind."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        known = _read_index(folder) if (folder / "index.json").exists() else ()
        self._entries = {entry.name: entry for entry in known}

    def __len__(self) -> int:
        return len(self._entries)

    def has(self, name: str) -> bool:
        """Return True if the folder has a frame of this name."""
        return name in self._entries

    def add(self, labelled: LabelledFrame) -> None:
        """Write one frame. It is part of the folder after `save`."""
        small = reduced(labelled)
        ok, png = cv2.imencode(".png", small.frame.image[:, :, ::-1])
        if not ok:
            raise ValueError(f"{labelled.name}: the image cannot be written as PNG; check its size")
        (self.folder / f"{small.name}.png").write_bytes(png.tobytes())
        # The pose of the frame is in the index, and lessons are not carried from frame to frame.
        kept = (one.name for one in dataclasses.fields(Hints) if one.name not in ("placed", "unreached"))
        labels = {name: getattr(small.labels, name) for name in kept}
        np.savez_compressed(self.folder / f"{small.name}.npz", **labels)
        camera = dataclasses.asdict(small.frame.camera)
        pose = None if small.pose is None else np.column_stack([small.pose.rotation, small.pose.translation_m])
        numbers = None if pose is None else pose.reshape(-1).tolist()
        self._entries[small.name] = _Entry(small.name, small.recording, small.frame.stamp_ns, camera, numbers)

    def save(self) -> None:
        """Write the index, as a whole."""
        frames = [dataclasses.asdict(entry) for entry in self._entries.values()]
        temporary = self.folder / ".index.tmp"
        temporary.write_text(json.dumps({"format": FORMAT, "frames": frames}) + "\n")
        temporary.replace(self.folder / "index.json")


class LabelFolder:
    """The frames of one or more folders, ordered by recording and time, read from disk when they are used."""

    def __init__(self, folders: Path | Sequence[Path]) -> None:
        """Open the folders. Raises ValueError if one is of another kind, or if there is no frame."""
        paths = [folders] if isinstance(folders, Path) else list(folders)
        found = [(path, entry) for path in paths for entry in _read_index(path)]
        if not found:
            raise ValueError(f"{', '.join(map(str, paths))}: no frame with labels; write some with grin teach BAG")
        self._found = sorted(found, key=lambda item: (item[1].recording, item[1].stamp_ns))

    def __len__(self) -> int:
        return len(self._found)

    def recording(self, index: int) -> str:
        """Return the recording of a frame."""
        return self._found[index][1].recording

    def stamp_ns(self, index: int) -> int:
        """Return the stamp of a frame in nanoseconds."""
        return self._found[index][1].stamp_ns

    def digest(self) -> str:
        """Return a text that is another one when any frame is: its image, its labels, its camera or its pose."""
        found = hashlib.sha256()
        for folder, entry in self._found:
            found.update(json.dumps(dataclasses.asdict(entry), sort_keys=True).encode())
            for suffix in (".png", ".npz"):
                found.update((folder / f"{entry.name}{suffix}").read_bytes())
        return found.hexdigest()

    def pose(self, index: int) -> Transform | None:
        """Return the pose of the camera at a frame; None if it is not known."""
        return _pose(self._found[index][1])

    def __getitem__(self, index: int) -> LabelledFrame:
        """Read one frame. Raises ValueError if its files cannot be read."""
        folder, entry = self._found[index]
        bgr = cv2.imread(str(folder / f"{entry.name}.png"), cv2.IMREAD_COLOR)
        if bgr is None:
            raise ValueError(f"{folder / entry.name}.png: cannot be read; write the folder again")
        with np.load(folder / f"{entry.name}.npz", allow_pickle=False) as stored:
            values: dict[str, Any] = {key: stored[key] for key in stored.files}
        labels = Hints(**{**values, "sources": tuple(values["sources"].tolist())})
        image = np.ascontiguousarray(bgr[:, :, ::-1]).astype(np.uint8)
        frame = Frame(image, _camera(entry), entry.stamp_ns)
        return LabelledFrame(entry.name, entry.recording, frame, labels, _pose(entry))


def reduced(labelled: LabelledFrame) -> LabelledFrame:
    """Return the frame with its image reduced to WIDTH, if it is wider; labels and camera follow."""
    camera = labelled.frame.camera
    if camera.width <= WIDTH:
        return labelled
    small = camera.resized(WIDTH, max(1, round(camera.height * WIDTH / camera.width)))
    size = np.array([small.width, small.height]) / (camera.width, camera.height)
    image = cv2.resize(labelled.frame.image, (small.width, small.height), interpolation=cv2.INTER_AREA)
    pixels = ((labelled.labels.pixels + 0.5) * size - 0.5).astype(np.float32)
    frame = Frame(np.asarray(image, np.uint8), small, labelled.frame.stamp_ns)
    return replace(labelled, frame=frame, labels=replace(labelled.labels, pixels=pixels))


def _camera(entry: _Entry) -> Camera:
    mounting = entry.camera["mounting"]
    known = None if mounting is None else Mounting(**mounting)
    return Camera(**{**entry.camera, "distortion": tuple(entry.camera["distortion"]), "mounting": known})


def _pose(entry: _Entry) -> Transform | None:
    if entry.pose is None:
        return None
    matrix = np.array(entry.pose, np.float64).reshape(3, 4)
    return Transform(matrix[:, :3], matrix[:, 3])


def _read_index(folder: Path) -> tuple[_Entry, ...]:
    """Read an index. Raises ValueError if there is none or its format is another one."""
    path = folder / "index.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read ({error}); expected a folder that grin teach has written") from error
    got = values.get("format") if isinstance(values, dict) else None
    if got != FORMAT or "frames" not in values:
        raise ValueError(f"{path}: got format {got!r} without frames, expected {FORMAT}; write it with grin teach BAG")
    return tuple(from_mapping(_Entry, entry, f"{path}, frame {i}") for i, entry in enumerate(values["frames"]))
