# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A bag of a rendered robot, as a recorder would write it: image, camera_info, scan and transforms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from rosbags.typesys.store import Typestore
from sensor_msgs.msg import CameraInfo, Image, LaserScan

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.transform import Transform
from grin_ros.ros.bags.messages import serialize
from grin_ros.ros.inputs.messages import info_from_camera
from grin_ros.ros.message_types import TF_MESSAGE, type_name
from grin_ros.ros.operator.harness.messages import image_message, with_stamp

CAMERA_FRAME, LIDAR_FRAME, BASE_FRAME, FIXED_FRAME = "camera_optical_frame", "laser", "base_footprint", "odom"
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
    with Writer(temporary, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connections = {
            topic: writer.add_connection(topic, kind, typestore=store)
            for topic, kind in (
                ("/camera/image_raw", type_name(Image)),
                ("/camera/camera_info", type_name(CameraInfo)),
                ("/scan", type_name(LaserScan)),
                ("/tf", TF_MESSAGE),
                ("/tf_static", TF_MESSAGE),
            )
        }
        placed = False
        for moment in moments:
            time_ns = round((START_S + moment.stamp_s) * 1e9)
            if not placed:
                data = _message(_parts(moment.camera, lidar_height_m), BASE_FRAME, 0, store)
                writer.write(connections["/tf_static"], time_ns, data)
                placed = True
            x_m, y_m, heading_rad = moment.place
            place = {BASE_FRAME: Transform.from_rpy((x_m, y_m, 0.0), (0.0, 0.0, heading_rad))}
            writer.write(connections["/tf"], time_ns, _message(place, FIXED_FRAME, time_ns, store))
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


def _parts(camera: Camera, lidar_height_m: float) -> dict[str, Transform]:
    """Return where camera and lidar are on the robot. The lidar is level and straight below the camera."""
    mounting = camera.mounting
    if mounting is None:
        raise ValueError("camera: got no mounting, expected one; the transform to the robot follows from it")
    return {
        LIDAR_FRAME: Transform(np.eye(3), np.array([0.0, 0.0, lidar_height_m])),
        CAMERA_FRAME: Transform(mounting.rotation(), np.array([0.0, 0.0, mounting.height_m])),
    }


def _message(transforms: Mapping[str, Transform], parent: str, time_ns: int, store: Typestore) -> bytes:
    """Return a TFMessage of the transforms of children to their parent."""
    types, stamped = store.types, []
    for child, transform in transforms.items():
        stamp = types["builtin_interfaces/msg/Time"](*divmod(time_ns, 10**9))
        stamped.append(
            types["geometry_msgs/msg/TransformStamped"](
                header=types["std_msgs/msg/Header"](stamp=stamp, frame_id=parent),
                child_frame_id=child,
                transform=types["geometry_msgs/msg/Transform"](
                    translation=types["geometry_msgs/msg/Vector3"](*transform.translation_m.tolist()),
                    rotation=types["geometry_msgs/msg/Quaternion"](*transform.quaternion.tolist()),
                ),
            )
        )
    return bytes(store.serialize_cdr(types[TF_MESSAGE](transforms=stamped), TF_MESSAGE))
