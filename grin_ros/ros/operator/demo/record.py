# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the demo keeps of a run: when everything arrived, some frames in full; written as MCAP bag and PLY cloud."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField

from grin_ros.ros.operator.demo.scene import View
from grin_ros.ros.operator.harness.messages import OUTPUTS, Received, camera_info_message, image_message, with_stamp

DIAGNOSTICS = "/diagnostics"


@dataclass
class Kept:
    """One frame in full: what was seen, and every output by topic, serialised."""

    view: View
    outputs: dict[str, Received] = field(default_factory=dict)


class Recorder:
    """Collects while a driver runs. At most `keep_hz` frames a second are kept whole: clouds and images are large.

    Written by the driver's thread (`__call__`) and by the one that sends (`sent`), which must not be read before the
    driver is done.
    """

    def __init__(self, keep_hz: float = 2.0) -> None:
        self._gap_ns = int(1e9 / keep_hz)
        self._views: dict[int, View] = {}
        self.kept: dict[int, Kept] = {}
        """stamp -> frame, in order of time."""
        self.diagnostics: list[Received] = []
        self.arrivals: dict[str, dict[int, int]] = {topic: {} for topic in OUTPUTS}
        """topic -> stamp -> time of arrival, nanoseconds."""

    @property
    def frames_sent(self) -> int:
        return len(self._views)

    def sent(self, stamp_ns: int, view: View) -> None:
        """Note what was published with this stamp."""
        self._views[stamp_ns] = view

    def __call__(self, received: Received) -> None:
        self.arrivals[received.topic].setdefault(received.stamp_ns, received.received_ns)
        if received.topic == DIAGNOSTICS:
            self.diagnostics.append(received)
        elif self._keeps(received.stamp_ns):
            self.kept[received.stamp_ns].outputs[received.topic] = received

    def _keeps(self, stamp_ns: int) -> bool:
        if stamp_ns not in self.kept and stamp_ns in self._views:
            newest = max(self.kept, default=stamp_ns - self._gap_ns)
            if stamp_ns - newest >= self._gap_ns:
                self.kept[stamp_ns] = Kept(self._views[stamp_ns])
        return stamp_ns in self.kept

    def complete(self) -> dict[int, Kept]:
        """The kept frames of which every output came."""
        wanted = OUTPUTS.keys() - {DIAGNOSTICS}
        return {stamp: kept for stamp, kept in self.kept.items() if wanted <= kept.outputs.keys()}


def write_bag(path: Path, recorder: Recorder) -> int:
    """All kept frames with their inputs, and all diagnostics, as one MCAP file. Number of messages. Imports rosbags.

    The file holds the messages as they were received, each type's definition (schema encoding ros2msg) and an index:
    Foxglove and `ros2 bag play` open it. Log times are those of publication for the inputs, of arrival for the outputs.
    """
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
    from rosbags.typesys import Stores, get_typestore

    messages: list[tuple[int, str, bytes]] = [(m.received_ns, m.topic, m.data) for m in recorder.diagnostics]
    for stamp_ns, kept in recorder.kept.items():
        for topic, message in (
            ("camera_info", camera_info_message(kept.view.camera)),
            ("image", image_message(kept.view.image)),
        ):
            messages.append((stamp_ns, topic, serialize_message(with_stamp(message, stamp_ns))))
        messages += [(m.received_ns, m.topic, m.data) for m in kept.outputs.values()]
    messages.sort(key=lambda message: message[0])

    store = get_typestore(Stores.ROS2_JAZZY)
    kinds = {"image": Image, "camera_info": CameraInfo, **OUTPUTS}
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        bag = Path(folder) / path.stem
        writer = Writer(bag, version=9, storage_plugin=StoragePlugin.MCAP)
        writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        with writer:
            connections = {
                topic: writer.add_connection(absolute(topic), type_name(kind), typestore=store)
                for topic, kind in kinds.items()
            }
            for time_ns, topic, data in messages:
                writer.write(connections[topic], time_ns, data)
        shutil.move(str(bag / f"{path.stem}.mcap"), path)
    return len(messages)


def absolute(topic: str) -> str:
    """A bag knows no namespaces: 'points' -> '/points'."""
    return topic if topic.startswith("/") else f"/{topic}"


def type_name(message_class: Any) -> str:
    """'sensor_msgs/msg/Image' of the class."""
    return f"{message_class.__module__.split('.')[0]}/msg/{message_class.__name__}"


_NUMPY: Mapping[int, str] = {PointField.FLOAT32: "f4", PointField.FLOAT64: "f8", PointField.UINT32: "u4"}
_PLY = {"x": "<f4", "y": "<f4", "z": "<f4", "red": "u1", "green": "u1", "blue": "u1", "sigma": "<f4"}


def points_of(cloud: PointCloud2) -> NDArray[Any]:
    """Its points that have a depth, as a structured array with the cloud's fields: x, y, z, rgb, sigma and others.

    Raises ValueError if the cloud lacks one of these five.
    """
    order = ">" if cloud.is_bigendian else "<"
    fields = {item.name: item for item in cloud.fields}
    missing = {"x", "y", "z", "rgb", "sigma"} - fields.keys()
    if missing:
        raise ValueError(f"points: the cloud has {', '.join(fields)}, but lacks {', '.join(sorted(missing))}")
    layout = np.dtype(
        {
            "names": list(fields),
            "formats": [order + _NUMPY[item.datatype] for item in fields.values()],
            "offsets": [item.offset for item in fields.values()],
            "itemsize": cloud.point_step,
        }
    )
    points: NDArray[Any] = np.frombuffer(cloud.data, layout)
    valid: NDArray[Any] = points[np.isfinite(points["z"])]
    return valid


def write_ply(path: Path, cloud: PointCloud2) -> int:
    """The points that have a depth as binary PLY: x y z (metres), red green blue, sigma (metres). Number of points.

    Raises ValueError if the cloud lacks one of the fields.
    """
    points = points_of(cloud)
    order = ">" if cloud.is_bigendian else "<"
    colour = np.ascontiguousarray(points["rgb"]).view(f"{order}u4")  # packed into the bits of a float, as PCL does
    columns = (points["x"], points["y"], points["z"], colour >> 16, colour >> 8, colour, points["sigma"])
    out = np.empty(len(points), list(_PLY.items()))
    for (name, kind), column in zip(_PLY.items(), columns, strict=True):
        out[name] = column & 0xFF if kind == "u1" else column
    header = [
        "ply",
        "format binary_little_endian 1.0",
        "comment metres in the optical frame (x right, y down, z forward); sigma: one standard deviation of z, metres",
        f"element vertex {len(out)}",
        *(f"property {'uchar' if kind == 'u1' else 'float'} {name}" for name, kind in _PLY.items()),
        "end_header",
    ]
    path.write_bytes(("\n".join(header) + "\n").encode() + out.tobytes())
    return len(out)
