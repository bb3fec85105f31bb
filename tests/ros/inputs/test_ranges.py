# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Range messages give measured points."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sensor_msgs.msg import LaserScan, PointCloud2, PointField
from std_msgs.msg import Header

from grin_ros.ros.frame.cloud import list_message
from grin_ros.ros.inputs.hints.cloud_fields import CloudFields
from grin_ros.ros.inputs.ranges import measured_points, scan_points


def test_a_scan_becomes_points_in_its_plane() -> None:
    scan = LaserScan(angle_min=-0.5, angle_max=0.5, angle_increment=0.5, range_min=0.1, range_max=10.0)
    scan.ranges = [2.0, 3.0, 4.0]
    points = scan_points(scan)
    assert points.shape == (3, 3) and not points[:, 2].any()
    np.testing.assert_allclose(np.hypot(points[:, 0], points[:, 1]), [2.0, 3.0, 4.0])
    np.testing.assert_allclose(np.arctan2(points[:, 1], points[:, 0]), [-0.5, 0.0, 0.5], atol=1e-6)


def test_what_was_not_hit_is_no_point() -> None:
    scan = LaserScan(angle_increment=0.1, range_min=0.5, range_max=10.0)
    scan.ranges = [math.nan, math.inf, -math.inf, 0.0, -1.0, 0.4, 0.5, 9.9999, 10.0, 10.5, 1.0]
    returns = measured_points(scan)
    np.testing.assert_allclose(np.hypot(returns.points[:, 0], returns.points[:, 1]), [1.0])
    assert returns.no_return == 10
    assert measured_points(LaserScan()).points.shape == (0, 3)


@pytest.mark.parametrize("range_max", [3.4, 5.6, 8.1, 10.1, 65.533])
def test_range_max_is_no_return_however_it_is_rounded(range_max: float) -> None:
    scan = LaserScan(angle_increment=0.1, range_max=range_max)
    scan.ranges = [range_max, 0.9 * range_max]
    assert len(measured_points(scan).points) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"angle_increment": 1.0},  # degrees
        {"angle_increment": 0.0},
        {"angle_increment": math.nan},
        {"angle_min": -90.0},
        {"angle_min": math.nan},
        {"range_max": 0.0},
        {"range_max": math.nan},
        {"range_min": math.nan},
    ],
)
def test_a_scan_whose_angles_or_limits_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    right = {"angle_increment": 0.01, "range_max": 10.0}
    assert len(measured_points(LaserScan(**right, ranges=np.linspace(1.0, 2.0, 360).tolist())).points) == 360
    scan = LaserScan(**{**right, **wrong}, ranges=[2.0] * 360)
    with pytest.raises(ValueError, match="expected a sweep of at most a turn, in radians, and"):
        scan_points(scan)


@pytest.mark.parametrize("code", [0.3, 5.0])
@pytest.mark.parametrize("share", [0.2, 0.75])
@pytest.mark.parametrize("step_m", [0.0, 0.01])
def test_a_range_that_many_rays_share_is_no_return(code: float, share: float, step_m: float) -> None:
    angles = np.radians(np.arange(-60.0, 60.0, 0.5))
    ranges_m = 0.6 / np.cos(angles)  # a near wall; rounded to centimetres, rays share their ranges
    if step_m:
        ranges_m = np.rint(ranges_m / step_m) * step_m
    scan = LaserScan(angle_min=float(angles[0]), angle_increment=math.radians(0.5), range_min=0.1, range_max=10.0)
    scan.ranges = ranges_m.tolist()
    assert len(measured_points(scan).points) == len(angles)
    none = np.random.default_rng(0).random(len(angles)) < share
    scan.ranges = np.where(none, code, ranges_m).tolist()
    found = measured_points(scan)
    assert found.no_return == none.sum() and len(found.points) == np.count_nonzero(~none)


def cloud_of(points: NDArray[Any], kind: str, big_endian: bool, pad: int) -> PointCloud2:
    """Return a cloud of two padded rows with the fields z, x, y behind four other bytes."""
    size = np.dtype(kind).itemsize
    datatype = {"f4": PointField.FLOAT32, "f8": PointField.FLOAT64}[kind]
    offsets = {"z": 4, "x": 4 + size, "y": 4 + 2 * size}
    step, width = 4 + 3 * size + pad, len(points) // 2
    data = np.zeros((2, width * step + pad), np.uint8)
    order = ">" if big_endian else "<"
    for axis, name in enumerate("xyz"):
        values = points[:, axis].astype(order + kind).reshape(2, width, 1).view(np.uint8)
        for column in range(width):
            begin = column * step + offsets[name]
            data[:, begin : begin + size] = values[:, column]
    fields = [PointField(name=name, offset=offset, datatype=datatype, count=1) for name, offset in offsets.items()]
    row_step = data.shape[1] if pad else 0  # some drivers leave it at 0 where rows have no padding
    made = PointCloud2(height=2, width=width, fields=fields, point_step=step, row_step=row_step)
    made.is_bigendian, made.data = big_endian, data.tobytes()
    return made


@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("pad", [0, 3])
def test_clouds_of_any_layout_are_read(kind: str, big_endian: bool, pad: int) -> None:
    points = np.random.default_rng(1).normal(size=(10, 3))
    read = CloudFields(cloud_of(points, kind, big_endian, pad), "/points").points()
    np.testing.assert_allclose(read, points, rtol=1e-6)
    points[3, 1], points[4, 2] = np.nan, np.inf
    assert len(measured_points(cloud_of(points, kind, big_endian, pad), 0.0).points) == 8


def test_clouds_that_cannot_be_read_are_refused() -> None:
    good = list_message(np.ones((4, 3), np.float32), ("x", "y", "z"), Header())
    assert measured_points(good).points.shape == (4, 3)
    short, fields, kind, past = (list_message(np.ones((4, 3), np.float32), ("x", "y", "z"), Header()) for _ in range(4))
    short.height = 2
    fields.fields = fields.fields[:2]
    kind.fields[0].datatype = PointField.UINT8
    past.fields[2].offset = 2**31
    for bad, text in (
        (short, "correct the node that publishes"),
        (fields, "expected x, y, z among them"),
        (kind, "expected float32 or float64"),
        (past, r"expected at most 12 \(point_step\)"),
    ):
        with pytest.raises(ValueError, match=text):
            measured_points(bad)
