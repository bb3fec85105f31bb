# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Calibrations and mountings that no camera of a robot has, although each of their numbers is valid."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.plausibility.doubt import Doubt, doubt

MIDDLE = (0.25, 0.75)
"""The principal point is expected in this part of width and height."""
SAME_FACTOR = math.log(1.2)
"""K is taken for that of another resolution if the principal point is off the middle by more than this factor in both
directions."""
FACTORS_APART = math.log(1.15)
"""The factors of the two directions must also differ by less than this."""
PERSPECTIVE_DEG, FISHEYE_DEG = (4.0, 145.0), (10.0, 280.0)
"""The fields of view, along the width, that lenses of the two kinds have."""
UNDISTORTED_APART, PRINCIPAL_APART = 0.1, 0.05
"""Without distortion, focal lengths of P and K differ by at most this share, and principal points by this share of the
width."""
ASPECT = 1.85
"""Focal lengths fx and fy of one image differ by less than this factor: 16:9 pressed into a square gives 1.78."""
BENT = 2.0
"""A lens with distortion has a field of view within this factor of that of the same focal length without it."""
UP_RAD = math.radians(45.0)
"""A camera that looks up more steeply is taken for one with the transform of a body frame."""
ROLLED_RAD = math.radians(45.0)
"""A picture is not upright if the direction of up in it is farther from its upper edge than this."""
LEAST_LEVEL = 0.5
"""So much of the vector up must lie in the image plane for that: a camera that looks down by 60 degrees has so much."""


def intrinsics_doubts(width: int, height: int, k: Sequence[float], fisheye: bool) -> Iterator[Doubt]:
    """Yield what is implausible about the intrinsics of the full image. k: K, row by row; focal lengths above 0."""
    focal, cx, focal_y, cy = float(k[0]), float(k[2]), float(k[4]), float(k[5])
    if not _near_the_middle(width, height, cx, cy):
        size = {"other_width": 2.0 * cx + 1.0, "other_height": 2.0 * cy + 1.0}
        yield doubt("principal point", cx=cx, cy=cy, width=width, height=height, **size)
    degrees = math.degrees(width / focal if fisheye else 2.0 * math.atan(0.5 * width / focal))
    low, high = FISHEYE_DEG if fisheye else PERSPECTIVE_DEG
    if not low <= degrees <= high:
        lens = "fisheye" if fisheye else "perspective"
        yield doubt("field of view", focal=focal, width=width, degrees=degrees, lens=lens)
    if not 1.0 / ASPECT < focal / focal_y < ASPECT:
        yield doubt("pixel shape", fx=focal, fy=focal_y)


def projection_doubts(
    width: int, height: int, k: Sequence[float], p: Sequence[float], undistorted: bool
) -> Iterator[Doubt]:
    """Yield how K and P contradict each other. p: P, row by row; all 0 if it is not given.

    undistorted: the lens has no distortion and R is the identity, so P should be K. Otherwise P may have another focal
    length, but not the scale of another resolution.
    """
    if p[0] <= 0.0:
        return
    if undistorted:
        apart = abs(math.log(p[0] / k[0])) > UNDISTORTED_APART
        apart |= max(abs(p[2] - k[2]) / width, abs(p[6] - k[5]) / height) > PRINCIPAL_APART
    else:
        apart = not _near_the_middle(width, height, p[2], p[6])
    if apart:
        yield doubt("P and K", p_focal=p[0], k_focal=k[0])


def distortion_doubts(camera: Camera) -> Iterator[Doubt]:
    """Yield what is implausible about the distortion of a lens."""
    if any(camera.distortion):
        bent, straight = _width_deg(camera.with_mounting(None))
        if not 1.0 / BENT < bent / straight < BENT:  # NaN is doubtful too
            yield doubt("distortion", bent=bent, straight=straight)


def mounting_doubts(mounting: Mounting | None) -> Iterator[Doubt]:
    """Yield what is implausible about a mounting. A body frame that is taken for an optical frame looks straight up.

    A camera that looks nearly straight up or down has no roll.
    """
    if mounting is None:
        return
    right, down, _ = mounting.up_optical()
    rolled_rad = abs(math.atan2(right, -down))
    if mounting.pitch_rad < -UP_RAD:
        yield doubt("looks up", degrees=-math.degrees(mounting.pitch_rad))
    elif math.hypot(right, down) > LEAST_LEVEL and rolled_rad > ROLLED_RAD:
        yield doubt("rolled", degrees=math.degrees(rolled_rad))


@lru_cache(maxsize=64)
def _width_deg(camera: Camera) -> tuple[float, float]:
    """Return the field of view along the width, with distortion and without it, degrees."""
    straight = Camera(camera.width, camera.height, camera.fx, camera.fy, camera.cx, camera.cy)
    if camera.distortion_model == "equidistant":
        return camera.fov_deg()[0], math.degrees(camera.width / camera.fx)
    return camera.fov_deg()[0], straight.fov_deg()[0]


def _near_the_middle(width: int, height: int, cx: float, cy: float) -> bool:
    x, y = (cx + 0.5) / width, (cy + 0.5) / height
    low, high = MIDDLE
    if not (low < x < high and low < y < high):
        return False
    off_x, off_y = math.log(2.0 * x), math.log(2.0 * y)
    scaled = min(abs(off_x), abs(off_y)) > SAME_FACTOR and abs(off_x - off_y) < FACTORS_APART
    return not scaled
