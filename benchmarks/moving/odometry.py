# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Odometry with faults: what it tells of the poses of a drive."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from benchmarks.moving.drive import PERIOD_NS
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.geometry.transform_tree import interpolated


def late(poses: Sequence[Transform], seconds: float) -> list[Transform | None]:
    """Return the poses as they were `seconds` before."""
    found: list[Transform | None] = []
    for index in range(len(poses)):
        at = min(max(index - seconds * 1e9 / PERIOD_NS, 0.0), len(poses) - 1.001)
        before = int(at)
        found.append(interpolated(poses[before], poses[before + 1], at - before))
    return found


def scaled(poses: Sequence[Transform], factor: float) -> list[Transform | None]:
    """Return the poses with all ways from the first place longer by a factor."""
    origin = poses[0].translation_m
    return [Transform(pose.rotation, origin + factor * (pose.translation_m - origin)) for pose in poses]


def _jumping(poses: Sequence[Transform]) -> list[Transform | None]:
    half = len(poses) * 2 // 3
    ahead = poses[half].rotation @ np.array([0.7, 0.0, 0.4])
    return [*poses[:half], *(Transform(pose.rotation, pose.translation_m + ahead) for pose in poses[half:])]


def _slipping(poses: Sequence[Transform]) -> list[Transform | None]:
    """Return poses that show twice the way of one second of driving."""
    places = np.array([pose.translation_m for pose in poses])
    steps = np.diff(places, axis=0, prepend=places[:1])
    steps[15:25] *= 2.0
    slipped = places[0] + steps.cumsum(axis=0)
    return [Transform(pose.rotation, place) for pose, place in zip(poses, slipped, strict=True)]


def _other_axes(poses: Sequence[Transform]) -> list[Transform | None]:
    turn = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])
    return [Transform(pose.rotation @ turn, pose.translation_m) for pose in poses]


FAULTS: Mapping[str, Callable[[Sequence[Transform]], list[Transform | None]]] = {
    "none": list,
    "jumps by 0.8 m": _jumping,
    "stops": lambda poses: [*poses[:15], *[poses[15]] * (len(poses) - 15)],
    "runs backwards": lambda poses: scaled(poses, -1.0),
    "NaN": lambda poses: [*poses[:15], *[Transform(np.eye(3), np.full(3, np.nan))] * (len(poses) - 15)],
    "is silent": lambda poses: [*poses[:15], *[None] * (len(poses) - 15)],
    "is 200 ms late": lambda poses: late(poses, 0.2),
    "drifts by 20 %": lambda poses: scaled(poses, 1.2),
    "slips for 1 s": _slipping,
    "is in the body frame": _other_axes,
}
"""Each takes the true poses of a drive and returns those that odometry tells; None where it tells none."""
