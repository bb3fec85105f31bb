# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sequences: the images of one moving camera with their poses, and measured depth of some of them.

images/NAME.jpg or .png   the images, all of one size
poses.txt                 NAME and the 12 numbers, row by row, of the (3, 4) camera-to-world matrix (metres, optical)
stamps.txt                NAME and the time in seconds
K.txt                     the camera matrix, 3 rows of 3 numbers
D.txt                     'none', or the numbers of plumb_bob or rational_polynomial, or a model's name and its numbers
depth/NAME.png            uint16, 1000 per metre along z, 0 where nothing was measured; for some images only
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.distortion import DISTORTION_MODELS
from grin_ros.core.geometry.transform import Transform
from grin_ros.lab.datasets.images import read_depth, read_image

DEPTH_PER_METRE = 1000.0
NOISE_VIEWS = 20
"""The noise of a position is a share of the distance to the image that stands this many images before."""


@dataclass(frozen=True)
class SequenceFrame:
    """One image of a sequence. pose: takes points of the optical frame to the world. depth: the file, None if there is
    no measured depth."""

    name: str
    stamp_ns: int
    pose: Transform
    image: Path
    depth: Path | None

    def read_image(self) -> NDArray[np.uint8]:
        """Return the image (H, W, 3) uint8 RGB. Raises ValueError if it cannot be read."""
        return read_image(self.image)

    def read_depth(self, camera: Camera) -> NDArray[np.float32] | None:
        """Return depth (H, W) float32 in metres along z, NaN where nothing was measured; None if there is no file.

        camera: that of the sequence. Raises ValueError for depth that is not of 16 bits or of another size.
        """
        return None if self.depth is None else read_depth(self.depth, DEPTH_PER_METRE, camera.width, camera.height)


@dataclass(frozen=True)
class Sequence:
    """The images of one camera in the order of their stamps."""

    name: str
    camera: Camera
    frames: tuple[SequenceFrame, ...]

    def __iter__(self) -> Iterator[SequenceFrame]:
        return iter(self.frames)

    def __len__(self) -> int:
        return len(self.frames)

    @classmethod
    def open(cls, root: str | Path) -> Sequence:
        """Read the folder `root`. Raises ValueError that names the file and says what was expected."""
        root = Path(root).expanduser()
        poses, stamps = _numbers(root / "poses.txt", 12), _numbers(root / "stamps.txt", 1)
        images = {path.stem: path for path in sorted((root / "images").glob("*")) if path.suffix in (".jpg", ".png")}
        missing = [name for name in poses if name not in stamps or name not in images]
        if missing:
            raise ValueError(f"{root}: '{missing[0]}' is in poses.txt, but has no stamp or no image; add it to both")
        if not poses:
            raise ValueError(f"{root / 'poses.txt'}: got no poses, expected one line for each image")
        frames = []
        for name in sorted(poses, key=lambda one: (stamps[one][0], one)):
            matrix = np.array(poses[name]).reshape(3, 4)
            if np.abs(matrix[:, :3] @ matrix[:, :3].T - np.eye(3)).max() > 1e-3 or np.linalg.det(matrix[:, :3]) < 0:
                raise ValueError(
                    f"{root / 'poses.txt'}: the pose of '{name}' has no rotation matrix in its columns 1-3"
                )
            depth = root / "depth" / f"{name}.png"
            pose = Transform(matrix[:, :3], matrix[:, 3])
            stamp_ns = round(stamps[name][0] * 1e9)
            frames.append(SequenceFrame(name, stamp_ns, pose, images[name], depth if depth.exists() else None))
        return cls(root.resolve().name, _camera(root, frames[0].read_image()), tuple(frames))

    def with_pose_noise(self, distance: float, rotation_deg: float, seed: int = 0) -> Sequence:
        """Return the sequence with noise in every pose, independent from image to image.

        distance: one standard deviation of each coordinate of the position, as a share of the distance to the image
        NOISE_VIEWS before. rotation_deg: that of the rotation about each axis, in degrees.
        """
        rng = np.random.default_rng(seed)
        noisy = []
        for index, frame in enumerate(self.frames):
            before = self.frames[max(0, index - NOISE_VIEWS)].pose.translation_m
            share = distance * float(np.linalg.norm(frame.pose.translation_m - before))
            turned, _ = cv2.Rodrigues(math.radians(rotation_deg) * rng.normal(size=3))
            pose = Transform(frame.pose.rotation @ turned, frame.pose.translation_m + share * rng.normal(size=3))
            noisy.append(SequenceFrame(frame.name, frame.stamp_ns, pose, frame.image, frame.depth))
        return Sequence(self.name, self.camera, tuple(noisy))


def _numbers(path: Path, count: int) -> dict[str, list[float]]:
    """Return name -> its numbers, of a text file with one line for each name."""
    found = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, *words = line.split()
        try:
            values = [float(word) for word in words]
        except ValueError:
            values = []
        if len(values) != count or not all(map(math.isfinite, values)):
            raise ValueError(f"{path}, line {number}: got '{line[:60]}', expected a name and {count} finite numbers")
        found[name] = values
    return found


def _camera(root: Path, image: NDArray[np.uint8]) -> Camera:
    matrix = [float(word) for word in _text(root / "K.txt").split()]
    words = _text(root / "D.txt").split() if (root / "D.txt").exists() else []
    if words and words[0] in ("none", *DISTORTION_MODELS):
        model, words = words[0], words[1:]
    else:
        model = ("rational_polynomial" if len(words) > 5 else "plumb_bob") if words else "none"
    height, width = image.shape[:2]
    return Camera.from_k(matrix, [float(word) for word in words], model, width, height)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(
            f"{path}: cannot be read ({error.strerror}); give the folder of a sequence, the one with poses.txt"
        ) from error
