# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A wall ahead of the robot, and what the sensors of the robot say of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image, LaserScan, PointCloud2, PointField, Range
from std_msgs.msg import Header

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.core.types import Frame
from grin_ros.ros.inputs.hints.source import Given, HintSource, View
from grin_ros.ros.parameters.table import node_config

CAMERA = Camera(160, 120, 110.0, 110.0, 79.5, 59.5)
WALL_M = 3.0
"""The wall is the plane x = WALL_M of the camera's body frame."""
NOW_NS = 100_000_000_000
OPTICAL = Transform(np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]), np.zeros(3))
"""Takes points of the optical frame to the body frame of the camera."""


def header(frame_id: str = "lidar", stamp_ns: int = NOW_NS) -> Header:
    made = Header(frame_id=frame_id)
    made.stamp = Time(sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
    return made


def tree() -> TransformTree:
    """Return base > camera > optical and base > lidar > tof, all in one place."""
    made = TransformTree()
    made.set("base", "camera", 0, Transform.from_rpy((0, 0, 0), (0, 0, 0)), static=True)
    made.set("camera", "optical", 0, OPTICAL, static=True)
    made.set("base", "lidar", 0, Transform.from_rpy((0, 0, 0), (0, 0, 0)), static=True)
    made.set("camera", "tof", 0, OPTICAL, static=True)
    return made


def driving(metres_per_s: float, yaw_deg_per_s: float = 0.0) -> TransformTree:
    """Return the same on a robot that drives: odom > base, exact for two seconds around NOW_NS."""
    made = tree()
    for step in range(-100, 101):
        seconds = step / 100
        yaw = np.radians(yaw_deg_per_s * seconds)
        made.set("odom", "base", NOW_NS + step * 10**7, Transform.from_rpy((metres_per_s * seconds, 0, 0), (0, 0, yaw)))
    return made


def view(of: TransformTree | None = None, image_ns: int = NOW_NS, **hints: Any) -> View:
    """Return a view of the camera. hints: parameters hints.* by their last names."""
    frame = Frame(np.zeros((120, 160, 3), np.uint8), CAMERA, image_ns)
    config = node_config({f"hints.{name}": value for name, value in hints.items()}).hints
    return View(frame, "optical", of or tree(), config)


def asked(source: HintSource, topic: str, message: Any, at: View | None = None) -> Given:
    source.take(topic, message)
    return source(at or view())


def scan(count: int = 181, stamp_ns: int = NOW_NS, each_s: float = 0.0, **changes: Any) -> LaserScan:
    """Return a level scan of 90 degrees to each side; rays that do not meet the wall within 20 m give +inf."""
    angles = np.linspace(-np.pi / 2, np.pi / 2, count)
    with np.errstate(divide="ignore"):
        ranges_m = WALL_M / np.maximum(np.cos(angles), 1e-9)
    made = LaserScan(
        header=header(stamp_ns=stamp_ns),
        angle_min=float(angles[0]),
        angle_max=float(angles[-1]),
        angle_increment=float(angles[1] - angles[0]),
        time_increment=each_s,
        range_min=0.1,
        range_max=20.0,
    )
    made.ranges = np.where(ranges_m < 20.0, ranges_m, np.inf).astype(np.float32).tolist()
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def wall_points(count: int = 400) -> NDArray[np.float64]:
    """Return points (N, 3) of the wall in the body frame, spread over what the camera sees."""
    rng = np.random.default_rng(3)
    sides = rng.uniform(-1.0, 1.0, (count, 2)) * (1.8, 1.4)
    return np.column_stack([np.full(count, WALL_M), sides])


def cloud(
    points: NDArray[np.floating],
    kind: str = "f4",
    extra: Sequence[tuple[str, str, NDArray[Any]]] = (),
    stamp_ns: int = NOW_NS,
    big_endian: bool = False,
) -> PointCloud2:
    """Return a cloud with padding between its fields. extra: (name, NumPy type, values) of further fields."""
    order = ">" if big_endian else "<"
    columns = [*(zip("xyz", [kind] * 3, points.T, strict=True)), *extra]
    dtype = np.dtype([(name, order + of) for name, of, _ in columns], align=True)
    data = np.zeros(len(points), dtype)
    for name, _, values in columns:
        data[name] = values
    numbers = {"i1": 1, "u1": 2, "i2": 3, "u2": 4, "i4": 5, "u4": 6, "f4": 7, "f8": 8}
    fields = [
        PointField(name=name, offset=(dtype.fields or {})[name][1], datatype=numbers[of], count=1)
        for name, of, _ in columns
    ]
    made = PointCloud2(
        header=header(stamp_ns=stamp_ns),
        height=1,
        width=len(points),
        fields=fields,
        is_bigendian=big_endian,
        point_step=dtype.itemsize,
        row_step=dtype.itemsize * len(points),
        is_dense=True,
    )
    made.data.frombytes(data.tobytes())
    return made


def beam(range_m: float = WALL_M, angle_rad: float = 0.05, stamp_ns: int = NOW_NS, frame_id: str = "lidar") -> Range:
    """Return a range of a sensor of 0.05 to 4 m."""
    made = Range(header=header(frame_id, stamp_ns), field_of_view=angle_rad, min_range=0.05, max_range=4.0)
    made.range = range_m
    return made


def zones(columns: int = 8, rows: int = 8) -> NDArray[np.float64]:
    """Return the depth (rows, columns) of the wall in metres, with a little noise."""
    return WALL_M * (1.0 + 0.002 * np.random.default_rng(5).standard_normal((rows, columns)))


def depth_messages(
    depth_m: NDArray[np.floating], angle_deg: float, encoding: str = "16UC1", stamp_ns: int = NOW_NS
) -> list[tuple[str, Any]]:
    """Return a depth image of a sensor at the camera with this horizontal field of view, and its camera_info."""
    height, width = depth_m.shape
    focal = width / 2.0 / np.tan(np.radians(angle_deg) / 2.0)
    k = [focal, 0.0, (width - 1) / 2.0, 0.0, focal, (height - 1) / 2.0, 0.0, 0.0, 1.0]
    values = np.rint(depth_m * 1e3).astype("<u2") if encoding.upper() == "16UC1" else depth_m.astype("<f4")
    image = Image(
        header=header("tof", stamp_ns), height=height, width=width, encoding=encoding, step=width * values.itemsize
    )
    image.data.frombytes(np.ascontiguousarray(values).tobytes())
    info = CameraInfo(header=header("tof", stamp_ns), height=height, width=width, k=k, distortion_model="plumb_bob")
    return [("hints/depth", image), ("hints/depth/camera_info", info)]


def depth_error(given: Given) -> float:
    """Return the largest error of a hint against the wall, as a share."""
    assert given.hints is not None, given
    rays = CAMERA.unproject(given.hints.pixels)
    return float(np.abs(given.hints.range_m * rays[:, 2] / WALL_M - 1.0).max())
