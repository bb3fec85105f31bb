# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The inspection of a bag before a teaching: topics, rates, and how the stamps of camera and range sensor differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sensor_msgs.msg import CameraInfo

from grin_ros.core.input_error import InputError
from grin_ros.core.motion.checks.turning import ImageTurning, Offset, RangeTurning, offset_between
from grin_ros.ros.bags.cameras import CameraTopics, find_cameras
from grin_ros.ros.bags.messages import deserialize
from grin_ros.ros.bags.reading import Bag, Message
from grin_ros.ros.bags.survey import survey
from grin_ros.ros.inputs.images import Converter, open_converter
from grin_ros.ros.inputs.messages import frame_from, stamp_ns
from grin_ros.ros.inputs.ranges import measured_points
from grin_ros.ros.message_types import CLOUD, COMPRESSED, IMAGE, INFO, SCAN, message_class
from grin_ros.ros.teaching.sensors import find_labels

LOOKED_AT_S = 60.0
"""The offset of the stamps is estimated from this much of a bag, from its beginning."""
WARNED_S, REFUSED_S = 0.05, 0.15
"""An offset above the first is a warning, above the second the labels are refused."""


@dataclass(frozen=True)
class Inspection:
    """The findings about a bag. rates: topic -> messages per second. labels: (input, topic) of what labels the images.
    offsets: topic of a range sensor -> its offset."""

    bag: str
    length_s: float
    cameras: tuple[CameraTopics, ...]
    labels: tuple[tuple[str, str], ...]
    kinds: Mapping[str, str]
    rates: Mapping[str, float]
    offsets: Mapping[str, Offset] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return what was found, in lines for the operator."""
        used = {camera.image: "camera" for camera in self.cameras} | {topic: "labels" for _, topic in self.labels}
        found = [f"{self.bag}: {self.length_s:.0f} s"]
        for topic, role in used.items():
            found.append(f"  {role:<7} {topic}  {self.kinds[topic]}  {self.rates.get(topic, 0.0):.1f} Hz")
        for topic, offset in self.offsets.items():
            if offset.seconds is None:
                found.append(f"  stamps  {topic}: their offset to the camera is not known, because {offset.reason}")
            else:
                found.append(
                    f"  stamps  {topic}: {1e3 * offset.seconds:+.0f} ms against the camera (correlation of turns "
                    f"{offset.correlation:.2f})"
                )
        return found

    def problems(self) -> tuple[list[str], list[str]]:
        """Return what must be corrected before a teaching, and what is only a warning, each with the remedy."""
        refused: list[str] = []
        warned: list[str] = []
        for topic, offset in self.offsets.items():
            if offset.mirrored:
                warned.append(
                    f"{topic}: it turns the other way round than the camera, as a lidar does that is mounted upside "
                    "down; check that its pose has 180 degrees of roll"
                )
            if offset.seconds is None or abs(offset.seconds) < WARNED_S:
                continue
            text = (
                f"{topic}: for the same moment its stamps are {1e3 * offset.seconds:+.0f} ms against the camera's, so "
                "labels would lie beside their pixels whenever the robot turns; synchronise the clocks (chrony, PTP), "
                "correct a driver that stamps when a message arrives, and record again"
            )
            (refused if abs(offset.seconds) >= REFUSED_S else warned).append(text)
        return refused, warned


def inspect(path: Path, images: tuple[str, ...] = (), info: str = "", named: tuple[str, ...] = ()) -> Inspection:
    """Look at a bag. Raises ValueError, with what to do, if it has no camera_info or nothing that labels."""
    bag = Bag(path)
    found = survey(bag, (IMAGE, COMPRESSED, INFO))
    if not any(kind == INFO and topic in found.first for topic, kind in found.kinds.items()):
        raise InputError(
            f"{path}: no camera_info was recorded, so nobody can tell which pixel a range belongs to",
            "record the camera_info topic beside the image",
        )
    cameras = find_cameras(found, images, info)
    try:
        labels = find_labels(found, cameras, named)
    except InputError as error:
        raise InputError(f"{path}: {error.text}", error.remedy) from None
    contents = bag.contents()
    length_s = max((found.end_ns - found.start_ns) / 1e9, 1e-3)
    look = _Look(cameras[0], [t for _, t in labels if found.kinds[t] in (SCAN, CLOUD)], found.first[cameras[0].info])
    counts: Counter[str] = Counter(contents.counts) if contents else Counter()
    stop_ns = found.start_ns + round(LOOKED_AT_S * 1e9)
    for message in bag.messages(stop_ns=None if contents is None else stop_ns):
        if contents is None:
            counts[message.topic] += 1
        if message.time_ns < stop_ns:
            look.take(message)
    rates = {topic: count / length_s for topic, count in counts.items()}
    offsets = {topic: offset_between(look.camera.turning, one.turning) for topic, one in look.sensors.items()}
    return Inspection(str(path), length_s, tuple(cameras), tuple(labels), found.kinds, rates, offsets)


class _Look:
    """Measures how the camera and the range sensors turn."""

    def __init__(self, camera: CameraTopics, sensors: list[str], info: Message) -> None:
        self._topics = camera
        self._info: CameraInfo = deserialize(info.data, CameraInfo)
        self._converter: Converter = open_converter()
        focal, width = float(self._info.k[0]), max(1, self._info.width)
        self.camera = ImageTurning(focal / width if focal > 0.0 else 0.8)
        self.sensors = {topic: RangeTurning() for topic in sensors}

    def take(self, message: Message) -> None:
        """Look at one message. One that cannot be read is left out here, and counted when the images are labelled."""
        try:
            if message.topic == self._topics.image:
                image = deserialize(message.data, message_class(message.kind))
                frame = frame_from(image, self._info, None, self._converter)
                self.camera.add(stamp_ns(image.header) / 1e9, frame.image)
            elif message.topic in self.sensors:
                ranges = deserialize(message.data, message_class(message.kind))
                self.sensors[message.topic].add(stamp_ns(ranges.header) / 1e9, measured_points(ranges).points)
        except ValueError:
            return
