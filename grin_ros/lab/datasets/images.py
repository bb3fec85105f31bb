# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Files of images with measured depth: how they are read, and which files of two folders belong together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.input_error import InputError
from grin_ros.core.opencv_name import opencv_name

KINDS = (".png", ".tif", ".tiff", ".npy")
"""The suffixes of depth maps, in lower case."""
_NUMBER = re.compile(r"(?<!\d)(?<!\d\.)(\d+)")
"""A number in a name. The digits behind the point of a stamp are none: as text, .25 is before .5."""


def read_image(path: Path) -> NDArray[np.uint8]:
    """Return an image (H, W, 3) uint8 RGB as it is stored. Raises InputError if it cannot be read.

    A rotation in the EXIF data is not applied, because K, pose and depth belong to the stored pixels.
    """
    image = cv2.imread(opencv_name(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise _unreadable(path)
    return np.ascontiguousarray(image[..., ::-1], np.uint8)


def read_depth(path: Path, scale: float, width: int, height: int) -> NDArray[np.float32]:
    """Return the depth (height, width) float32 of an image in metres along z, NaN where nothing was measured.

    scale: the values of the file per metre; 0 is not measured. Raises InputError if the file cannot be read, has not
    one channel of 16 bits, or is not of the size of the image.
    """
    values = cv2.imread(opencv_name(path), cv2.IMREAD_UNCHANGED)
    if values is None:
        raise _unreadable(path)
    if values.dtype != np.uint16 or values.shape != (height, width):
        raise InputError(
            f"{path}: got depth of shape {values.shape} {values.dtype}, expected {(height, width)} uint16",
            "write one channel of 16 bits, pixel for pixel with the image",
        )
    return np.where(values > 0, values / np.float32(scale), np.float32(np.nan)).astype(np.float32)


def _unreadable(path: Path) -> InputError:
    reason = "it is not an image that OpenCV reads" if path.is_file() else "there is no such file"
    return InputError(f"{path}: cannot be read: {reason}", "replace it, or convert it to PNG")


def paired(images: Path, depth: Path, kinds: Sequence[str] = KINDS) -> tuple[list[tuple[Path, Path]], str]:
    """Return (image, depth map) of two folders in the order of their names, and what a user has to be warned of, or ''.

    Files of one name without suffix are a pair, and the others are left out. Where no names agree, the order counts.
    Numbers in names are sorted by their value. kinds: the suffixes of depth maps, in lower case.

    Raises InputError if two files of a folder have one name, and if no names agree and the numbers of files differ.
    """
    pictures = _by_name(path for path in images.iterdir() if path.is_file() and cv2.haveImageReader(opencv_name(path)))
    maps = _by_name(path for path in depth.iterdir() if path.is_file() and path.suffix.lower() in kinds)
    common = [(picture, maps[name]) for name, picture in pictures.items() if name in maps]
    if common:
        alone = [path for found, other in ((pictures, maps), (maps, pictures)) for path in _without(found, other)]
        told = f"{len(alone)} files are left out: no file of the other folder has their name"
        return common, f"{told}, for instance {alone[0].name}" if alone else ""
    if not pictures or len(pictures) != len(maps):
        raise InputError(
            f"{images}, {depth}: got {len(pictures)} images and {len(maps)} depth maps without common names",
            "give a depth map the name of its image, or the same number of both in the same order",
        )
    pairs = list(zip(pictures.values(), maps.values(), strict=True))
    first, last = (f"{picture.name} with {depth_map.name}" for picture, depth_map in (pairs[0], pairs[-1]))
    return pairs, (
        f"no names agree, so files are paired by their order, {first} to {last}; if a frame is missing in one folder, "
        "give each depth map the name of its image"
    )


def _by_name(paths: Iterable[Path]) -> dict[str, Path]:
    """Return the files by their names without suffix, in order. Raises InputError for two files of one name."""
    found: dict[str, Path] = {}
    for path in sorted(paths, key=_place):
        if path.stem in found:
            both = f"{found[path.stem].name} and {path.name}"
            raise InputError(
                f"{path.parent}: got {both}, expected one file of the name '{path.stem}'",
                "remove or rename one of them",
            )
        found[path.stem] = path
    return found


def _place(path: Path) -> tuple[list[str | int], str]:
    """Return what a file is sorted by: img9 is before img10."""
    return [int(part) if part.isdecimal() else part for part in _NUMBER.split(path.stem)], path.name


def _without(found: dict[str, Path], other: dict[str, Path]) -> list[Path]:
    return [path for name, path in found.items() if name not in other]
