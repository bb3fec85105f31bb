# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rendered drives: neighbouring frames from one moving camera, with exact ranges and poses."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera

if TYPE_CHECKING:
    from grin_ros.worlds.scene import Placement


@dataclass(frozen=True)
class DriveFrame:
    """One frame of a drive.

    image: (H, W, 3) uint8 RGB. range_m: (H, W) float32, metres along the ray; inf where nothing was hit, NaN where
    nothing is measured (outside the lens, mirrors). optical_from_world: (4, 4), the pose of the optical frame.
    """

    image: NDArray[np.uint8]
    range_m: NDArray[np.float32]
    camera: Camera
    optical_from_world: NDArray[np.float64]


def rendered_drives(
    scene_seeds: Sequence[int], lens: Camera, frames: int, steps: Sequence[tuple[float, float]] = ()
) -> Iterator[tuple[DriveFrame, ...]]:
    """Render one drive of `frames` frames through the room of each seed (needs EGL and moderngl).

    lens: the camera with its mounting, which stays the same along the drive. steps: the drive instead of a closed path
    of `frames`: for each next frame the metres ahead and the turn to the left in rad. Raises ValueError for a lens
    without a mounting, for fewer than one frame and for a room without a free path; RuntimeError where there is no
    OpenGL.
    """
    from grin_ros.worlds.assets.assets import Assets
    from grin_ros.worlds.cameras.capture import pose
    from grin_ros.worlds.rendering.renderer import Renderer
    from grin_ros.worlds.sequence import render_sequence

    renderer = Renderer(lens.width, lens.height)
    try:
        for seed in scene_seeds:
            views = render_sequence(
                renderer, seed, Assets(), lens, frames, path=partial(_driven, steps) if steps else None
            )
            yield tuple(DriveFrame(view.image, view.range_m, view.camera, pose(view.placement)) for view in views)
    finally:
        renderer.close()


def _driven(steps: Sequence[tuple[float, float]], start: Placement) -> list[Placement]:
    """Return the placements of a drive from `start`: after each step, metres ahead and then a turn to the left."""
    placements = [start]
    for ahead_m, turn_rad in steps:
        last = placements[-1]
        ahead = ahead_m * np.array([math.cos(last.yaw_rad), math.sin(last.yaw_rad), 0.0])
        placements.append(replace(last, position=last.position + ahead, yaw_rad=last.yaw_rad + turn_rad))
    return placements


def with_sensor_noise(
    frames: Sequence[DriveFrame], rng: np.random.Generator, noise: float = 0.02, exposure_ln: float = 0.04
) -> tuple[DriveFrame, ...]:
    """Return the frames with pixel noise and a change of the exposure from frame to frame.

    noise: the standard deviation of a pixel, as a share of the full scale. exposure_ln: the standard deviation of
    ln(exposure).
    """
    return tuple(replace(frame, image=_disturbed(frame.image, rng, noise, exposure_ln)) for frame in frames)


def _disturbed(
    image: NDArray[np.uint8], rng: np.random.Generator, noise: float, exposure_ln: float
) -> NDArray[np.uint8]:
    factor = math.exp(rng.normal(0.0, exposure_ln))
    grain = rng.normal(0.0, noise * 255.0, image.shape)
    return np.clip(np.rint(image * factor + grain), 0, 255).astype(np.uint8)
