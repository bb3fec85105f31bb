# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A rendered drive of a robot: it stands, drives, turns on the spot, drives on, and a person walks through."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.rays import range_to_depth
from grin_ros.core.geometry.transform import Transform
from grin_ros.lab.datasets.drives import DriveFrame, rendered_drives, with_sensor_noise

LENS = Camera(
    320, 240, 230.0, 228.0, 163.0, 117.0, "plumb_bob", (-0.2, 0.04, 0.0005, -0.0003, 0.0), Mounting(0.5, 0.0, 0.1)
)
SEEDS = (23, 24, 31)
"""The rooms of the drives."""
WORSE = 1.05
"""Depth of a frame counts as worse if its AbsRel is larger by this factor."""
PERIOD_NS = 100_000_000
SPEED_M, TURN_RAD = 0.03, math.radians(5.0)
"""Metres and radians a frame, at ten frames a second."""
PHASES: Sequence[tuple[str, int, float, float]] = (
    ("stands", 5, 0.0, 0.0),
    ("drives", 20, SPEED_M, 0.01),
    ("stops", 6, 0.0, 0.0),
    ("turns", 12, 0.0, TURN_RAD),
    ("turns back", 12, 0.0, -TURN_RAD),
    ("drives on", 16, SPEED_M, -0.01),
    ("person", 16, SPEED_M, 0.0),
)
"""Name, frames, metres ahead and turn to the left of each frame."""
PERSON_M = (0.5, 1.7)
"""Width and height of the person, who is a flat board with clothes of noise."""
WALKS: Mapping[str, tuple[float, float, float, float]] = {
    "crosses": (-0.6, 1.6, 0.07, 0.0),
    "crosses and comes": (-0.8, 2.8, 0.08, -0.08),
    "comes": (0.1, 3.2, 0.0, -0.13),
    "goes ahead, slower": (0.1, 2.0, 0.0, -0.015),
    "goes ahead, as fast": (0.1, 1.6, 0.0, 0.0),
    "goes ahead, faster": (0.1, 1.4, 0.0, 0.07),
    "stands": (0.1, 2.2, 0.0, -SPEED_M),
}
"""Each walk has the first place of the person, right of the camera and ahead of it, and the step to the right and ahead
that the person takes in a frame as the robot sees it; in metres."""


@dataclass(frozen=True)
class Drive:
    """The frames of a drive. phases: the name of each frame's phase. person: (H, W) where the person is, by frame."""

    frames: tuple[DriveFrame, ...]
    phases: tuple[str, ...]
    person: tuple[NDArray[np.bool_], ...]

    def poses(self) -> list[Transform]:
        """Return the true poses, which take points of the optical frame to the world."""
        return [_inverse(frame.optical_from_world) for frame in self.frames]


def rendered(seed: int, cache: Path, walk: str = "crosses") -> Drive:
    """Render the drive in the room of a seed, or read it from the cache. Needs EGL.

    walk: of the person, one of `WALKS`.
    """
    steps = [(ahead_m, turn) for _, count, ahead_m, turn in PHASES for _ in range(count)]
    names = tuple(name for name, count, _, _ in PHASES for _ in range(count))
    path = cache / f"drive_{seed}.npz"
    if not path.exists():
        (frames,) = rendered_drives([seed], LENS, len(steps), steps)
        cache.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            path,
            image=[frame.image for frame in frames[1:]],
            range_m=[frame.range_m for frame in frames[1:]],
            pose=[frame.optical_from_world for frame in frames[1:]],
        )
    with np.load(path, allow_pickle=False) as saved:
        made = [
            DriveFrame(image, range_m, LENS, pose)
            for image, range_m, pose in zip(saved["image"], saved["range_m"], saved["pose"], strict=True)
        ]
    walked = [_with_person(frame, index, names, walk) for index, frame in enumerate(made)]
    frames = with_sensor_noise([frame for frame, _ in walked], np.random.default_rng(seed))
    return Drive(frames, names, tuple(where for _, where in walked))


def _with_person(
    frame: DriveFrame, index: int, names: Sequence[str], walk: str
) -> tuple[DriveFrame, NDArray[np.bool_]]:
    """Return the frame with the person in the last phase, and where the person is."""
    nowhere = np.zeros(frame.range_m.shape, np.bool_)
    if names[index] != "person":
        return frame, nowhere
    assert LENS.mounting is not None
    right, ahead, to_right, to_ahead = WALKS[walk]
    step, tilt = index - names.index("person"), LENS.mounting.pitch_rad
    right += step * to_right
    ahead += step * to_ahead * math.cos(tilt)
    below = -step * to_ahead * math.sin(tilt)
    rays = frame.camera.rays().astype(np.float64)
    distance = ahead / np.maximum(rays[..., 2], 1e-6)
    points = rays * distance[..., None]
    side = points[..., 0] - right
    rise = LENS.mounting.height_m + below - points[..., 1]
    where = (np.abs(side) < PERSON_M[0] / 2.0) & (rise > 0.0) & (rise < PERSON_M[1]) & (distance < frame.range_m)
    where &= rays[..., 2] > 0.1
    noise = np.random.default_rng(5).normal(size=(64, 32)).astype(np.float32)
    clothes = cv2.resize(cv2.GaussianBlur(noise, (0, 0), 1.0), (256, 512), interpolation=cv2.INTER_CUBIC) * 90.0 + 110.0
    u, v = (side / PERSON_M[0] + 0.5) * 255.0, rise / PERSON_M[1] * 511.0
    shade = cv2.remap(clothes, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR)
    image, range_m = frame.image.copy(), frame.range_m.copy()
    image[where] = np.clip(shade[where], 0, 255).astype(np.uint8)[:, None]
    range_m[where] = distance[where]
    return replace(frame, image=image, range_m=range_m), where


def abs_rel(
    drive: Drive, depths_m: Sequence[NDArray[np.float32]], where: Sequence[NDArray[np.bool_]] | None = None
) -> list[float]:
    """Return AbsRel of each frame, over the pixels of `where` if it is given; NaN where there are none."""
    found = []
    for index, (frame, depth_m) in enumerate(zip(drive.frames, depths_m, strict=True)):
        truth_m = range_to_depth(frame.range_m, frame.camera.rays())
        known = np.isfinite(truth_m) & np.isfinite(depth_m)
        if where is not None:
            known &= where[index]
        error = np.abs(depth_m[known] / truth_m[known] - 1.0)
        found.append(float(error.mean()) if len(error) else math.nan)
    return found


def _inverse(matrix: NDArray[np.float64]) -> Transform:
    rotation = matrix[:3, :3].T
    return Transform(rotation, -rotation @ matrix[:3, 3])
