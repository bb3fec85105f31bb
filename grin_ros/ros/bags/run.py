# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One bag through the frame processor of the node; the answers are written beside the recorded messages.

A bag run differs from the node in two things: captures come from the bag, and messages go into a bag. It works in one
thread and drops no frame, so its output depends on nothing but the bag, the parameters and the model.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from sensor_msgs.msg import CameraInfo

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.engine import Engine
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.geometry.kept_maps import KeptMaps
from grin_ros.core.input_error import InputError
from grin_ros.core.photo.cameras import CameraChoice
from grin_ros.ros.bags.before_start import BeforeStart
from grin_ros.ros.bags.cameras import CameraTopics, computed_topics, find_cameras, tell_left_out
from grin_ros.ros.bags.hints import TF_INPUT, BagHints, find_hints, find_tf, tell_unused_tf, without_numbers
from grin_ros.ros.bags.identity import differences, identity_of
from grin_ros.ros.bags.messages import deserialize, serialize
from grin_ros.ros.bags.parameters import bag_config
from grin_ros.ros.bags.reading import Bag, Message
from grin_ros.ros.bags.survey import Survey, survey
from grin_ros.ros.bags.writing import PartsWriter, finished_note
from grin_ros.ros.frame.processor import Capture, FrameProcessor, Processed
from grin_ros.ros.frame.topics import OUTPUTS
from grin_ros.ros.inputs.images import Converter, open_converter
from grin_ros.ros.inputs.messages import AnyImage, info_from_camera, size_of
from grin_ros.ros.inputs.problem import Problem
from grin_ros.ros.message_types import COMPRESSED, IMAGE, INFO, message_class
from grin_ros.ros.parameters.row import Value
from grin_ros.ros.parameters.table import NodeConfig

logger = logging.getLogger(__name__)

PART_BYTES = 256 << 20
"""A part of the output is closed when it has this size."""

Watch = Callable[[int, int], None]
"""Called after each message with the log time that is reached and the number of frames with depth."""


@dataclass(frozen=True)
class Job:
    """One bag to work on, as plain values: it can be sent to another process or machine.

    parameters: the node's, by name. topics: the recorded topics that pass to the output, None for all. images: the
    image topics to work on, none for all cameras. info: the camera_info topic of the only image topic. hints: (input,
    recorded topic) of the sources of hints, such as ('hints/scan', '/scan') or ('tf', '/robot1/tf'). cameras: tells the
    camera of images without camera_info. every: depth for every n-th image of a camera. start_s, end_s: the window, in
    seconds from the bag's first message. part_frames: the largest number of frames that are computed again after an
    interruption. Raises ValueError if numbers are out of range.
    """

    input: str
    output: str
    parameters: Mapping[str, Value] = field(default_factory=dict)
    topics: tuple[str, ...] | None = None
    images: tuple[str, ...] = ()
    info: str = ""
    hints: tuple[tuple[str, str], ...] = ()
    cameras: CameraChoice | None = None
    every: int = 1
    start_s: float = 0.0
    end_s: float | None = None
    storage: str = "mcap"
    part_frames: int = 200

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"every: got {self.every}, expected 1 or more")
        if not 0.0 <= self.start_s < math.inf or (self.end_s is not None and not self.end_s > self.start_s):
            raise ValueError(f"start, end: got {self.start_s}, {self.end_s}, expected 0 <= start < end (seconds)")


@dataclass(frozen=True)
class Report:
    """The result of a run.

    frames: the number of images with depth. rejected: reason -> number of images without. damage: what could not be
    read. already: all was there from an earlier run. hints: source of hints -> the number of frames that had some.
    """

    output: str
    frames: int
    rejected: Mapping[str, int]
    damage: tuple[str, ...]
    already: bool = False
    hints: Mapping[str, int] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """True if all was read, and there are images, and each of them has depth."""
        return self.frames > 0 and not self.damage and not self.rejected


@dataclass(frozen=True)
class OpenedBag:
    """A bag with what a job takes from it.

    hints: recorded topic -> the inputs that it serves. tf: the topics of transforms, none if they are not needed.
    start_ns, stop_ns: the window, None for no end.
    """

    job: Job
    bag: Bag
    config: NodeConfig
    found: Survey
    cameras: list[CameraTopics]
    hints: dict[str, list[str]]
    tf: list[str]
    start_ns: int
    stop_ns: int | None

    def first_infos(self) -> dict[str, bytes]:
        """Return camera_info topic -> its first message. A node refuses images before that; a bag tells it earlier."""
        return {c.info: self.found.first[c.info].data for c in self.cameras if c.info in self.found.first}

    def open_hints(self) -> BagHints:
        """Return the sources of hints of all cameras, which know what a node knows from the beginning."""
        images = [camera.image for camera in self.cameras]
        hints = BagHints(images, self.config.hints, self.hints, self.config.mounting_frame, self.tf)
        hints.know(self.found)
        return hints


def open_bag(job: Job, bag: Bag, config: NodeConfig) -> OpenedBag:
    """Look for what a job takes from its bag. Raises ValueError if it is not there."""
    needs_tf = bool(config.hints.on or config.mounting_frame)
    found = survey(bag, (IMAGE, COMPRESSED, INFO), static=needs_tf)
    start_ns = found.time_ns(job.start_s)
    stop_ns = None if job.end_s is None else found.start_ns + round(job.end_s * 1e9)
    cameras = find_cameras(found, job.images, job.info, known=job.cameras is not None)
    if not job.images:
        tell_left_out(found, cameras, known=job.cameras is not None)
    hints = find_hints(found, job.hints, config.hints.on)
    tf: list[str] = []
    if needs_tf:
        tf = find_tf(found, job.hints)
        tell_unused_tf(found, tf)
    elif named := [topic for name, topic in job.hints if name == TF_INPUT]:
        raise ValueError(
            f"--hints tf={named[0]}: nothing takes transforms; name a source of hints too, or set mounting.base_frame"
        )
    return OpenedBag(job, bag, config, found, cameras, hints, tf, start_ns, stop_ns)


def run(job: Job, watch: Watch | None = None) -> Report:
    """Work on the whole bag. A run that was interrupted goes on where it stopped, if the job is the same.

    Raises ValueError if the job is impossible (no bag, no camera, no model, an output that exists), EngineError if the
    backend fails, OSError if the output cannot be written.
    """
    output = Path(job.output)
    bag = Bag(Path(job.input))
    config = bag_config(job.parameters)
    artifact = load_artifact(config.model)
    identity = identity_of(asdict(job), bag, artifact.digest)
    note = finished_note(output)
    if note is not None and not differences(note.get("identity"), identity):
        return Report(job.output, note["frames"], note["rejected"], tuple(note["damage"]), True, note.get("hints", {}))
    opened = open_bag(job, bag, config)
    computed = computed_topics(opened.cameras, config)
    if taken := sorted(computed.keys() & opened.hints.keys()):
        switches = sorted({switch for topic in taken for switch in computed[topic].switches})
        raise ValueError(
            f"--hints: {', '.join(taken)} would be replaced by a computed topic of the same name; leave the computed "
            f"one out with {' '.join(f'-p {switch}:=false' for switch in switches)}"
        )
    kinds = opened.found.kinds
    if unknown := sorted(set(job.topics or ()) - kinds.keys()):
        raise ValueError(f"{job.input}: it has no topic {', '.join(unknown)}; it has {', '.join(sorted(kinds))}")
    if caveat := artifact.manifest.sigma_caveat():
        logger.warning(caveat)
    with (
        closing(open_engine(config.backend, artifact, config.threads)) as engine,
        # The engine is part of the identity, so that one bag never holds parts of two engines.
        PartsWriter(output, job.storage, {**identity, "the engine": engine.description}) as writer,
    ):
        work = _BagRun(opened, writer, engine, open_converter())
        work.read(watch)
        rejected, hinted = dict(sorted(work.rejected.items())), dict(sorted(work.hints.items()))
        result = Report(job.output, work.frames, rejected, (*bag.damage, *work.unreadable), hints=hinted)
        note = {**asdict(result), "identity": identity, "model": artifact.digest, "engine": engine.description}
        writer.finish(note)
    return result


class _BagRun:
    """One pass over a bag: the newest camera_info of each camera, the images counted, the frames done."""

    def __init__(self, opened: OpenedBag, writer: PartsWriter, engine: Engine, converter: Converter) -> None:
        job, config, cameras = opened.job, opened.config, opened.cameras
        self._opened, self._job = opened, job
        self._configs = {camera.image: config for camera in cameras}
        if len(cameras) > 1:
            self._configs = {camera.image: bag_config(job.parameters, camera.name) for camera in cameras}
        self._writer = writer
        self._cameras = {camera.image: camera for camera in cameras}
        KeptMaps.serve(len(cameras))
        self._hints = opened.open_hints() if config.hints.on or config.mounting_frame else None
        self._processors = {
            camera.image: FrameProcessor(
                Estimator(engine),
                converter,
                partial(logger.warning, "%s: %s", camera.image),
                mounting=self._hints.mounting if self._hints else None,
                hints=self._hints.inputs[camera.image] if self._hints and config.hints.on else None,
                topic=camera.image,
            )
            for camera in cameras
        }
        self._infos = opened.first_infos()
        self._computed = computed_topics(cameras, config).keys()
        self._images: Counter[str] = Counter()
        progress = writer.resumed
        self._done = int(progress.get("messages", 0))
        """The messages that an earlier run has read."""
        self._number = 0
        """The messages that this one has read."""
        self.frames = int(progress.get("frames", 0))
        self.rejected: Counter[str] = Counter(progress.get("rejected", {}))
        self.hints: Counter[str] = Counter(dict.fromkeys(sorted(config.hints.on), 0) | progress.get("hints", {}))
        self.unreadable: list[str] = []
        self._told: set[tuple[str, str]] = set()
        replaced = sorted(self._computed & opened.found.kinds.keys())
        if replaced:
            logger.warning("%s: recorded outputs are replaced by the computed ones: %s", job.input, ", ".join(replaced))

    def read(self, watch: Watch | None) -> None:
        """Work on all messages of the window, and commit what is done from time to time."""
        committed = self.frames + self.rejected.total()
        for message, camera in self._new_messages():
            self._pass_on(message)
            if camera is not None:
                if self._hints is not None:
                    self._hints.show(message, self._infos.get(camera.info))
                if (self._images[message.topic] - 1) % self._job.every == 0:
                    self._process(camera, message)
            worked = self.frames + self.rejected.total()
            if worked - committed >= self._job.part_frames or self._writer.pending_bytes >= PART_BYTES:
                self._commit()
                committed = worked
            if watch is not None:
                watch(message.time_ns, self.frames)
        self._commit()
        if self._hints is not None:
            self.unreadable = self._hints.count_unused()

    def _new_messages(self) -> Iterator[tuple[Message, CameraTopics | None]]:
        """Yield each message of the window, and the camera if it is one of its images.

        Messages before the window and those of an earlier run are read only for what later frames need of them. What
        still holds at the beginning of the window is passed on.
        """
        before, began = BeforeStart(), False
        messages = self._opened.bag.messages(stop_ns=self._opened.stop_ns)
        for message in messages if self._hints is None else self._hints.heard(messages):
            self._number += 1
            if message.topic in self._infos:
                self._infos[message.topic] = message.data
            if message.time_ns < self._opened.start_ns:
                before.add(message)
                continue
            if not began:
                self._pass_on_held(before)
            began = True
            self._images[message.topic] += 1
            if self._number > self._done:
                yield message, self._cameras.get(message.topic)
        if not began:
            self._pass_on_held(before)

    def _pass_on_held(self, before: BeforeStart) -> None:
        """Pass on what holds at the beginning of the window, unless an earlier run has done so."""
        if self._number > self._done:
            for held in before.messages():
                self._pass_on(held._replace(time_ns=self._opened.start_ns))

    def _commit(self) -> None:
        for processor in self._processors.values():
            processor.forget()  # a run that resumes here must give the same answers
        progress = {"messages": max(self._number, self._done), "frames": self.frames}
        self._writer.commit({**progress, "rejected": dict(self.rejected), "hints": dict(self.hints)})

    def _pass_on(self, message: Message) -> None:
        topics = self._job.topics
        if message.topic not in self._computed and (topics is None or message.topic in topics):
            self._writer.write(message.topic, message.kind, message.time_ns, message.data, message.connection)

    def _process(self, camera: CameraTopics, message: Message) -> None:
        result = self._result(camera, message)
        if isinstance(result, Problem):
            self.rejected[result.reason] += 1
            if self.rejected[result.reason] == 1:  # the first is logged; all are counted
                logger.warning("%s at %d ns: %s: %s", message.topic, message.time_ns, result.reason, result)
            return
        for name, out in result.messages:
            self._writer.write(camera.output(name), OUTPUTS[name].type, message.time_ns, serialize(out))
        self.frames += 1
        if (use := result.hints) is None:
            return
        for name, given in use.sources.items():
            why = use.why_none(name)
            self.hints[name] += given.hints is not None and not why
            if why and (name, without_numbers(why)) not in self._told:  # the first of its kind is logged
                self._told.add((name, without_numbers(why)))
                logger.warning("%s at %d ns has no hints of %s: %s", message.topic, message.time_ns, name, why)

    def _told_info(self, image: AnyImage) -> CameraInfo | None:
        """Return the camera_info that the caller told, None if nothing was told. Raises InputError."""
        if self._job.cameras is None:
            return None
        try:
            width, height = size_of(image)
        except InputError:  # the frame processor refuses the image and says why
            width, height = 0, 0
        if not (width and height):
            return CameraInfo()
        info = info_from_camera(self._job.cameras(width, height).camera)
        info.header = image.header
        return info

    def _result(self, camera: CameraTopics, message: Message) -> Processed | Problem:
        """Return the answer of the frame processor, which makes all messages that are switched on."""
        data = self._infos.get(camera.info)
        try:
            image = deserialize(message.data, message_class(message.kind))
            info = self._told_info(image) if data is None else deserialize(data, CameraInfo)
        except InputError as error:
            return Problem("bad camera_info", error.text, error.remedy)
        except ValueError as error:
            return Problem("bad message", str(error), "check the recorder and the storage of the bag")
        capture = Capture(image, info, arrived_s=0.0)
        return self._processors[camera.image](capture, self._configs[camera.image], lambda _: True)
