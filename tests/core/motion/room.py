# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A textured room of planes, seen by a camera anywhere in it, and a board that can move through it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.motion.config import MotionConfig
from grin_ros.core.motion.motion import Motion
from grin_ros.core.types import Hints

CAMERA = Camera(240, 180, 195.0, 195.0, 119.5, 89.5)
PERIOD_NS = 100_000_000
_TEXELS_PER_M = 40.0
# Axis and offset in metres of each plane: the far and the near wall, both sides, floor and ceiling (x right, y down).
_PLANES = ((2, 3.0), (2, -3.0), (0, 2.5), (0, -2.5), (1, 1.2), (1, -1.5))


def _texture(seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    noise = sum(cv2.GaussianBlur(rng.normal(size=(512, 512)), (0, 0), s) * s for s in (1.5, 4.0))
    return np.asarray(128.0 + 75.0 * noise, np.float32)


_TEXTURES = [_texture(seed) for seed in range(len(_PLANES) + 1)]
_BOARD_M = (0.5, 0.9)  # half its width and height


def view(
    camera: Camera, pose: Transform, board: Sequence[float] | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the image (H, W, 3) and the range (H, W) in metres. board: the centre of an upright board, metres."""
    key = (camera, pose.rotation.tobytes(), pose.translation_m.tobytes(), None if board is None else tuple(board))
    if key not in _SEEN:
        _SEEN[key] = _render(camera, pose, board)
    return _SEEN[key]


_SEEN: dict[object, tuple[NDArray[np.uint8], NDArray[np.float64]]] = {}  # tests share most views


def _render(
    camera: Camera, pose: Transform, board: Sequence[float] | None
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    rays = camera.rays().astype(np.float64) @ pose.rotation.T
    here = pose.translation_m
    range_m, grey = np.full(rays.shape[:2], np.inf), np.zeros(rays.shape[:2], np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        for (axis, offset), texture in zip(_PLANES, _TEXTURES, strict=False):
            _paint(rays, here, axis, offset, texture, range_m, grey)
        if board is not None:
            _paint(rays, here, 2, board[2], _TEXTURES[-1], range_m, grey, board)
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2), range_m


def _paint(rays, here, axis, offset, texture, range_m, grey, board=None) -> None:  # type: ignore[no-untyped-def]
    distance = (offset - here[axis]) / rays[..., axis]
    hit = (distance > 0.05) & (distance < range_m)
    points = here + rays * np.where(hit, distance, 1.0)[..., None]
    across = [other for other in range(3) if other != axis]
    if board is not None:
        points = points - np.array(board)
        hit &= (np.abs(points[..., 0]) < _BOARD_M[0]) & (np.abs(points[..., 1]) < _BOARD_M[1])
    u, v = (np.asarray(points[..., one] * _TEXELS_PER_M, np.float32) for one in across)
    shade = cv2.remap(texture, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    range_m[hit], grey[hit] = distance[hit], shade[hit]


def turned(axis: Sequence[float], degrees: float) -> NDArray[np.float64]:
    """Return the rotation (3, 3) about an axis."""
    rotation, _ = cv2.Rodrigues(np.radians(degrees) * np.asarray(axis, np.float64))
    return np.asarray(rotation)


def at(x: float, y: float, z: float, yaw_deg: float = 0.0) -> Transform:
    """Return the pose of a camera at a place of the room; yaw is to the right."""
    return Transform(turned((0.0, 1.0, 0.0), yaw_deg), np.array([x, y, z]))


def sideways(frames: int, step_m: float = 0.04) -> Iterator[Transform]:
    """A drive to the right that looks ahead and a little to the left."""
    return (at(-0.3 + step_m * index, 0.0, -1.0 + 0.01 * index, -5.0) for index in range(frames))


def driven(
    poses: Sequence[Transform] | Iterator[Transform],
    told: Sequence[Transform | None] | None = None,
    camera: Camera = CAMERA,
    config: MotionConfig | None = None,
    boards: Sequence[Sequence[float]] | None = None,
) -> tuple[Motion, Hints | None, NDArray[np.float64]]:
    """Return motion after a drive, its last hints and the true range of the last view.

    told: the poses that motion is told, if they are other ones than the true ones.
    """
    motion, hints, range_m = Motion(config), None, np.zeros(0)
    for index, pose in enumerate(poses):
        image, range_m = view(camera, pose, boards[index] if boards else None)
        motion.track(image, camera, (index + 1) * PERIOD_NS, pose if told is None else told[index])
        hints = motion.hints()
    return motion, hints, range_m


def errors(hints: Hints, range_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ln(hint / truth) of each hint."""
    u, v = np.clip(np.rint(hints.pixels).astype(int), 0, np.array(range_m.shape)[::-1] - 1).T
    return np.asarray(np.log(hints.range_m / range_m[v, u]))
