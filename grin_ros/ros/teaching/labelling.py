# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Labels the images of a bag by the hints that the node would have had, and writes them to a folder.

The hints pass the same gates as in the node. Unlike the node, a label may also be newer than its image: an image waits
until the messages after it have been read.
"""

from __future__ import annotations

import logging
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from sensor_msgs.msg import CameraInfo

from grin_ros.core.labels.begun import begin
from grin_ros.core.labels.folder import LabelledFrame, LabelWriter
from grin_ros.core.labels.pieces import Pieces
from grin_ros.core.types import Frame, Hints
from grin_ros.ros.bags.hints import AHEAD_NS
from grin_ros.ros.bags.messages import deserialize
from grin_ros.ros.bags.parameters import bag_config
from grin_ros.ros.bags.reading import Bag, Message
from grin_ros.ros.bags.run import Job, OpenedBag, Report, open_bag
from grin_ros.ros.bags.survey import Survey
from grin_ros.ros.inputs.images import open_converter
from grin_ros.ros.inputs.messages import frame_from, stamp_ns
from grin_ros.ros.inputs.problem import FrameRejectedError
from grin_ros.ros.message_types import message_class
from grin_ros.ros.teaching.sensors import ODOMETRY, PREFIX

logger = logging.getLogger(__name__)

MOST_LABELS = 20_000
"""The largest number of labels of one frame. They are chosen at random."""
SAVE_EVERY = 50
UNLABELLED, SAME_STAMP = "no labels", "same stamp"


def label(job: Job) -> Report:
    """Write the labelled frames of a bag to the folder `job.output`, every `job.every`-th image of each camera.

    Frames that are in the folder already are not made again, unless they are of another bag or of other options of the
    job. Where stamps jump (`Pieces`), what follows is a recording by itself. The report counts the frames with labels,
    the images without by reason, and the frames that each source has labelled. Raises ValueError if the bag has no
    camera with camera_info, or no topic that can label.
    """
    bag = Bag(Path(job.input))
    config = bag_config(job.parameters)
    opened = open_bag(job, bag, config)
    begin(Path(job.output), made_from(job, bag, opened.found))
    work = _Labelling(opened)
    work.read()
    sources = dict(sorted(work.sources.items()))
    if work.unposed:
        text = (
            "%s: tf does not tell where the camera was in hints.fixed_frame '%s' at %d of %d frames, so these learn "
            "only what was measured at their own time; record /tf with the odometry of the robot, or name odometry "
            "too: %s"
        )
        named = (*job.hints, (ODOMETRY, "TOPIC"))  # topics that are not named are not used beside those that are
        again = " ".join(f"--labels {name.removeprefix(PREFIX)}={topic}" for name, topic in named)
        logger.warning(text, job.input, config.hints.fixed_frame, work.unposed, work.frames, again)
    damage = (*bag.damage, *work.unreadable)
    return Report(job.output, work.frames, dict(sorted(work.rejected.items())), damage, hints=sources)


def made_from(job: Job, bag: Bag, found: Survey) -> dict[str, Any]:
    """Return what the labels of a job follow from, by name: the bag, wherever it lies, and the options."""
    options = {name: getattr(job, name) for name in ("images", "info", "hints", "every", "start_s", "end_s")}
    return {"bag": [bag.fingerprints(), found.start_ns, found.end_ns], "parameters": dict(job.parameters), **options}


class _Labelling:
    """One pass over a bag."""

    def __init__(self, opened: OpenedBag) -> None:
        job = opened.job
        self._opened = opened
        self._hints = opened.open_hints()
        self._cameras = {camera.image: camera for camera in opened.cameras}
        self._job, self._config = job, opened.config
        self._converter = open_converter()
        self._writer = LabelWriter(Path(job.output))
        self._pieces = {image: Pieces() for image in self._cameras}
        self._images: Counter[str] = Counter()
        self._names: set[str] = set()  # of the frames of this pass; the folder may hold those of an earlier one
        # A source that follows the images knows what is true of the last one, so its images must not wait.
        self._ahead_ns = 0 if any(one.sees_images for one in self._hints.inputs.values()) else AHEAD_NS
        self._infos = opened.first_infos()
        self.frames = self.unposed = 0
        self.unreadable: list[str] = []
        self.rejected: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()

    def read(self) -> None:
        """Label the images of the window. After an interruption the index has the frames that were made before it."""
        try:
            self._read()
        finally:
            self._writer.save()

    def _read(self) -> None:
        for message in self._hints.heard(self._opened.bag.messages(stop_ns=self._opened.stop_ns), self._ahead_ns):
            if message.topic in self._infos:
                self._infos[message.topic] = message.data
            camera = self._cameras.get(message.topic)
            if camera is None or message.time_ns < self._opened.start_ns:
                continue
            info = self._infos.get(camera.info)
            self._hints.show(message, info)
            self._images[message.topic] += 1
            recording = self._recording(message)
            if (self._images[message.topic] - 1) % self._job.every == 0:
                self._label(message, info, recording)
        self.unreadable = self._hints.count_unused()

    def _recording(self, message: Message) -> str:
        """Return the name of the recording that an image belongs to: one for each camera and piece."""
        pieces, stamp_s = self._pieces[message.topic], _stamp_s(message.data)
        jumps = len(pieces.jumps_s)
        number = 0 if stamp_s is None else pieces.of(stamp_s)
        for jump_s in pieces.jumps_s[jumps:]:
            text = (
                "%s: its stamps jump by %+.0f s at %d ns, because the clock was set or the recording paused; the "
                "images before and after are split by themselves"
            )
            logger.warning(text, message.topic, jump_s, message.time_ns)
        name = f"{Path(self._job.output).name}{message.topic.replace('/', '_')}"
        return f"{name}+{number}" if number else name

    def _label(self, message: Message, info: bytes | None, recording: str) -> None:
        try:
            image = deserialize(message.data, message_class(message.kind))
            name = f"{recording}-{stamp_ns(image.header)}"
            if name in self._names:
                text = f"got the stamp {stamp_ns(image.header)} ns of an earlier image, expected one of its own"
                remedy = "correct the driver that stamps the images, and record again"
                self._reject(SAME_STAMP, f"{message.topic} at {message.time_ns} ns: {text}; {remedy}")
                return
            self._names.add(name)
            if self._writer.has(name):
                self.frames += 1
                return
            known = None if info is None else deserialize(info, CameraInfo)
            config = self._config
            mounting = config.mounting
            if self._hints.mounting:
                mounting = self._hints.mounting(image.header.frame_id, stamp_ns(image.header))
            frame = frame_from(image, known, mounting, self._converter, config.rectified)
            labels = self._gather(message.topic, frame, image.header.frame_id)
        except FrameRejectedError as error:
            reason = error.problem.reason
            self._reject(reason, f"{message.topic} at {message.time_ns} ns: {reason}: {error}")
            return
        except ValueError as error:
            self._reject("bad message", f"{message.topic} at {message.time_ns} ns: {error}")
            return
        if labels is None:
            return
        pose = self._hints.pose(image.header.frame_id, frame.stamp_ns, config.hints.fixed_frame, labels.placed)
        self.unposed += pose is None
        self._writer.add(LabelledFrame(name, recording, frame, labels, pose))
        self.frames += 1
        if self.frames % SAVE_EVERY == 0:
            self._writer.save()

    def _gather(self, topic: str, frame: Frame, frame_id: str) -> Hints | None:
        gathered = self._hints.inputs[topic].gather(frame, frame_id, self._config.hints)
        for source, given in gathered.sources.items():
            if given.hints is not None:
                self.sources[source] += 1
        if gathered.hints is None:
            reasons = "; ".join(f"{source}: {given.reason}" for source, given in gathered.sources.items())
            self._reject(UNLABELLED, f"{topic} at {frame.stamp_ns} ns has no labels: {reasons}")
            return None
        hints = gathered.hints
        if len(hints) <= MOST_LABELS:
            return hints
        chosen = np.random.default_rng(frame.stamp_ns % 2**63).choice(len(hints), MOST_LABELS, replace=False)
        return hints.chosen(np.sort(chosen))

    def _reject(self, reason: str, text: str) -> None:
        self.rejected[reason] += 1
        if self.rejected[reason] == 1:  # the first is logged; all are counted
            logger.warning("%s", text)


def _stamp_s(data: bytes) -> float | None:
    """Return the stamp in the header with which a message begins, without reading the rest; None if it is too short."""
    if len(data) < 12:
        return None
    seconds, nanoseconds = struct.unpack_from("<iI" if data[1] & 1 else ">iI", data, 4)
    return float(seconds + nanoseconds / 1e9)
