# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Cameras at arm's length: on a wrist beside the gripper, on a stand, on a robot's head; and which views are kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.indoor.camera_placement import aimed_at, is_free, shows_one_plane
from grin_ros.worlds.scene import Placement, Scene

CLOSEST_M, FLATTEST_LN = 0.12, 0.02
"""Nothing of a view's middle is nearer (fingers are, at its border), and its ranges differ by so much at least."""
NEAR_M, FAR_M = 0.3, 1.5
_BARE_SHARE = 0.3


@dataclass(frozen=True)
class NearScene(Scene):
    """A scene with a robot's gripper. tips (n, 3): the tips of grippers that point down; empty without a gripper."""

    tips: NDArray[np.float64]


def place(rng: Generator, scene: Scene) -> Placement | None:
    """Return a camera on the wrist, or 0.3 to 1.4 m from what there is to see. None if it would be inside something."""
    tips = scene.tips if isinstance(scene, NearScene) else np.zeros((0, 3))
    if len(tips) and rng.random() < 0.3:
        return _on_the_wrist(rng, scene, tips[int(rng.integers(len(tips)))])
    target = scene.targets[int(rng.integers(len(scene.targets)))]
    distance = float(np.exp(rng.uniform(np.log(NEAR_M), np.log(1.4))))
    steep = rng.random() < 0.4
    slope = float(rng.uniform(1.2, 1.56) if steep else rng.uniform(0.15, 1.2))
    position, yaw, pitch = aimed_at(rng, target, distance, float(rng.uniform(0, 2 * np.pi)), slope, 0.12)
    if not is_free(scene, position):
        return None
    # Cameras on arms and stands are turned any way about their axis; those on heads stand upright.
    roll = float(rng.normal(0, 0.05) if rng.random() < (0.6 if steep else 0.9) else rng.uniform(-np.pi, np.pi))
    return Placement(position, yaw, pitch, roll, float(position[2]))


def _on_the_wrist(rng: Generator, scene: Scene, tip: NDArray[np.float64]) -> Placement | None:
    """Return a camera beside a gripper that looks down past its tip."""
    bearing, out = rng.uniform(0, 2 * np.pi), float(rng.uniform(0.06, 0.13))
    side = np.array([np.cos(bearing), np.sin(bearing), 0.0])
    position = tip + out * side + np.array([0, 0, float(rng.uniform(0.12, 0.3))])
    lean = float(rng.normal(0.12, 0.12))  # towards the tip
    aim = position - np.array([0, 0, 1.0]) - np.tan(lean) * side + rng.normal(0, 0.02, 3)
    if not is_free(scene, position):
        return None
    pitch = np.arctan2(position[2] - aim[2], np.hypot(*(aim - position)[:2]))
    yaw = np.arctan2(aim[1] - position[1], aim[0] - position[0])
    roll = float(rng.normal(0, 0.1)) if rng.random() < 0.7 else float(rng.uniform(-np.pi, np.pi))
    return Placement(position, float(yaw), float(pitch), roll, float(position[2]))


def keep(range_m: NDArray[np.float32], camera: Camera) -> float:
    """Return the chance to keep a view by its ranges (h, w): all whose median is 0.28 to 1.6 m, few bare ones."""
    seen = range_m[np.isfinite(range_m)]
    if len(seen) < 0.7 * range_m.size or not 0.28 < np.median(seen) < 1.6:
        return 0.0
    return _BARE_SHARE if shows_one_plane(range_m, camera) else 1.0
