# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A bag of a rendered robot, as a recorder would write it: image, camera_info, scan and transforms."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CameraInfo, Image, LaserScan

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.transform import Transform
from grin_ros.ros.bags.messages import serialize
from grin_ros.ros.inputs.messages import info_from_camera
from grin_ros.ros.message_types import type_name
from grin_ros.ros.operator.harness.messages import image_message, with_stamp

CAMERA_FRAME, LIDAR_FRAME, FIXED_FRAME = "camera_optical_frame", "laser", "odom"
START_S = 1_700_000_000
RANGE_MAX_M = 12.0


class Moment(Protocol):
    """A moment of a drive, as it is written: see `RobotFrame` of lab/datasets."""

    @property
    def stamp_s(self) -> float: ...
    @property
    def image(self) -> NDArray[np.uint8]: ...
    @property
    def camera(self) -> Camera: ...
    @property
    def place(self) -> tuple[float, float, float]: ...
    @property
    def scan_rad(self) -> NDArray[np.float64]: ...
    @property
    def scan_m(self) -> NDArray[np.float64]: ...


def write_bag(path: Path, moments: Iterable[Moment], lidar_height_m: float = 0.2, late_s: float = 0.0) -> Path:
    """Write a bag of /camera/image_raw, /camera/camera_info, /scan, /tf and /tf_static; it appears whole or not at all.

    lidar_height_m: of the lidar above the ground. late_s: how much later the stamps of the scans are than they should
    be, for tests. Raises ValueError for a camera without a mounting.
    """
    temporary = path.with_name(f".{path.name}.unfinished")
    store = get_typestore(Stores.ROS2_JAZZY)
    tf_type = "tf2_msgs/msg/TFMessage"
    with Writer(temporary, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connections = {
            topic: writer.add_connection(topic, kind, typestore=store)
            for topic, kind in (
                ("/camera/image_raw", type_name(Image)),
                ("/camera/camera_info", type_name(CameraInfo)),
                ("/scan", type_name(LaserScan)),
                ("/tf", tf_type),
                ("/tf_static", tf_type),
            )
        }
        placed = False
        for moment in moments:
            time_ns = round((START_S + moment.stamp_s) * 1e9)
            if not placed:
                transform = _of_camera(moment.camera, lidar_height_m)
                data = store.serialize_cdr(_message(transform, LIDAR_FRAME, CAMERA_FRAME, 0, store.types), tf_type)
                writer.write(connections["/tf_static"], time_ns, bytes(data))
                placed = True
            x_m, y_m, heading_rad = moment.place
            place = Transform.from_rpy((x_m, y_m, lidar_height_m), (0.0, 0.0, heading_rad))
            data = store.serialize_cdr(_message(place, FIXED_FRAME, LIDAR_FRAME, time_ns, store.types), tf_type)
            writer.write(connections["/tf"], time_ns, bytes(data))
            image = with_stamp(image_message(moment.image, frame_id=CAMERA_FRAME), time_ns)
            info = with_stamp(info_from_camera(moment.camera), time_ns)
            info.header.frame_id = CAMERA_FRAME
            scan = with_stamp(_scan(moment), time_ns + round(late_s * 1e9))
            writer.write(connections["/camera/camera_info"], time_ns, serialize(info))
            writer.write(connections["/scan"], time_ns + 1, serialize(scan))
            writer.write(connections["/camera/image_raw"], time_ns + 2, serialize(image))
    return temporary.rename(path)


def _scan(moment: Moment) -> LaserScan:
    """Return the scan with even angles; ranges between the given rays are those of the nearest ray."""
    angles = np.linspace(moment.scan_rad[0], moment.scan_rad[-1], len(moment.scan_rad))
    nearest = np.abs(moment.scan_rad[None] - angles[:, None]).argmin(axis=1)
    message = LaserScan(angle_min=float(angles[0]), angle_max=float(angles[-1]), range_min=0.05, range_max=RANGE_MAX_M)
    message.angle_increment = float(angles[1] - angles[0])
    message.ranges = np.where(moment.scan_m[nearest] < RANGE_MAX_M, moment.scan_m[nearest], np.inf).tolist()
    message.header.frame_id = LIDAR_FRAME
    return message


def _of_camera(camera: Camera, lidar_height_m: float) -> Transform:
    """Return the pose of the optical frame in the frame of the lidar, which is level and straight below it."""
    mounting = camera.mounting
    if mounting is None:
        raise ValueError("camera: got no mounting, expected one; the transform to the lidar follows from it")
    return Transform(mounting.rotation(), np.array([0.0, 0.0, mounting.height_m - lidar_height_m]))


def _message(transform: Transform, parent: str, child: str, time_ns: int, types: dict[str, type]) -> object:
    rotation = transform.rotation
    w = 0.5 * math.sqrt(max(1e-12, 1.0 + float(np.trace(rotation))))
    axis = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]])
    x, y, z = (axis / (4.0 * w)).tolist()
    stamp = types["builtin_interfaces/msg/Time"](*divmod(time_ns, 10**9))
    stamped = types["geometry_msgs/msg/TransformStamped"](
        header=types["std_msgs/msg/Header"](stamp=stamp, frame_id=parent),
        child_frame_id=child,
        transform=types["geometry_msgs/msg/Transform"](
            translation=types["geometry_msgs/msg/Vector3"](*transform.translation_m.tolist()),
            rotation=types["geometry_msgs/msg/Quaternion"](x, y, z, w),
        ),
    )
    return types["tf2_msgs/msg/TFMessage"](transforms=[stamped])
