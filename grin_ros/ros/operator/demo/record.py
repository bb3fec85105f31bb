# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The recorder of the demo: it keeps the times of all arrivals and some whole frames, and writes them as a bag."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo, Image

from grin_ros.ros.message_types import type_name
from grin_ros.ros.operator.demo.scene import CameraView
from grin_ros.ros.operator.harness.messages import OUTPUTS, Received, camera_info_message, image_message, with_stamp

DIAGNOSTICS = "/diagnostics"


@dataclass
class Kept:
    """A whole frame: what the camera saw, and every output by topic, serialised."""

    view: CameraView
    outputs: dict[str, Received] = field(default_factory=dict)


class Recorder:
    """Collects the outputs of the node. It keeps at most `keep_hz` frames a second, because they are large.

    The client's thread calls it with every output, and the sending thread calls `sent`. Read it when both are done.
    """

    def __init__(self, keep_hz: float = 2.0) -> None:
        self._gap_ns = int(1e9 / keep_hz)
        self._views: dict[int, CameraView] = {}
        self.kept: dict[int, Kept] = {}
        """Stamp -> frame, in order of time."""
        self.diagnostics: list[Received] = []
        self.arrivals: dict[str, dict[int, int]] = {topic: {} for topic in OUTPUTS}
        """Topic -> stamp -> time of arrival in nanoseconds."""

    @property
    def frames_sent(self) -> int:
        return len(self._views)

    def sent(self, stamp_ns: int, view: CameraView) -> None:
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

    def answered(self, stamp_ns: int) -> bool:
        """Return True if every output of this frame has arrived."""
        return all(stamp_ns in arrived for topic, arrived in self.arrivals.items() if topic != DIAGNOSTICS)

    def complete(self) -> dict[int, Kept]:
        """Return the kept frames of which every output came."""
        wanted = OUTPUTS.keys() - {DIAGNOSTICS}
        return {stamp: kept for stamp, kept in self.kept.items() if wanted <= kept.outputs.keys()}


def write_bag(path: Path, recorder: Recorder) -> int:
    """Write the kept frames with their inputs, and all diagnostics, as one MCAP file; return the number of messages.

    Foxglove and `ros2 bag play` open it: it holds the definition of each type (schema encoding ros2msg) and an index.
    The log time of an input is that of its publication, that of an output its arrival. Imports rosbags.
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
                topic: writer.add_connection(f"/{topic.lstrip('/')}", type_name(kind), typestore=store)
                for topic, kind in kinds.items()
            }
            for time_ns, topic, data in messages:
                writer.write(connections[topic], time_ns, data)
        shutil.move(str(bag / f"{path.stem}.mcap"), path)
    return len(messages)
