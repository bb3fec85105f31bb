# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The inspection of a bag before a teaching: topics, rates, and how the stamps of camera and range sensor differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sensor_msgs.msg import CameraInfo

from grin_ros.core.input_error import InputError
from grin_ros.core.labels.pieces import Pieces
from grin_ros.core.motion.checks.turning import ImageTurning, Offset, RangeTurning, Turning, offset_between
from grin_ros.ros.bags.cameras import CameraTopics, find_cameras
from grin_ros.ros.bags.messages import deserialize
from grin_ros.ros.bags.reading import Bag, Message
from grin_ros.ros.bags.storage.raw import Contents
from grin_ros.ros.bags.survey import survey
from grin_ros.ros.inputs.images import Converter, open_converter
from grin_ros.ros.inputs.messages import frame_from, stamp_ns
from grin_ros.ros.inputs.ranges import measured_points
from grin_ros.ros.message_types import CLOUD, COMPRESSED, IMAGE, INFO, SCAN, message_class
from grin_ros.ros.teaching.sensors import find_labels

LOOKED_AT_S = 60.0
"""The offsets of the stamps are estimated from this much of a bag, from the beginning of the window."""
LEAST_RATE = 0.5
"""If the rate of the images over the whole bag, by its index, is less than this share of that at the beginning, the bag
is read to its end: it may have a jump of the clock, which does not count as time."""
WARNED_S, REFUSED_S = 0.05, 0.15
"""An offset above the first is a warning, above the second the labels are refused."""


@dataclass(frozen=True)
class Inspection:
    """The findings about the window of a bag. length_s: without jumps of the clock. rates: topic -> messages per
    second. labels: (input, topic) of what labels the images. offsets: (image topic, topic of a range sensor) -> the
    offset of the sensor. jumps: what jumps, in words -> by how many seconds."""

    bag: str
    length_s: float
    cameras: tuple[CameraTopics, ...]
    labels: tuple[tuple[str, str], ...]
    kinds: Mapping[str, str]
    rates: Mapping[str, float]
    offsets: Mapping[tuple[str, str], Offset] = field(default_factory=dict)
    jumps: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return what was found, in lines for the operator."""
        used = {camera.image: "camera" for camera in self.cameras} | {topic: "labels" for _, topic in self.labels}
        found = [f"{self.bag}: {self.length_s:.0f} s"]
        for topic, role in used.items():
            found.append(f"  {role:<7} {topic}  {self.kinds[topic]}  {self.rates.get(topic, 0.0):.1f} Hz")
        for what, jumps_s in self.jumps.items():
            by = ", ".join(f"{jump_s:+.0f} s" for jump_s in jumps_s)
            found.append(f"  clock   {what} jump by {by}, because the clock was set or the recording paused")
        for (image, topic), offset in self.offsets.items():
            if offset.seconds is None:
                found.append(f"  stamps  {topic}: their offset to {image} is not known, because {offset.reason}")
            else:
                found.append(
                    f"  stamps  {topic}: {1e3 * offset.seconds:+.0f} ms against {image} (correlation of turns "
                    f"{offset.correlation:.2f})"
                )
        return found

    def problems(self) -> tuple[list[str], list[str]]:
        """Return what must be corrected before a teaching, and what is only a warning, each with the remedy."""
        refused: list[str] = []
        warned: list[str] = []
        for (image, topic), offset in self.offsets.items():
            if offset.mirrored:
                warned.append(
                    f"{topic}: it turns the other way round than {image}, as a lidar does that is mounted upside "
                    "down; check that its pose has 180 degrees of roll"
                )
            if offset.seconds is None or abs(offset.seconds) < WARNED_S:
                continue
            text = (
                f"{topic}: for the same moment its stamps are {1e3 * offset.seconds:+.0f} ms against those of {image}, "
                "so labels would lie beside their pixels whenever the robot turns; synchronise the clocks (chrony, "
                "PTP), correct a driver that stamps when a message arrives, and record again"
            )
            if len(self.cameras) > 1:
                text += "; or choose the other cameras with --image"
            (refused if abs(offset.seconds) >= REFUSED_S else warned).append(text)
        return refused, warned


def inspect(
    path: Path,
    images: tuple[str, ...] = (),
    info: str = "",
    named: tuple[str, ...] = (),
    start_s: float = 0.0,
    end_s: float | None = None,
) -> Inspection:
    """Look at a bag, from start_s to end_s after its first message (None: to its end).

    Raises ValueError, with what to do, if it has no camera_info or nothing that labels, or if the window begins after
    its end.
    """
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
    start_ns = found.time_ns(start_s)
    stop_ns = None if end_s is None else found.start_ns + round(end_s * 1e9)
    # The index counts the messages of the whole bag. Those of a window must be read.
    contents = bag.contents() if start_ns == found.start_ns and stop_ns is None else None
    whole_s = max((found.end_ns - found.start_ns) / 1e9, 1e-3)
    look = _Look(cameras, [t for _, t in labels if found.kinds[t] in (SCAN, CLOUD)], found.first)
    counts: Counter[str] = Counter()
    clock = Pieces()
    messages = (message for message in bag.messages(stop_ns=stop_ns) if message.time_ns >= start_ns)
    for message in messages:
        clock.of(message.time_ns / 1e9)
        counts[message.topic] += 1
        if clock.length_s >= LOOKED_AT_S:
            break
        look.take(message)
    if contents is not None and _steady(contents, whole_s, counts, clock, cameras[0].image):
        counts, length_s = Counter(contents.counts), whole_s
    else:
        for message in messages:
            clock.of(message.time_ns / 1e9)
            counts[message.topic] += 1
        length_s = max(clock.length_s, 1e-3)
    rates = {topic: count / length_s for topic, count in counts.items()}
    jumps = {"the log times": clock.jumps_s} | {
        f"the stamps of {t}": one.clock.jumps_s for t, one in look.cameras.items()
    }
    told = {what: jumps_s for what, jumps_s in jumps.items() if jumps_s}
    return Inspection(str(path), length_s, tuple(cameras), tuple(labels), found.kinds, rates, look.offsets(), told)


def _steady(contents: Contents, length_s: float, counts: Counter[str], clock: Pieces, image: str) -> bool:
    """Return True if the images of the whole bag, by its index, come about as often as those that were counted in the
    first LOOKED_AT_S of it. A shorter bag has been counted whole."""
    if clock.jumps_s or clock.length_s < LOOKED_AT_S:
        return False
    return contents.counts[image] / length_s >= LEAST_RATE * counts[image] / clock.length_s


class _CameraLook:
    """Measures how a camera turns."""

    def __init__(self, info: Message) -> None:
        self.info: CameraInfo = deserialize(info.data, CameraInfo)
        focal, width = float(self.info.k[0]), max(1, self.info.width)
        self.turns = ImageTurning(focal / width if focal > 0.0 else 0.8)
        self.clock = Pieces()


class _Look:
    """Measures how the cameras and the range sensors turn."""

    def __init__(self, cameras: Sequence[CameraTopics], sensors: Sequence[str], first: Mapping[str, Message]) -> None:
        self._converter: Converter = open_converter()
        self.cameras = {camera.image: _CameraLook(first[camera.info]) for camera in cameras}
        self._sensors = {topic: RangeTurning() for topic in sensors}
        self._unusable: dict[str, list[str]] = {}

    def take(self, message: Message) -> None:
        """Look at one message. One that cannot be used is left out here, and counted when the images are labelled."""
        try:
            if message.topic in self.cameras:
                camera = self.cameras[message.topic]
                image = deserialize(message.data, message_class(message.kind))
                camera.clock.of(stamp_ns(image.header) / 1e9)
                frame = frame_from(image, camera.info, None, self._converter)
                camera.turns.add(frame.stamp_ns / 1e9, frame.image)
            elif message.topic in self._sensors:
                ranges = deserialize(message.data, message_class(message.kind))
                self._sensors[message.topic].add(stamp_ns(ranges.header) / 1e9, measured_points(ranges).points)
        except ValueError as error:
            self._unusable.setdefault(message.topic, []).append(str(error))

    def offsets(self) -> dict[tuple[str, str], Offset]:
        """Return the offset of each sensor against each camera."""
        pairs = ((image, topic) for image in self.cameras for topic in self._sensors)
        return {pair: self._offset(*pair) for pair in pairs}

    def _offset(self, image: str, topic: str) -> Offset:
        found = offset_between(*_longest_together(self.cameras[image].turns.turning, self._sensors[topic].turning))
        for name in (image, topic):
            if found.seconds is None and (errors := self._unusable.get(name)):
                why = f"{len(errors)} messages of {name} cannot be used, the first because of this: {errors[0]}"
                return replace(found, reason=why)
        return found


def _longest_together(camera: Turning, sensor: Turning) -> tuple[Turning, Turning]:
    """Return the parts of both between jumps of their clocks that were recorded together for longest."""
    pairs = [(one, other) for one in _parts(camera) for other in _parts(sensor)]

    def together_s(pair: tuple[Turning, Turning]) -> float:
        return min(one.times_s[-1] for one in pair) - max(one.times_s[0] for one in pair)

    return max(pairs, key=together_s, default=(camera, sensor))


def _parts(turning: Turning) -> list[Turning]:
    clock = Pieces()
    parts: dict[int, Turning] = {}
    for time_s, rate_rad_s in zip(turning.times_s, turning.rates_rad_s, strict=True):
        part = parts.setdefault(clock.of(time_s), Turning())
        part.times_s.append(time_s)
        part.rates_rad_s.append(rate_rad_s)
    return list(parts.values())
