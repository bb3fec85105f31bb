# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Moves measured points into the optical frame of the camera at the time of its image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.geometry.transform_tree import IDENTITY
from grin_ros.core.input_error import InputError
from grin_ros.ros.inputs.hints.source import View

STEP_NS = 10_000_000
"""Between two times that are this far apart, points are moved in a straight line."""
MOST_STEPS = 32
UNKNOWN_SPEED_M_S = 0.5
"""One sigma of the robot's speed where its motion between measurement and image is not known."""
FASTEST_M_S, SMALLEST_JUMP_M = 40.0, 0.5
"""A camera that moved faster than the first, and farther than the second, did not move: odometry began again."""


@dataclass(frozen=True)
class PlacedPoints:
    """points: (N, 3) metres in the optical frame. drift_m: (N,) one sigma of how far the robot may have moved since.

    note: why the motion of the robot is not taken into account; empty if it is.
    """

    points: NDArray[np.float64]
    drift_m: NDArray[np.float64]
    note: str = ""


def placed(
    view: View, source: str, points: NDArray[np.float64], frame_id: str, times_ns: NDArray[np.int64]
) -> PlacedPoints:
    """Return points (N, 3) of a sensor in the optical frame at the time of the image.

    source: whose pose is used. frame_id: the frame of the points. times_ns: (N,) when each was measured. Through the
    fixed frame each point is moved by the motion of the robot since then, if tf knows that frame. Raises InputError if
    tf does not know where the sensor is.
    """
    image_ns = view.frame.stamp_ns
    pose = view.config.pose(source)
    child, first = (frame_id, IDENTITY) if pose is None else (view.frame_id, pose)
    fixed = view.config.fixed_frame
    if not len(points):
        return PlacedPoints(points, np.zeros(0))
    if not fixed:
        note = "hints.fixed_frame is empty, so the motion of the robot is not taken into account"
    elif not view.tree.knows(fixed):
        note = f"tf does not hold hints.fixed_frame '{fixed}', so the motion of the robot is not taken into account"
    else:
        try:
            return PlacedPoints(_moved(view, points, times_ns, child, first), np.zeros(len(points)))
        except InputError as error:
            note = f"the motion of the robot is not taken into account: {error.text}"
    still = first if pose is not None else _from_tf(view, source, frame_id)
    drift_m = UNKNOWN_SPEED_M_S * np.abs(times_ns - image_ns) / 1e9
    return PlacedPoints(still(points), drift_m, note)


def _from_tf(view: View, source: str, frame_id: str) -> Transform:
    try:
        return view.tree.lookup(view.frame_id, frame_id, view.frame.stamp_ns)
    except InputError as error:
        if f"{source}_pose" not in view.config.values:
            raise
        raise InputError(error.text, f"{error.remedy}, or set hints.{source}_pose to six numbers") from error


def _moved(
    view: View, points: NDArray[np.float64], times_ns: NDArray[np.int64], child: str, first: Transform
) -> NDArray[np.float64]:
    """Return the points, each moved by what the robot did between its time and that of the image."""
    begin_ns, end_ns = int(times_ns.min()), int(times_ns.max())
    check_jump(view, begin_ns)
    steps = min(MOST_STEPS, -(-(end_ns - begin_ns) // STEP_NS))
    knots_ns = np.linspace(begin_ns, end_ns, steps + 1).astype(np.int64) if steps else np.array([begin_ns])
    image_ns, fixed = view.frame.stamp_ns, view.config.fixed_frame
    ways = [view.tree.between(view.frame_id, image_ns, child, int(knot_ns), fixed).after(first) for knot_ns in knots_ns]
    if not steps:
        return ways[0](points)
    rotations = np.stack([way.rotation for way in ways])
    translations = np.stack([way.translation_m for way in ways])
    position = (times_ns - begin_ns) / ((end_ns - begin_ns) / steps)
    before = np.clip(position.astype(np.intp), 0, steps - 1)
    moved = np.empty_like(points)
    for step in range(steps):
        here = before == step
        share = (position[here] - step)[:, None]
        begin, end = (points[here] @ rotations[k].T + translations[k] for k in (step, step + 1))
        moved[here] = begin + share * (end - begin)
    return moved


def check_jump(view: View, since_ns: int) -> None:
    """Raise InputError if the fixed frame says that the camera moved faster than any robot does."""
    image_ns, fixed = view.frame.stamp_ns, view.config.fixed_frame
    moved = view.tree.between(view.frame_id, image_ns, view.frame_id, since_ns, fixed)
    moved_m, took_s = float(np.linalg.norm(moved.translation_m)), abs(image_ns - since_ns) / 1e9
    if moved_m > max(SMALLEST_JUMP_M, FASTEST_M_S * took_s):
        raise InputError(
            f"in '{fixed}' the camera moved by {moved_m:.1f} m in {took_s:.2f} s",
            "take a fixed frame that does not jump, such as odom, and do not start odometry again while driving",
        )
