# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever a driver writes for "no return": the scale comes out right, or there is none and the reason says why."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from sensor_msgs.msg import LaserScan, PointCloud2
from std_msgs.msg import Header

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.hints.config import ScaleConfig
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.ros.frame.cloud import list_message
from grin_ros.ros.inputs.range_scale import FrameScale, RangeScale
from grin_ros.ros.inputs.ranges import Ranges

CAMERA = Camera(160, 120, 110.0, 110.0, 79.5, 59.5)
FRAME = Frame(np.zeros((120, 160, 3), np.uint8), CAMERA)
HEADER = Header(frame_id="camera")
FACTOR = 1.25
RANGE_MIN_M, RANGE_MAX_M = 0.1, 12.0
NORMAL, DISTANCE_M = np.array([1.0, 0.25, 0.1]), 3.0
"""The wall ahead: NORMAL x point = DISTANCE_M in the body frame of the camera (x ahead, y left, z up)."""


def distances_m(directions: NDArray[np.float64], ahead_m: float) -> NDArray[np.float64]:
    """Return how far a sensor that is `ahead_m` ahead of the camera measures in unit directions (N, 3)."""
    towards = directions @ NORMAL
    return np.where(towards > 0.05, (DISTANCE_M - NORMAL[0] * ahead_m) / np.maximum(towards, 0.05), 6.0)


def estimate(factor: float) -> DepthEstimate:
    """Return depth that is too small by this factor, with a sigma of 10 %."""
    rays = CAMERA.rays().astype(np.float64)
    body = np.stack([rays[..., 2], -rays[..., 0], -rays[..., 1]], axis=-1).reshape(-1, 3)
    depth_m = (distances_m(body, 0.0).reshape(rays.shape[:2]) * rays[..., 2] / factor).astype(np.float32)
    return DepthEstimate(depth_m, np.float32(0.1) * depth_m)


def scan(ranges_m: NDArray[np.float64], angles: NDArray[np.float64]) -> LaserScan:
    made = LaserScan(
        header=HEADER,
        angle_min=float(angles[0]),
        angle_increment=float(angles[1] - angles[0]),
        range_min=RANGE_MIN_M,
        range_max=RANGE_MAX_M,
    )
    made.ranges = ranges_m.astype(np.float32).tolist()
    return made


def cloud(points: NDArray[np.float64]) -> PointCloud2:
    return list_message(points.astype(np.float32), ("x", "y", "z"), HEADER)


CODES = {
    "0": 0.0,
    "NaN": math.nan,
    "+inf": math.inf,
    "-inf": -math.inf,
    "range_max": RANGE_MAX_M,
    "a hair below range_max": RANGE_MAX_M - 1e-4,
    "beyond range_max": RANGE_MAX_M + 1.0,
    "a fixed distance below range_max": 10.0,
    "range_min": RANGE_MIN_M,
    "below range_min": 0.5 * RANGE_MIN_M,
    "own body": 0.2,
}


def with_code(ranges_m: NDArray[np.float64], code_m: float, share: float) -> NDArray[np.float64]:
    """Return the ranges with the code in a share of all rays and where nothing is within range."""
    end_m = code_m if 1.0 < code_m < RANGE_MAX_M else RANGE_MAX_M
    lost = (np.random.default_rng(1).random(len(ranges_m)) < share) | (ranges_m > end_m)
    return np.where(lost, code_m, ranges_m)


def as_scan(code_m: float, share: float, ahead_m: float) -> Ranges:
    """Return a scan of 270 degrees, of which a share of all rays holds the code."""
    angles = np.linspace(-2.35, 2.35, 541)
    directions = np.stack([np.cos(angles), np.sin(angles), np.zeros_like(angles)], axis=1)
    return scan(with_code(distances_m(directions, ahead_m), code_m, share), angles)


def as_cloud(code_m: float, share: float, ahead_m: float) -> Ranges:
    """Return a cloud of 16 rings, of which a share of all rays holds the code."""
    azimuths, elevations = np.meshgrid(np.linspace(-np.pi, np.pi, 360), np.linspace(-0.26, 0.26, 16))
    level = np.cos(elevations)
    directions = np.stack([level * np.cos(azimuths), level * np.sin(azimuths), np.sin(elevations)], axis=-1)
    directions = directions.reshape(-1, 3)
    ranges_m = with_code(distances_m(directions, ahead_m), code_m, share)
    with np.errstate(invalid="ignore"):
        return cloud(directions * ranges_m[:, None])


def applied(ranges: Ranges, ahead_m: float, factor: float = FACTOR) -> FrameScale:
    scale = RangeScale()
    scale.add(ranges)
    config = ScaleConfig(from_ranges=True, range_pose=f"{ahead_m} 0 0 0 0 0")
    return scale(FRAME, estimate(factor), HEADER, config).applied


@pytest.mark.parametrize("make", [as_scan, as_cloud])
@pytest.mark.parametrize("ahead_m", [0.0, 0.08, 0.3])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.75, 1.0])
@pytest.mark.parametrize("code", CODES)
def test_a_code_for_no_return_does_not_become_the_scale(
    make: Callable[[float, float, float], Ranges], ahead_m: float, share: float, code: str
) -> None:
    found = applied(make(CODES[code], share, ahead_m), ahead_m)
    if share < 1.0:
        assert not found.reason, found.text
        assert found.scale.factor == pytest.approx(FACTOR, rel=0.05)
    else:
        assert found.scale.factor == 1.0
        assert "10 are needed; of " in found.text and (
            " have no return" in found.text or " are nearer than scale.min_range_m" in found.text
        )


@pytest.mark.parametrize("ahead_m", [0.0, 0.08, 0.3])
def test_zeros_that_a_driver_has_moved_to_another_frame_do_not_count(ahead_m: float) -> None:
    """A driver that applies an extrinsic turns (0, 0, 0) into one point elsewhere."""
    points = np.frombuffer(as_cloud(math.nan, 0.5, ahead_m).data, np.float32).reshape(-1, 3).astype(np.float64)
    points[np.isnan(points).any(axis=1)] = (1.0, 0.0, -0.1)
    found = applied(cloud(points), ahead_m)
    assert found.scale.factor == pytest.approx(FACTOR, rel=0.05)


@pytest.mark.parametrize(
    ("factor", "believed"), [(0.31, True), (3.2, True), (0.29, False), (3.4, False), (16.0, False)]
)
def test_a_factor_beyond_four_sigma_is_refused_with_a_reason(factor: float, believed: bool) -> None:
    found = applied(as_cloud(math.nan, 0.2, 0.0), 0.0, factor)
    if believed:
        assert found.scale.factor == pytest.approx(factor, rel=0.1)
    else:
        assert found.scale.factor == 1.0
        assert f"the ranges ask for a factor of {factor:.3g}"[:35] in found.reason
        assert "only 0.30 to 3.32 is believed; check scale.range_pose" in found.text
