# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures from files: photographs, folders of them, and frames of videos."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.input_error import InputError
from grin_ros.core.opencv_name import opencv_name
from grin_ros.core.photo.exif import Exif, read_exif
from grin_ros.core.picture_stream import declared

logger = logging.getLogger(__name__)

VIDEO_SUFFIXES = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".ts", ".webm", ".wmv"})
"""Only these are opened as videos, because FFmpeg takes many other files, even text, for a video."""
PICTURE_SUFFIXES = frozenset({".avif", ".bmp", ".heic", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
"""In a folder, a file of these that cannot be read is named and not passed over."""
_REMEDY = "give a photograph (JPEG, PNG, TIFF, WebP, BMP), a folder of them, or a video; convert other formats to JPEG"


@dataclass(frozen=True)
class Source:
    """A file to work on. name: begins the names of its results. video: it is a video and not a photograph."""

    path: Path
    name: str
    video: bool


@dataclass(frozen=True)
class Picture:
    """A picture of a file, as it is there.

    name: begins the names of its results. image: (H, W, 3) uint8 RGB, upright. exif: None for a video.
    """

    path: Path
    name: str
    image: NDArray[np.uint8]
    exif: Exif | None


def find_sources(paths: Sequence[Path]) -> list[Source]:
    """Return the photographs and videos that are named, and the photographs of the folders that are.

    Raises InputError for a path that does not exist, a file that is neither, and a folder without photographs.
    """
    files: list[tuple[Path, bool]] = []
    for path in paths:
        if path.is_dir():
            inside = [file for file in sorted(path.iterdir()) if file.is_file() and _may_be_picture(file)]
            if not any(map(_has_reader, inside)):
                raise InputError(f"{path}: the folder has no picture that can be read", _REMEDY)
            files += [(file, False) for file in inside]
        elif not path.exists():
            raise InputError(f"{path}: there is no such file or folder", "correct the path")
        elif cv2.haveImageReader(opencv_name(path)):
            files.append((path, False))
        elif _is_video(path):
            files.append((path, True))
        else:
            raise InputError(f"{path}: it is neither a picture nor a video that can be read", _REMEDY)
    return [Source(path, name, video) for (path, video), name in zip(files, _names(files), strict=True)]


def _names(files: Sequence[tuple[Path, bool]]) -> list[str]:
    """Return a name for the results of each file: its stem, with a number where results would overwrite each other.

    So they would for a.jpg and a.png, for pictures of the same name in two folders, and for clip_000030.jpg and the
    30th frame of clip.mp4.
    """
    stems = Counter(path.stem for path, _ in files)
    names: dict[Path, str] = {}
    taken, videos, numbers = set(stems), set[str](), Counter[str]()
    for path, video in sorted(files, key=lambda each: not each[1]):  # videos first, because their frames have names too
        name, frame = path.stem, re.fullmatch(r"(.+)_\d{6,}", path.stem)
        if stems[name] > 1 or (not video and frame and frame[1] in videos):
            while name in taken:
                numbers[path.stem] += 1
                name = f"{path.stem}_{numbers[path.stem]}"
        taken.add(name)
        videos |= {name} if video else set()
        names[path] = name
    return [names[path] for path, _ in files]


def read_pictures(source: Source, every: int) -> Iterator[Picture]:
    """Yield the photograph, or every `every`-th frame of the video from the first one on.

    Raises InputError if a photograph cannot be read, or is incomplete.
    """
    if source.video:
        yield from _frames(source, every)
        return
    image = cv2.imread(opencv_name(source.path), cv2.IMREAD_COLOR)  # turned upright as EXIF says
    if image is None or truncated(source.path):
        raise InputError(
            f"{source.path}: the picture is damaged, or of a kind that OpenCV cannot read",
            "copy it again, or save it as JPEG or PNG of 8 or 16 bits",
        )
    yield Picture(source.path, source.name, _rgb(image), read_exif(source.path))


def truncated(path: Path) -> bool:
    """Return True if a file begins as JPEG or PNG and its end is missing; OpenCV fills a JPEG with grey then."""
    try:
        found = declared(path.read_bytes())
    except InputError:
        return True
    return found is not None and not found.complete


def _may_be_picture(file: Path) -> bool:
    return file.suffix.lower() in PICTURE_SUFFIXES or _has_reader(file)


def _has_reader(file: Path) -> bool:
    """Return whether OpenCV reads a file of a folder. One whose name it cannot take is named when it is read."""
    try:
        return bool(cv2.haveImageReader(opencv_name(file)))
    except InputError:
        return file.suffix.lower() in PICTURE_SUFFIXES


def _frames(source: Source, every: int) -> Iterator[Picture]:
    capture = cv2.VideoCapture(str(source.path))
    try:
        index = 0
        while capture.grab():
            if index % every == 0:
                valid, image = capture.retrieve()
                if valid:
                    yield Picture(source.path, f"{source.name}_{index:06d}", _rgb(image), None)
                else:
                    logger.warning("%s: frame %d is damaged and left out", source.path, index)
            index += 1
    finally:
        capture.release()


def _is_video(path: Path) -> bool:
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        return False
    capture = cv2.VideoCapture(str(path))
    try:
        return bool(capture.isOpened() and capture.grab())
    finally:
        capture.release()


def _rgb(image: NDArray[Any]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
